"""The subcommands of `chewie-gateway`: parses arguments and calls one use case each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.exc import OperationalError

from gateway.logs import configure_logs
from gateway.migrate import migrate
from gateway.settings import Settings, settings_from
from gateway.wiring import wire

Command = Callable[[Settings, argparse.Namespace], int]


def run_command(arguments: Sequence[str]) -> int:
    """Runs one subcommand; its exit status."""
    options = _parser().parse_args(arguments)
    configure_logs()
    settings = settings_from()
    try:
        return COMMANDS[options.command](settings, options)
    except OperationalError:
        sys.stderr.write("The database does not answer: check CHEWIE_GATEWAY_DATABASE_URL.\n")
        return 1


def _web(settings: Settings, _: argparse.Namespace) -> int:
    from gateway.web import run_web

    run_web(settings)
    return 0


def _worker(settings: Settings, _: argparse.Namespace) -> int:
    from gateway.worker import run_worker

    gateway = wire(settings, pool_size=settings.worker_concurrency + 4)
    try:
        run_worker(gateway)
    finally:
        gateway.close()
    return 0


def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    gateway = wire(settings)
    _say(f"The schema is at {migrate(gateway.engine)}.")
    gateway.close()
    return 0


COMMANDS: Mapping[str, Command] = {"web": _web, "worker": _worker, "migrate": _migrate}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chewie-gateway", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("web", help="serve the webhooks")
    commands.add_parser("worker", help="answer messages, send replies, ask follow-ups")
    commands.add_parser("migrate", help="bring the database's schema up to date")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
