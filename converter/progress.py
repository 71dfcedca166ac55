"""Tells how far a long run is: bytes, rate and time left, on a terminal; nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic
from typing import Protocol, TextIO

REDRAW_SECONDS = 0.2


class Progress(Protocol):
    """Whoever wants to know how many bytes are done."""

    def start(self, label: str, total_bytes: int) -> None:
        """A new run of `total_bytes` begins."""

    def advance(self, done_bytes: int) -> None:
        """`done_bytes` more are done."""

    def finish(self) -> None:
        """The run is over, well or not."""


class Quiet:
    """Says nothing: for pipes, logs and callers in Python."""

    def start(self, label: str, total_bytes: int) -> None:
        """Nothing."""

    def advance(self, done_bytes: int) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""


class TerminalLine:
    """One line that redraws itself a few times a second."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._label, self._total, self._done = "", 0, 0
        self._began = self._drawn = 0.0

    def start(self, label: str, total_bytes: int) -> None:
        """Begins a new line."""
        self._label, self._total, self._done = label, total_bytes, 0
        self._began, self._drawn = self._clock(), float("-inf")

    def advance(self, done_bytes: int) -> None:
        """Counts, and redraws if the last drawing is old enough."""
        self._done += done_bytes
        now = self._clock()
        if now - self._drawn >= REDRAW_SECONDS or self._done >= self._total:
            self._drawn = now
            line = progress_line(self._label, self._done, self._total, now - self._began)
            self._stream.write(f"\r\x1b[K{line}")
            self._stream.flush()

    def finish(self) -> None:
        """Ends the line."""
        self._stream.write("\n")
        self._stream.flush()


def progress_line(label: str, done: int, total: int, seconds: float) -> str:
    """`copying 3.2 of 7.8 GB, 41%, 480 MB/s, 10 s left`; sizes in decimal units."""
    rate = done / seconds if seconds > 0 else 0.0
    left = f"{(total - done) / rate:.0f} s left" if rate else "starting"
    share = 100 * done // total if total else 100
    return (
        f"{label} {done / 1e9:.1f} of {total / 1e9:.1f} GB, {share}%, {rate / 1e6:.0f} MB/s, {left}"
    )


def progress_for(stream: TextIO = sys.stderr) -> Progress:
    """A line if `stream` is a terminal, silence otherwise."""
    return TerminalLine(stream) if stream.isatty() else Quiet()
