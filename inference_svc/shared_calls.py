"""Idempotent request ids: a repeat joins the call under way or gets the same answer again.

Kept in memory for a window, per caller. Failures are not kept, so that a retry is a new try.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from inference_svc.errors import FieldError, invalid

T = TypeVar("T")


@dataclass(slots=True)
class _Call(Generic[T]):
    task: asyncio.Task[T]
    body_digest: bytes
    waiters: int = 0
    kept_until: float = float("inf")


class SharedCalls(Generic[T]):
    """Runs work once per (caller, request id). Work that nobody waits for any more is cancelled."""

    def __init__(
        self, *, window_seconds: float, clock: Callable[[], float], max_kept: int = 10_000
    ) -> None:
        self._max_kept = max_kept
        self._window_seconds = window_seconds
        self._clock = clock
        self._calls: dict[tuple[str, str], _Call[T]] = {}

    def holds(self, caller: str, request_id: str) -> bool:
        """Whether a call of this id is under way or answered, so that a repeat needs no work."""
        return (caller, request_id) in self._calls

    async def run(
        self,
        *,
        caller: str,
        request_id: str,
        body: bytes,
        work: Callable[[], Coroutine[Any, Any, T]],
    ) -> T:
        """Return the work's result; an empty `request_id` is never shared.

        Raises INVALID_ARGUMENT when the id was used with another body within the window.
        """
        key = (caller, request_id) if request_id else None
        call = self._known(key, hashlib.sha256(body).digest()) if key else None
        if call is None:
            call = self._start(key, hashlib.sha256(body).digest(), work)
        call.waiters += 1
        try:
            return await asyncio.shield(call.task)
        finally:
            call.waiters -= 1
            if not call.waiters and not call.task.done():
                self._forget(key, call)
                call.task.cancel()

    def _known(self, key: tuple[str, str], digest: bytes) -> _Call[T] | None:
        self._forget_old()
        call = self._calls.get(key)
        if call is not None and call.kept_until <= self._clock():
            self._forget(key, call)
            return None
        if call is not None and call.body_digest != digest:
            raise invalid(
                FieldError(
                    field="request_id",
                    description="used before with another body; take a new id for a new request",
                )
            )
        return call

    def _start(
        self,
        key: tuple[str, str] | None,
        digest: bytes,
        work: Callable[[], Coroutine[Any, Any, T]],
    ) -> _Call[T]:
        call = _Call(task=asyncio.create_task(work()), body_digest=digest)
        if key is not None:
            self._calls[key] = call
        call.task.add_done_callback(lambda task: self._ended(key, call))
        return call

    def _ended(self, key: tuple[str, str] | None, call: _Call[T]) -> None:
        # Asking for the exception marks it as seen when every waiter has left already.
        if call.task.cancelled() or call.task.exception() is not None:
            self._forget(key, call)
        call.kept_until = self._clock() + self._window_seconds

    def _forget(self, key: tuple[str, str] | None, call: _Call[T]) -> None:
        if key is not None and self._calls.get(key) is call:
            del self._calls[key]

    def _forget_old(self) -> None:
        # Calls stand in the order of their start and each ends by its deadline, so that the oldest
        # tells enough: no scan over all that is kept.
        now = self._clock()
        while self._calls:
            key, oldest = next(iter(self._calls.items()))
            full = len(self._calls) > self._max_kept
            if not oldest.task.done() or (oldest.kept_until > now and not full):
                break
            del self._calls[key]
