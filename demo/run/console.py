"""What a person sees while the demo starts: steps with time, on a terminal or in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Steps:
    """Numbered steps. A terminal sees the seconds run; a log sees one line a step."""

    total: int
    position: int = 0
    terminal: bool = field(default_factory=sys.stdout.isatty)

    @contextmanager
    def step(self, what: str) -> Iterator[Step]:
        """Announce a step, and its time when it is done."""
        self.position += 1
        step = Step(f"[{self.position}/{self.total}] {what}", self.terminal)
        step.tick(0.0)
        yield step
        step.done()


@dataclass(slots=True)
class Step:
    """One step under way; `note` is said when it is done."""

    what: str
    terminal: bool
    note: str = ""
    began: float = field(default_factory=time.monotonic)

    def tick(self, seconds: float) -> None:
        """Show how long it has taken so far."""
        if self.terminal:
            print(f"\r\033[K{self.what} ... {seconds:.0f} s", end="", flush=True)

    def done(self) -> None:
        """Say that it is done, and how long it took."""
        taken = time.monotonic() - self.began
        start = "\r\033[K" if self.terminal else ""
        note = f" ({self.note})" if self.note else ""
        print(f"{start}{self.what}: done in {taken:.1f} s{note}", flush=True)
