"""The worker process: runs the queue's jobs, and beside them the chores that lose nothing."""

from __future__ import annotations

import asyncio
import contextlib

import structlog
from procrastinate import App
from prometheus_client import start_http_server

from gateway.chores import Chore, chores_of
from gateway.jobs import queue_app
from gateway.rescue import rescue_stalled
from gateway.settings import Settings
from gateway.wiring import Gateway

log = structlog.get_logger("gateway.worker")


def drain_seconds(settings: Settings) -> float:
    """How long running jobs have to end after SIGTERM; a pod's grace must exceed it."""
    return settings.assess_deadline_seconds + 10


def run_worker(gateway: Gateway) -> None:
    """Runs until SIGINT or SIGTERM; running jobs end first."""
    bind = gateway.settings.worker_metrics_bind
    if bind:
        host, _, port = bind.rpartition(":")
        start_http_server(int(port), addr=host or "127.0.0.1")
    asyncio.run(_run(gateway))


async def _run(gateway: Gateway) -> None:
    settings = gateway.settings
    app = queue_app(gateway)
    async with app.open_async():
        beside = [asyncio.create_task(_rescue_for_ever(app, settings.stalled_seconds))]
        beside += [asyncio.create_task(_for_ever(gateway, chore)) for chore in chores_of(gateway)]
        try:
            await app.run_worker_async(
                concurrency=settings.worker_concurrency,
                fetch_job_polling_interval=1.0,
                delete_jobs="successful",
                update_heartbeat_interval=min(5.0, settings.stalled_seconds / 3),
                stalled_worker_timeout=settings.stalled_seconds,
                shutdown_graceful_timeout=drain_seconds(settings),
            )
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


async def _rescue_for_ever(app: App, stalled_seconds: float) -> None:
    while True:
        with contextlib.suppress(asyncio.TimeoutError):
            try:
                await rescue_stalled(app, stalled_seconds)
            except Exception as error:  # noqa: BLE001 - the loop must outlive a database that is away
                log.error("rescue_failed", error=type(error).__name__)
        await asyncio.sleep(max(1.0, stalled_seconds / 3))


async def _for_ever(gateway: Gateway, chore: Chore) -> None:
    while True:
        await asyncio.sleep(chore.every_seconds)
        try:
            await asyncio.to_thread(chore.run, gateway)
        except Exception as error:  # noqa: BLE001 - likewise; the next round tries again
            log.error("chore_failed", chore=chore.name, error=type(error).__name__)
