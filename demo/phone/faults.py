"""Errors on demand: what the network shall do wrong, to whom, how often. Decides, does not act."""

import random
import threading
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """Each way the provider is known to fail its customers."""

    # the request is refused, nothing is stored
    TOO_MANY_REQUESTS = "429"
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    OPTED_OUT = "21610"
    DROP = "drop"
    # the request is taken, the caller does not learn it (or learns it late)
    SLOW = "slow"
    ACCEPT_THEN_500 = "accept_then_500"
    ACCEPT_THEN_DROP = "accept_then_drop"
    # what happens to the message, and what is told of it
    UNDELIVERED = "undelivered"
    LATE_DELIVERY = "late_delivery"
    DUPLICATE_CALLBACKS = "duplicate_callbacks"
    REORDERED_CALLBACKS = "reordered_callbacks"
    LOST_CALLBACKS = "lost_callbacks"
    # the way in
    DUPLICATE_WEBHOOK = "duplicate_webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: `times` uses (None: until cleared), each with `probability`, for all or for `to`.

    `seconds` is the wait of SLOW and LATE_DELIVERY; `error_code` the cause that UNDELIVERED names.
    """

    kind: FaultKind
    times: int | None = 1
    probability: float = 1.0
    to: str | None = None
    seconds: float = 0.0
    error_code: int = 30003

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise ValueError(f"times must be at least 1 or null, got {self.times}")
        if not 0 < self.probability <= 1:
            raise ValueError(f"probability must be above 0 and at most 1, got {self.probability}")
        if not 0 <= self.seconds <= 600:
            raise ValueError(f"seconds must be between 0 and 600, got {self.seconds}")


class Faults:
    """The faults that stand now; `take` uses one up."""

    MAX_ACTIVE = 100

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._active: list[tuple[Fault, int | None]] = []
        self._taken: Counter[FaultKind] = Counter()
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let a fault stand from now on."""
        with self._lock:
            if len(self._active) >= self.MAX_ACTIVE:
                raise ValueError(f"at most {self.MAX_ACTIVE} faults can stand at a time")
            self._active.append((fault, fault.times))

    def take(self, to: str, *kinds: FaultKind) -> Fault | None:
        """The first standing fault of these kinds that hits this address now, if any."""
        with self._lock:
            for index, (fault, left) in enumerate(self._active):
                if fault.kind not in kinds or fault.to not in (None, to):
                    continue
                if self._random.random() >= fault.probability:
                    continue
                self._use(index, fault, left)
                return fault
        return None

    def _use(self, index: int, fault: Fault, left: int | None) -> None:
        self._taken[fault.kind] += 1
        if left == 1:
            del self._active[index]
        elif left is not None:
            self._active[index] = (fault, left - 1)

    def clear(self) -> None:
        """Work normally again."""
        with self._lock:
            self._active.clear()

    def active(self) -> list[Fault]:
        """What stands now."""
        with self._lock:
            return [fault for fault, _ in self._active]

    def taken(self) -> dict[FaultKind, int]:
        """How often each kind has struck."""
        with self._lock:
            return dict(self._taken)
