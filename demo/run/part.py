"""One part of the demo as a process of its own: start, watch, stop with all its children."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demo.run.settings import ROOT, RunError

LEASH = Path(__file__).with_name("leash.py")
STOP_SECONDS = 12.0
"""After SIGTERM a part may drain so long; then SIGKILL."""
POLL_SECONDS = 0.1
TAIL_LINES = 8


@dataclass(slots=True, kw_only=True)
class Part:
    """A part: what it is called, how it starts, when it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    is_ready: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it in a process group of its own that dies with us."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(LEASH), *self.command],
                env=dict(self.environment),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def signal_stop(self) -> None:
        """Ask the part to end."""
        self._signal(signal.SIGTERM)

    def wait_stopped(self, deadline: float) -> None:
        """Wait until `deadline` (monotonic seconds), then kill what is left of its group."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        self._signal(signal.SIGKILL)  # the group: a part's own children may outlive it
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        """End the part and its children."""
        self.signal_stop()
        self.wait_stopped(time.monotonic() + STOP_SECONDS)

    def tail(self) -> str:
        """The last lines of its log."""
        if not self.log.is_file():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:])

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return


def wait_until_ready(
    part: Part, *, timeout_seconds: float, tick: Callable[[float], None] = lambda _: None
) -> None:
    """Wait for readiness, calling `tick` with the seconds so far. Raises `RunError` if it fails."""
    began = time.monotonic()
    while not part.is_ready():
        waited = time.monotonic() - began
        if not part.running:
            raise RunError(ended_sentence(part))
        if waited > timeout_seconds:
            raise RunError(
                f"{part.name} was not ready after {timeout_seconds:.0f} s; "
                f"see {part.log}. Its last lines:\n{part.tail()}"
            )
        tick(waited)
        time.sleep(POLL_SECONDS)


def ended_sentence(part: Part) -> str:
    """What is said of a part that ended by itself."""
    code = None if part.process is None else part.process.poll()
    return f"{part.name} ended with code {code}; see {part.log}. Its last lines:\n{part.tail()}"
