"""The global rate limit, shared between replicas through the database.

The limit of one sender is counted from the inbox itself, when its messages are handled.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete
from sqlalchemy.dialects.postgresql import insert as pg_insert

from gateway.tables import rate_window

SUBJECT = b"global"


class GlobalLimit:
    """Counts the messages of a minute. One for each web process.

    A process tells the database of its messages by the batch, a hundredth of the limit at most:
    one row that every webhook wrote would make them all wait for each other.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._batch = max(1, min(20, per_minute // 100))
        self._lock = threading.Lock()
        self._minute: datetime | None = None
        self._untold = 0
        self._full = False

    def is_exceeded(self, engine: Engine, now: datetime) -> bool:
        """Counts one message; True once the minute is full for all processes together."""
        minute = now.replace(second=0, microsecond=0)
        with self._lock:
            if minute != self._minute:
                self._minute, self._untold, self._full = minute, 0, False
            if self._full:
                return True
            self._untold += 1
            if self._untold < self._batch:
                return False
            told, self._untold = self._untold, 0
        total = _count(engine, minute, told)
        if total <= self._per_minute:
            return False
        with self._lock:
            self._full = self._minute == minute
        return True


def _count(engine: Engine, minute: datetime, messages: int) -> int:
    """Adds to the minute's count; the count of all processes."""
    new = pg_insert(rate_window).values(subject=SUBJECT, window_start=minute, count=messages)
    with engine.begin() as connection:
        total: int = connection.execute(
            new.on_conflict_do_update(
                index_elements=["subject", "window_start"],
                set_={"count": rate_window.c.count + new.excluded.count},
            ).returning(rate_window.c.count)
        ).scalar_one()
    return total


def forget_old_windows(connection: Connection, now: datetime) -> int:
    """Removes counters that no longer count; how many."""
    gone = connection.execute(
        delete(rate_window).where(rate_window.c.window_start < now - timedelta(hours=1))
    )
    return gone.rowcount
