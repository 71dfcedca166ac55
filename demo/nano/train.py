"""`make demo-model`: train the nano checkpoint from its seed, write it, measure it.

Under an hour on two cores. Needs nothing but this repository.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from demo.nano import measure
from demo.nano.checkpoint import FOLDER, write_checkpoint, write_mark
from demo.nano.training import Plan, Trained, train
from inference_svc.identity import trained_on

NAME = "chewie-nano-demo"


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, write, measure."""
    parser = argparse.ArgumentParser(description="Train the nano checkpoint.")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write")
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--steps", type=int, default=Plan().steps)
    parser.add_argument(
        "--without-measure", action="store_true", help="measure later: python -m demo.nano.measure"
    )
    chosen = parser.parse_args(arguments)
    plan = replace(Plan(), seed=chosen.seed, steps=chosen.steps)
    write(train(plan), plan, chosen.out)
    if not chosen.without_measure:
        measure.record(chosen.out, measure.measure(chosen.out))


def write(trained: Trained, plan: Plan, folder: Path) -> None:
    """Write the whole checkpoint with its mark; numbers of a measurement come later."""
    write_checkpoint(trained.model, trained.tokenizer, plan.sizes, folder)
    write_mark(folder, mark_of(trained, plan))


def mark_of(trained: Trained, plan: Plan) -> dict[str, Any]:
    """`chewie.json`: that it is a demo, and what it was trained on."""
    return {
        "demo": True,
        "name": NAME,
        "notice": "Trained on made-up cases. It is not MedGemma and not for care.",
        **trained_on(),
        "seed": plan.seed,
        "trained": {
            "steps": plan.steps,
            "batch_rows": plan.batch_rows,
            "examples": trained.examples,
            "final_loss": trained.final_loss,
            "parameters": trained.parameters,
            "seconds": trained.seconds,
        },
    }


if __name__ == "__main__":
    main()
