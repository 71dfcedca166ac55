"""How much waits and since when, as gauges for alerts: every worker measures the same database."""

from __future__ import annotations

from sqlalchemy import func, select

from gateway import metrics
from gateway.tables import inbox
from gateway.wiring import Gateway


def measure_backlog(gateway: Gateway) -> int:
    """Sets the gauges of messages that nobody has handled yet; how many there are."""
    waiting = select(func.count(), func.min(inbox.c.received_at)).where(
        inbox.c.handled_at.is_(None)
    )
    with gateway.engine.begin() as connection:
        count, oldest = connection.execute(waiting).one()
    age = (gateway.now() - oldest).total_seconds() if oldest else 0.0
    metrics.WAITING.set(count)
    metrics.OLDEST_WAITING_SECONDS.set(max(0.0, age))
    return int(count)
