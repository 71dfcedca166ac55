"""Limits of one caller: calls at a time, and calls per minute by a token bucket. Never waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from inference_svc.errors import exhausted

BURST_SECONDS = 10.0
"""A caller that was idle may spend this many seconds of its rate at once."""


@dataclass(slots=True)
class _Account:
    tokens: float
    at: float
    running: int = 0


class CallerLimits:
    """Keeps one small account per caller; callers are as many as the tokens file names."""

    def __init__(self, *, concurrent: int, per_minute: int, clock: Callable[[], float]) -> None:
        self._concurrent = concurrent
        self._per_second = per_minute / 60
        self._burst = max(1.0, self._per_second * BURST_SECONDS)
        self._clock = clock
        self._accounts: dict[str, _Account] = {}

    @contextmanager
    def call(self, caller: str) -> Iterator[None]:
        """Hold one of the caller's places. Raises RESOURCE_EXHAUSTED with RetryInfo."""
        account = self._refilled(caller)
        if account.running >= self._concurrent:
            raise exhausted(
                "CALLER_CONCURRENCY",
                f"more than {self._concurrent} calls of this caller at a time",
                retry_after_seconds=0.5,
            )
        if account.tokens < 1:
            raise exhausted(
                "CALLER_RATE",
                f"more than {self._per_second * 60:g} calls per minute of this caller",
                retry_after_seconds=(1 - account.tokens) / self._per_second,
            )
        account.tokens -= 1
        account.running += 1
        try:
            yield
        finally:
            account.running -= 1

    def _refilled(self, caller: str) -> _Account:
        now = self._clock()
        account = self._accounts.setdefault(caller, _Account(tokens=self._burst, at=now))
        earned = (now - account.at) * self._per_second
        account.tokens = min(self._burst, account.tokens + earned)
        account.at = now
        return account
