"""The global rate limit, shared between replicas through the database.

The limit of one sender is counted from the inbox itself, when its messages are handled.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert as pg_insert

from gateway.settings import Settings
from gateway.tables import rate_window

SHARDS = 16  # one counter row would make all webhooks wait for each other


def too_many_altogether(connection: Connection, settings: Settings, now: datetime) -> bool:
    """Counts one message in the current minute; True once the minute is full."""
    minute = now.replace(second=0, microsecond=0)
    subject = b"global-%d" % random.randrange(SHARDS)  # noqa: S311 - spreads load, guards nothing
    statement = pg_insert(rate_window).values(subject=subject, window_start=minute, count=1)
    mine = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["subject", "window_start"], set_={"count": rate_window.c.count + 1}
        ).returning(rate_window.c.count)
    ).scalar_one()
    # Only a shard that is full by itself is worth the look at all of them.
    if mine * SHARDS <= settings.global_messages_per_minute // 2:
        return False
    total = connection.execute(
        select(func.sum(rate_window.c.count)).where(rate_window.c.window_start == minute)
    ).scalar_one()
    return bool(total > settings.global_messages_per_minute)


def forget_old_windows(connection: Connection, now: datetime) -> int:
    """Removes counters that no longer count; how many."""
    gone = connection.execute(
        delete(rate_window).where(rate_window.c.window_start < now - timedelta(hours=1))
    )
    return gone.rowcount
