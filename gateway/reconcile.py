"""Takes in what a webhook missed: compares the provider's list of messages with what was seen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import structlog

from gateway import metrics
from gateway.inbound import InboundMessage
from gateway.queue import enqueue_read_first
from gateway.store import inbox
from gateway.wiring import Gateway

FIRST = datetime.min.replace(tzinfo=UTC)
log = structlog.get_logger("gateway.reconcile")


def reconcile(gateway: Gateway, *, hours_back: float | None = None) -> int:
    """Stores every message of the last hours that is not known; how many. Raises SendError."""
    hours = gateway.settings.reconcile_hours_back if hours_back is None else hours_back
    since = gateway.now() - timedelta(hours=hours)
    missed = 0
    for message in _oldest_first(gateway.provider.received_since(since)):
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


def _oldest_first(newest_first: Iterable[InboundMessage]) -> list[InboundMessage]:
    """A conversation is taken in as it was written; the provider's times have whole seconds."""
    messages = list(newest_first)[::-1]
    messages.sort(key=lambda message: message.sent_at or FIRST)
    return messages
