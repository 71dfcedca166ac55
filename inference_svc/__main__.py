"""`chewie-inference`: serve; `chewie-inference token …`: make a token; `--help`: all settings.

Ends with 0 after a drain, 1 when stopped by a second signal, 2 on a wrong setting or checkpoint or
an engine that does not start, 3 when the engine died.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from enum import IntEnum

import structlog
from prometheus_client import CollectorRegistry

from inference_svc.engine import Engine, EngineError, EngineStartError
from inference_svc.identity import CheckpointError, identify
from inference_svc.logs import configure_logs
from inference_svc.server import PortError, Service
from inference_svc.settings import (
    EngineKind,
    InferenceSettings,
    SettingsError,
    load_settings,
)
from inference_svc.settings_help import settings_table
from inference_svc.tls import TlsError
from inference_svc.tokens import Scope, TokensError, new_token
from inference_svc.tracing import start_tracing


class Exit(IntEnum):
    """How the process ends."""

    DRAINED = 0
    STOPPED = 1
    WRONG_SETTINGS = 2
    ENGINE_DEAD = 3


REFUSALS = (SettingsError, CheckpointError, EngineStartError, PortError, TlsError, TokensError)
"""What cannot be served as it is set; each is a sentence that says what to change."""


def main() -> None:
    """Entry point of the command."""
    arguments = _parser().parse_args()
    if arguments.command == "token":
        _print_token(arguments)
        return
    ended = _serve()
    sys.stderr.flush()
    # All is closed by now. Python's own way out takes torch and vLLM apart for seconds more, while
    # a supervisor waits and finalizers run into modules that are gone.
    os._exit(ended)


def _serve() -> Exit:
    try:
        settings = load_settings()
        configure_logs(settings.log_level)
        return asyncio.run(serve(settings))
    except REFUSALS as error:
        print(error, file=sys.stderr)
        return Exit.WRONG_SETTINGS


async def serve(settings: InferenceSettings) -> Exit:
    """Serve until a signal or the engine's death; return how it ended."""
    log = structlog.get_logger("service")
    identity = identify(settings)
    signals = _signals()
    engine = await _engine(settings, signals, log)
    tracing = start_tracing(settings.otlp_endpoint)
    service = Service(settings, identity, engine, engine_registries=_registries(engine))
    ended = Exit.STOPPED
    try:
        await service.start()
        log.info("warming_up", port=service.port)
        ended = await live(service, signals, log)
        return ended
    finally:
        await service.stop(0)
        if engine is not None:
            engine.shutdown(now=ended is Exit.STOPPED)
        if tracing is not None:
            tracing.shutdown()


async def live(
    service: Service, signals: asyncio.Queue[int], log: structlog.stdlib.BoundLogger
) -> Exit:
    """Warm up, serve, then drain at the first signal and stop at the second."""
    first = asyncio.create_task(signals.get())
    alive = asyncio.create_task(_warm_up_and_watch(service, log))
    try:
        await asyncio.wait({first, alive}, return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            await alive
            log.error("engine_dead")
            await service.give_up()
            return Exit.ENGINE_DEAD
        log.info("draining")
        drained = asyncio.create_task(service.drain())
        second = asyncio.create_task(signals.get())
        await asyncio.wait({drained, second}, return_when=asyncio.FIRST_COMPLETED)
        ended = Exit.DRAINED if drained.done() else Exit.STOPPED
        drained.cancel()
        second.cancel()
        log.info("stopped", exit=ended.name)
        return ended
    finally:
        first.cancel()
        alive.cancel()


async def _warm_up_and_watch(service: Service, log: structlog.stdlib.BoundLogger) -> None:
    try:
        await service.warm_up()
    except EngineError as error:
        log.error("warm_up_failed", error=type(error).__name__)
        return
    log.info(
        "SERVING",
        port=service.port,
        metrics_port=service.metrics_port,
        health_port=service.health_port or service.port,
    )
    await service.watch()


async def _engine(
    settings: InferenceSettings, signals: asyncio.Queue[int], log: structlog.stdlib.BoundLogger
) -> Engine | None:
    """Load the model in a thread, so that a signal is heard meanwhile."""
    if settings.engine is EngineKind.NONE:
        log.info("no_model", answers="by the rules alone")
        return None
    # Imported here: engine=none must start where no vLLM is installed.
    from inference_svc.vllm_engine import start_vllm

    log.info("loading_model", profile=settings.profile.value)
    loading = asyncio.create_task(asyncio.to_thread(start_vllm, settings))
    stopped = asyncio.create_task(signals.get())
    await asyncio.wait({loading, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not stopped.done():
        stopped.cancel()
        return await loading
    log.info("stopped", exit=Exit.DRAINED.name)
    for child in multiprocessing.active_children():
        child.kill()
    # The loading thread cannot be stopped, and nothing has been accepted that could be lost.
    os._exit(Exit.DRAINED)


def _registries(engine: Engine | None) -> list[CollectorRegistry]:
    if engine is None:
        return []
    from inference_svc.vllm_engine import vllm_registry

    return [vllm_registry()]


def _signals() -> asyncio.Queue[int]:
    arrived: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, arrived.put_nowait, number)
    return arrived


def _parser() -> argparse.ArgumentParser:
    rows = [
        f"  {name}\n      {meaning}" + (f" [{default}]" if default else "")
        for name, default, meaning in settings_table()
    ]
    parser = argparse.ArgumentParser(
        prog="chewie-inference",
        description="Serve triage over gRPC. Settings are environment variables.",
        epilog="settings, with defaults in brackets:\n" + "\n".join(rows),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command")
    token = commands.add_parser("token", help="make a bearer token and its line for the file")
    token.add_argument("--caller", required=True, help="name in logs and limits")
    token.add_argument(
        "--scopes", default="assess,info", help="of " + ", ".join(Scope) + " [assess,info]"
    )
    token.add_argument("--days", type=_days, help="days until it expires [never]")
    return parser


def _days(text: str) -> int:
    """At least one: 0 must not come to mean «never»."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text}")
    return int(text)


def _print_token(arguments: argparse.Namespace) -> None:
    expires = datetime.now(UTC) + timedelta(days=arguments.days) if arguments.days else None
    try:
        scopes = frozenset(Scope(name) for name in arguments.scopes.split(","))
        made = new_token(arguments.caller, scopes, expires)
    except (ValueError, TokensError) as error:
        sys.exit(f"{error}; scopes are {', '.join(Scope)}")
    print(f"token (shown once, for the caller): {made.token}")
    print(f"line (for CHEWIE_INFERENCE_TOKENS_FILE): {made.line}")


if __name__ == "__main__":
    main()
