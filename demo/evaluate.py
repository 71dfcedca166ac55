"""`make evaluate`: all arms of the evaluation over the demo model, into the README's table.

Converts the demo checkpoint, starts the inference service alone on free ports, measures, stops it.
The demo model is not MedGemma; the table says so.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from demo.run import environment
from demo.run.health import serves
from demo.run.model import converted_model
from demo.run.part import Part, wait_until_ready
from demo.run.settings import ROOT, RunError, RunSettings, settings_from
from inference_svc.evaluation_table import main as measure

README = ROOT / "README.md"
ENGINE_SECONDS = 300.0


def free_port() -> int:
    """A port of the loopback that nobody holds now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def service(settings: RunSettings, model: Path, port: int) -> Part:
    """The inference service with the demo model, and nothing else."""
    given = environment.inference(settings, model)
    ports = {"CHEWIE_INFERENCE_PORT": str(port), "CHEWIE_INFERENCE_METRICS_PORT": "0"}
    return Part(
        name="inference",
        command=[sys.executable, "-m", "inference_svc"],
        environment=environment.inherited(settings, os.environ) | given | ports,
        log=settings.folder / "logs" / "evaluate.log",
        is_ready=lambda: serves(port),
    )


def main() -> int:
    """Measure and write the table; 2 when the service does not come up."""
    settings = settings_from(engine="vllm")
    settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = settings.folder / "logs" / "converter.log"
    try:
        model, _ = converted_model(settings.checkpoint, settings.folder, log)
        port = free_port()
        part = service(settings, model, port)
        part.start()
        try:
            print("starting the inference service with the demo model", file=sys.stderr, flush=True)
            wait_until_ready(part, timeout_seconds=ENGINE_SECONDS)
            return measure(["--target", f"127.0.0.1:{port}", "--write", str(README)])
        finally:
            part.stop()
    except RunError as problem:
        print(problem, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
