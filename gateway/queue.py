"""Puts jobs into the queue, in the caller's transaction. Jobs carry ids only, never text.

The tasks themselves are in `jobs`; here are only their names and locks, so that the web process
needs to import nothing of the worker.
"""

from __future__ import annotations

from datetime import datetime

from procrastinate import App, SyncPsycopgConnector
from sqlalchemy import Connection

READ_FIRST = "gateway.read_first"
ANSWER = "gateway.answer"
WAKE_ANSWER = "gateway.wake_answer"
DELIVER = "gateway.deliver"
WAKE_DELIVERY = "gateway.wake_delivery"
REDACT = "gateway.redact"

# Never opened: a job goes in over the caller's own connection, or not at all.
_deferrer = App(connector=SyncPsycopgConnector())


def _defer(
    connection: Connection,
    task: str,
    *,
    lock: str | None = None,
    at: datetime | None = None,
    priority: int = 0,
    **ids: int,
) -> None:
    if lock is not None and at is not None:
        raise ValueError("a job with a lock must not wait: it would hold up every later one")
    raw = connection.connection.driver_connection
    _deferrer.configure_task(
        task, lock=lock, schedule_at=at, priority=priority, connection=raw
    ).defer(**ids)


def enqueue_read_first(connection: Connection, inbox_id: int) -> None:
    """The rules read one message at once, ahead of all other work."""
    _defer(connection, READ_FIRST, priority=10, inbox_id=inbox_id)


def enqueue_answer(connection: Connection, contact_id: int, *, at: datetime | None = None) -> None:
    """One conversation is answered, now or at a moment; one job of a conversation at a time."""
    if at is None:
        _defer(connection, ANSWER, lock=f"answer:{contact_id}", contact_id=contact_id)
    else:
        _defer(connection, WAKE_ANSWER, at=at, contact_id=contact_id)


def enqueue_delivery(
    connection: Connection, contact_id: int, *, at: datetime | None = None
) -> None:
    """What waits for one contact is sent in order, now or at a moment."""
    if at is None:
        _defer(connection, DELIVER, lock=f"deliver:{contact_id}", priority=5, contact_id=contact_id)
    else:
        _defer(connection, WAKE_DELIVERY, at=at, priority=5, contact_id=contact_id)


def enqueue_redaction(connection: Connection, outbox_id: int) -> None:
    """The provider's copies of a delivered reply and of what it answers are blanked."""
    _defer(connection, REDACT, priority=-5, outbox_id=outbox_id)
