"""`make run`: starts every part on this machine, prints the addresses, stops all on Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from demo.run.control import NotRunning, ask_inference
from demo.run.demo import CONSOLE_PASSWORD, CONSOLE_USER, Demo
from demo.run.settings import RunError, RunSettings, settings_from


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 stopped by the user, 1 a part failed, 2 it could not start."""
    options = _options(arguments)
    try:
        settings = settings_from(engine=options.engine)
        if options.wish:
            return _ask(settings, options.wish)
        return run(settings)
    except RunError as problem:
        print(problem, file=sys.stderr)
        return 2


def run(settings: RunSettings) -> int:
    """Start, print the addresses, watch until SIGINT or SIGTERM, stop."""
    stop = threading.Event()
    demo = Demo(settings)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _interrupt(stop))
    try:
        demo.start()
        print(addresses(settings), flush=True)
        demo.watch(stop)
    except _StoppedError:
        pass
    except RunError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if demo.started:
            print("\nstopping every part ...", flush=True)
            demo.stop()
            print("stopped; nothing is left running", flush=True)
    return 0


def addresses(settings: RunSettings) -> str:
    """What is where, for the person who ran it."""
    gateway = f"http://127.0.0.1:{settings.gateway_port}"
    return (
        "\nChewie runs. The demo's model is not MedGemma: not for care.\n"
        f"  phone    http://127.0.0.1:{settings.phone_port}   type a message here\n"
        f"  gateway  {gateway}   supervisor page: {gateway}/console\n"
        f"           (name «{CONSOLE_USER}», password in {settings.folder / CONSOLE_PASSWORD})\n"
        f"  gRPC     127.0.0.1:{settings.grpc_port}   chewie.triage.v1.TriageService\n"
        f"  logs     {settings.folder / 'logs'}\n"
        "Ctrl-C stops everything."
    )


class _StoppedError(Exception):
    """The user stopped the demo while it was starting or running."""


def _interrupt(stop: threading.Event) -> None:
    stop.set()
    raise _StoppedError


def _ask(settings: RunSettings, wish: str) -> int:
    try:
        print(f"inference service: {ask_inference(settings.folder, wish)}")
    except NotRunning as problem:
        print(f"{problem}; start it with `make run`", file=sys.stderr)
        return 2
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument(
        "--engine", choices=("vllm", "none"), default="vllm", help="none: the rules alone answer"
    )
    for wish in ("stop", "start"):
        parser.add_argument(
            f"--{wish}-inference",
            dest="wish",
            action="store_const",
            const=wish,
            help=f"{wish} the inference service of a running demo",
        )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
