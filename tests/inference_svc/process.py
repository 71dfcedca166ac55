"""The service as a real process: `python -m inference_svc` on free ports, its log read as JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "CHEWIE_INFERENCE_"
DEFAULTS = {"ENGINE": "none", "DEMO": "true", "PORT": "0", "METRICS_PORT": "0"}


def environment(**settings: str) -> dict[str, str]:
    """This process's environment with the service's settings and no others of its prefix."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return kept | {PREFIX + name: value for name, value in {**DEFAULTS, **settings}.items()}


def run_command(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m inference_svc` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "inference_svc", *arguments],
        env=environment(**settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class ServiceProcess:
    """A running service. `start_seconds` bounds the wait for SERVING."""

    def __init__(self, *, start_seconds: float = 60, **settings: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.other_lines: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "inference_svc"],
            env=environment(**settings),
            cwd=ROOT,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.serving = self.wait_for("SERVING", seconds=start_seconds)
        except BaseException:
            self.kill()
            raise
        self.target = f"127.0.0.1:{self.serving['port']}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_for(self, event: str, *, seconds: float) -> dict[str, Any]:
        """Return the first log line of that event; fail with the log when it does not come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for line in list(self.events):
                if line["event"] == event:
                    return line
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        log = "\n".join([*map(str, self.events), *self.other_lines][-40:])
        raise AssertionError(f"no {event!r} (exit {self._process.poll()}):\n{log}")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ended(self, *, seconds: float = 30) -> int:
        """Wait for the end; return the exit code."""
        code = self._process.wait(seconds)
        self._reader.join(5)
        return code

    def kill(self) -> None:
        """End the process and what it started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
        self._reader.join(5)
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            try:
                self.events.append(json.loads(line))
            except ValueError:
                self.other_lines.append(line.rstrip())


@contextmanager
def running(*, start_seconds: float = 60, **settings: str) -> Iterator[ServiceProcess]:
    """A service that is killed at the end if it still runs."""
    process = ServiceProcess(start_seconds=start_seconds, **settings)
    try:
        yield process
    finally:
        process.kill()
