"""The whole product as `make run` starts it, on free ports and in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

READY = "Ctrl-C stops everything."
START_SECONDS = 400
REPLY_SECONDS = 40
PORTS = ("CHEWIE_GRPC_PORT", "CHEWIE_GATEWAY_PORT", "CHEWIE_PHONE_PORT", "CHEWIE_METRICS_PORT")


class RunningDemo:
    """A `make run` under test: its process, its addresses, what it printed."""

    def __init__(self, folder: Path, *options: str, environment: dict[str, str] | None = None):
        self.folder = folder
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        given = {name: str(port) for name, port in self.ports.items()}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demo.run", *options],
            env={**os.environ, **given, "CHEWIE_RUN_DIR": str(folder), **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    @property
    def phone_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['CHEWIE_PHONE_PORT']}"

    @property
    def grpc_target(self) -> str:
        return f"127.0.0.1:{self.ports['CHEWIE_GRPC_PORT']}"

    def wait_ready(self) -> RunningDemo:
        wait_for(lambda: READY in self.output or self.process.poll() is not None, START_SECONDS)
        assert READY in self.output, self.output
        return self

    def stop(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        self._reader.join(timeout=10)
        return code

    def say(self, text: str, *, number: str, channel: str = "sms", replies: int = 1) -> list[str]:
        """Text from a number; the bodies of the replies to it, once there are as many."""
        before = len(self.replies(number, channel))
        values = {"number": number, "channel": channel, "text": text}
        self.call("/phone/messages", values)
        wait_for(lambda: len(self.replies(number, channel)) >= before + replies, REPLY_SECONDS)
        return self.replies(number, channel)[before:]

    def replies(self, number: str, channel: str) -> list[str]:
        query = urllib.parse.urlencode({"number": number, "channel": channel})
        thread = self.call(f"/phone/thread?{query}")
        return [message["body"] for message in thread["messages"] if not message["mine"]]

    def inference(self, wish: str | None = None) -> str:
        answer = self.call("/phone/inference", {"wish": wish} if wish else None)
        return str(answer["state"])

    def call(self, path: str, values: dict[str, Any] | None = None) -> Any:
        data = None if values is None else json.dumps(values).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.phone_url + path, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def processes(self) -> list[int]:
        """Living processes that were given this run's folder or keep their data in it."""
        mark = str(self.folder).encode()
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if belongs(path, mark)]


def belongs(process: Path, mark: bytes) -> bool:
    if int(process.name) == os.getpid():
        return False
    try:
        command = (process / "cmdline").read_bytes()
        return bool(command) and (mark in command or mark in (process / "environ").read_bytes())
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so within {seconds:.0f} s"
        time.sleep(0.1)


@contextmanager
def run_folder() -> Iterator[Path]:
    """A folder that Postgres' own user can reach, unlike pytest's when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="chewie-e2e-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def demo() -> Iterator[RunningDemo]:
    """One start of everything, the real engine included, shared by all tests of this folder."""
    with run_folder() as folder:
        running = RunningDemo(folder)
        try:
            yield running.wait_ready()
        finally:
            running.stop()


@pytest.fixture
def start_demo() -> Iterator[Callable[..., RunningDemo]]:
    """Starts demos by the rules alone, all in one folder, and stops what is left of them."""
    with run_folder() as folder:
        started: list[RunningDemo] = []

        def start(*options: str, **environment: str) -> RunningDemo:
            running = RunningDemo(folder, "--engine", "none", *options, environment=environment)
            started.append(running)
            return running

        yield start
        for running in started:
            running.stop()
