"""Measures the nano checkpoint the whole way: converter, vLLM under the schema, safety net.

`python -m demo.nano.measure` prints the numbers and writes them into `chewie.json` and README.md.
Cases are fresh draws; the second set uses only frames and wordings that training never saw.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from clinical import apply_safety_net, assess_by_rules, read_case
from clinical.assessment import Assessment
from clinical.case import Case, Message
from clinical.evaluate.marked_block import write_block
from demo.nano.checkpoint import FOLDER, read_mark, write_mark
from demo.nano.examples import Example, draw_example
from demo.nano.readme import BEGIN, END, README, numbers_block
from demo.nano.scoring import Outcome, Scores, score
from demo.nano.wording import Split
from inference_svc.engine import Engine, GenerationRequest
from inference_svc.identity import identify
from inference_svc.output import ModelAnswer, Unusable, parse, to_assessment
from inference_svc.prompt import messages_for
from inference_svc.settings import load_settings
from inference_svc.vllm_engine import start_vllm

MEASURE_SEED = 77
CASES = 400
_AT_ONCE = 16
_MAX_OUTPUT_TOKENS = 320

TYPED = (
    "preg 34wks bad headache, sees spots, bp 170/115",
    "2yr old fitting and won't drink anything",
    "baby 5 days not breastfeeding hot",
    "child 3 yrs runny nose eats and plays",
    "diarrhoea 3 days drinks well no blood 2yo",
)
"""Messages as a newcomer may type them; none comes from the generator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedAnswer:
    """What the model alone, and the service, make of a typed message."""

    text: str
    model_urgency: str
    service_urgency: str
    condition: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All numbers of one checkpoint."""

    fresh: Scores
    held_out: Scores
    typed: tuple[TypedAnswer, ...]


def measure(folder: Path, *, cases: int = CASES) -> Measured:
    """Convert the checkpoint, start vLLM on it, and ask it `cases` cases of each set."""
    with tempfile.TemporaryDirectory(prefix="chewie-nano-") as work:
        converted = Path(work) / "text-only"
        subprocess.run(
            [sys.executable, "-m", "converter", str(folder), str(converted)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        settings = load_settings(model_path=converted, demo=True, max_running_requests=_AT_ONCE)
        identify(settings)
        engine = start_vllm(settings)
        try:
            return asyncio.run(_measured(engine, cases))
        finally:
            engine.shutdown()
            # Freed here and not at the interpreter's end, where vLLM's own clean-up fails loudly.
            del engine
            gc.collect()


async def _measured(engine: Engine, cases: int) -> Measured:
    return Measured(
        fresh=score(await _outcomes(engine, _drawn(Split.TRAIN, cases))),
        held_out=score(await _outcomes(engine, _drawn(Split.HELD_OUT, cases))),
        typed=tuple([await _typed(engine, text) for text in TYPED]),
    )


def served(case: Case, said: ModelAnswer | Unusable, language: str) -> Assessment:
    """What the service answers: the net over the model, or the rules when it was unusable."""
    if isinstance(said, Unusable):
        return assess_by_rules(case, language=language)
    return apply_safety_net(case, to_assessment(said), language=language)


def _drawn(split: Split, cases: int) -> list[Example]:
    rng = Random(f"{MEASURE_SEED}:{split}")
    return [draw_example(rng, split=split) for _ in range(cases)]


async def _outcomes(engine: Engine, examples: Sequence[Example]) -> list[Outcome]:
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int, example: Example) -> Outcome:
        async with places:
            model = await _ask(engine, example.case, example.language, f"drawn-{number}")
        final = served(example.case, model, example.language)
        return Outcome(expected=example.answer, model=model, final=final)

    return await asyncio.gather(*(one(n, example) for n, example in enumerate(examples)))


async def _typed(engine: Engine, text: str) -> TypedAnswer:
    case = Case(messages=(Message(text=text),))
    said = await _ask(engine, case, "en", "typed")
    final = served(case, said, "en")
    return TypedAnswer(
        text=text,
        model_urgency=said.urgency.name if isinstance(said, ModelAnswer) else said.reason.value,
        service_urgency=final.urgency.name,
        condition=final.conditions[0],
        summary=final.summary,
    )


async def _ask(engine: Engine, case: Case, language: str, name: str) -> ModelAnswer | Unusable:
    request = GenerationRequest(
        request_id=name,
        turns=messages_for(read_case(case, language=language).case, language),
        max_output_tokens=_MAX_OUTPUT_TOKENS,
    )
    text, reason = "", None
    async for piece in engine.generate(request):
        text, reason = text + piece.text, piece.finish_reason
    return parse(text, reason)


def record(folder: Path, measured: Measured) -> None:
    """Write the numbers into the checkpoint's mark, and the mark's numbers into README.md."""
    numbers = {
        "seed": MEASURE_SEED,
        "fresh": measured.fresh.as_numbers(),
        "held_out": measured.held_out.as_numbers(),
        "typed": [asdict(answer) for answer in measured.typed],
    }
    mark = {**read_mark(folder), "measured": numbers}
    write_mark(folder, mark)
    if folder.resolve() == FOLDER.resolve():
        write_block(README, numbers_block(mark), begin=BEGIN, end=END)
    print(numbers_block(mark))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure a checkpoint and record the numbers."""
    parser = argparse.ArgumentParser(description="Measure the nano checkpoint.")
    parser.add_argument("--checkpoint", type=Path, default=FOLDER)
    parser.add_argument("--cases", type=int, default=CASES, help="of each of the two sets")
    chosen = parser.parse_args(arguments)
    record(chosen.checkpoint, measure(chosen.checkpoint, cases=chosen.cases))


if __name__ == "__main__":
    main()
