"""Opens the database: one SQLAlchemy engine per process, made after fork. No queries here."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url


def engine_from(
    database_url: str,
    *,
    pool_size: int = 5,
    statement_seconds: float = 5,
    pre_ping: bool = True,
) -> Engine:
    """An engine that gives up quickly (2 s to connect) when Postgres is away.

    `pre_ping` asks each pooled connection whether it lives before it is used: one round trip.
    Parameters never appear in errors, since they hold sealed texts and keyed digests.
    """
    options = (
        f"-c statement_timeout={int(statement_seconds * 1000)}"
        " -c lock_timeout=4000 -c idle_in_transaction_session_timeout=30000"
    )
    return create_engine(
        make_url(database_url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=2,
        pool_timeout=2,
        pool_pre_ping=pre_ping,
        hide_parameters=True,
        # What was sent and is not acknowledged for so long is lost: a database that vanished from
        # the network must not hold a webhook until Twilio gives up on it.
        connect_args={"connect_timeout": 2, "tcp_user_timeout": 4_000, "options": options},
    )


def conninfo_from(database_url: str) -> str:
    """The same database as a libpq connection string, for the queue."""
    url = make_url(database_url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)
