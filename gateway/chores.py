"""What the worker does at intervals. Each chore is safe to run in several workers at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from gateway import follow_up, limits
from gateway.backlog import measure_backlog
from gateway.console.accounts import forget_old_sessions
from gateway.reconcile import reconcile
from gateway.rescue import rescue_rows
from gateway.retention import remove_old_texts
from gateway.store import cases
from gateway.wiring import Gateway


@dataclass(frozen=True, slots=True)
class Chore:
    """A name, an interval in seconds, and what to do."""

    name: str
    every_seconds: float
    run: Callable[[Gateway], object]


def chores_of(gateway: Gateway) -> tuple[Chore, ...]:
    """All chores that the settings ask for."""
    minutes = gateway.settings.reconcile_minutes
    missed = (Chore("reconcile", minutes * 60, reconcile),) if minutes else ()
    return (
        *missed,
        Chore("backlog", 10, measure_backlog),
        Chore("retention", 3_600, remove_old_texts),
        Chore("rescue_rows", 30, rescue_rows),
        Chore("follow_up", 15, ask_due_follow_ups),
        Chore("close_cases", 60, close_expired_cases),
        Chore("forget_windows", 600, forget_old_windows),
    )


def ask_due_follow_ups(gateway: Gateway) -> int:
    """Asks what became of cases whose time has come."""
    with gateway.engine.begin() as connection:
        return follow_up.ask_due(gateway, connection, gateway.now())


def close_expired_cases(gateway: Gateway) -> int:
    """Closes cases that are idle or too old."""
    now, settings = gateway.now(), gateway.settings
    with gateway.engine.begin() as connection:
        return cases.close_expired_cases(
            connection,
            now - timedelta(minutes=settings.case_idle_minutes),
            now - timedelta(hours=settings.case_life_hours),
            now,
        )


def forget_old_windows(gateway: Gateway) -> int:
    """Removes old rate counters, and sessions of the supervisor page that ended by rest."""
    idle = timedelta(minutes=gateway.settings.console_session_minutes)
    with gateway.engine.begin() as connection:
        forget_old_sessions(connection, gateway.now(), idle)
        return limits.forget_old_windows(connection, gateway.now())
