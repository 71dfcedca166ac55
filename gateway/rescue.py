"""Takes up what a killed worker left: stalled jobs, and rows whose job is gone altogether."""

from __future__ import annotations

from datetime import timedelta

import structlog
from procrastinate import App

from gateway import metrics
from gateway.queue import enqueue_answer, enqueue_delivery
from gateway.store import inbox, outbox
from gateway.wiring import Gateway

LEFT_ALONE_SECONDS = 120  # after so long a row without progress has lost its job
log = structlog.get_logger("gateway.rescue")


async def rescue_stalled(app: App, stalled_seconds: float) -> int:
    """Puts jobs of workers without heartbeat back into the queue; how many.

    Without this a killed worker's job stays in `doing` for ever, and its lock holds the
    conversation.
    """
    stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=stalled_seconds))
    for job in stalled:
        await app.job_manager.retry_job(job)
        metrics.RESCUED.labels(what="job").inc()
    if stalled:
        log.warning("jobs_rescued", count=len(stalled))
    return len(stalled)


def rescue_rows(gateway: Gateway) -> int:
    """Gives a new job to messages and replies that wait without one; how many contacts."""
    now = gateway.now()
    patience = timedelta(seconds=LEFT_ALONE_SECONDS + gateway.settings.burst_cap_seconds)
    with gateway.engine.begin() as connection:
        unanswered = inbox.contacts_left_waiting(connection, now - patience)
        unsent = outbox.contacts_left_undelivered(connection, now - patience, now)
        for contact_id in unanswered:
            enqueue_answer(connection, contact_id)
        for contact_id in unsent:
            enqueue_delivery(connection, contact_id)
    metrics.RESCUED.labels(what="message").inc(len(unanswered))
    metrics.RESCUED.labels(what="reply").inc(len(unsent))
    return len(unanswered) + len(unsent)
