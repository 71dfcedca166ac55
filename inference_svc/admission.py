"""The bounded queue: how many assessments may be inside at once. Decides, never waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from inference_svc.engine import EngineOverloadedError


class Admission:
    """Places for running and waiting calls, and a reserve that only emergencies may take."""

    def __init__(self, *, places: int, emergency_reserve: int) -> None:
        self._places = places
        self._reserve = emergency_reserve
        self._taken = 0

    @property
    def taken(self) -> int:
        """Calls inside now."""
        return self._taken

    def require_place(self) -> None:
        """Raise `EngineOverloadedError` when there is no place now for what is no emergency."""
        if self._taken >= self._places:
            raise EngineOverloadedError

    @contextmanager
    def place(self, *, emergency: bool) -> Iterator[None]:
        """Hold a place. Raises `EngineOverloadedError` at once when there is none."""
        limit = self._places + (self._reserve if emergency else 0)
        if self._taken >= limit:
            raise EngineOverloadedError
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
