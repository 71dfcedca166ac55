"""Takes in what a webhook missed: compares the provider's list of messages with what was seen."""

from __future__ import annotations

from datetime import timedelta

import structlog

from gateway import metrics
from gateway.queue import enqueue_read_first
from gateway.store import inbox
from gateway.wiring import Gateway

log = structlog.get_logger("gateway.reconcile")


def reconcile(gateway: Gateway, *, hours_back: float | None = None) -> int:
    """Stores every message of the last hours that is not known; how many. Raises SendError."""
    hours = gateway.settings.reconcile_hours_back if hours_back is None else hours_back
    since = gateway.now() - timedelta(hours=hours)
    missed = 0
    for message in gateway.provider.received_since(since):
        with gateway.engine.begin() as connection:
            if inbox.is_seen(connection, message):
                continue
            stored = inbox.store_inbound(connection, gateway.vault, message, gateway.now())
            if stored is not None:
                enqueue_read_first(connection, stored.inbox_id)
                missed += 1
    if missed:
        log.warning("messages_missed", count=missed)
        metrics.RESCUED.labels(what="missed").inc(missed)
    return missed
