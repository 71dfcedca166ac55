"""Brings the schema up to date: the queue's own schema, then Alembic's versions.

Safe to run twice, and by several starting pods at once: one of them works, the others wait.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, Engine, text

MIGRATION_LOCK = 0x43_48_45_57  # an arbitrary key for pg_advisory_xact_lock, «CHEW»


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's settings without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def migrate(engine: Engine) -> str:
    """Applies what is missing, in one transaction, and returns the revision reached."""
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SET LOCAL statement_timeout = '10min'"))
        connection.execute(text("SET LOCAL lock_timeout = '10min'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        # A version beside which an older one runs must not queue behind long readers.
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        if not _has_queue(connection):
            connection.exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
        command.upgrade(alembic_config(connection), "head")
        return current_revision(connection)


def current_revision(connection: Connection) -> str:
    """The revision the database is at; empty before the first migration."""
    return MigrationContext.configure(connection).get_current_revision() or ""


@cache
def head_revision() -> str:
    """The revision this code was written for."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


def _has_queue(connection: Connection) -> bool:
    found = connection.execute(text("SELECT to_regclass('procrastinate_jobs')")).scalar()
    return found is not None
