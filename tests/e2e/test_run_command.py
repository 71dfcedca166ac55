"""`make run` itself: what it says, that it stops all it started, that it recovers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import RunningDemo, wait_for

Start = Callable[..., RunningDemo]


def run_demo(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo.run", "--engine", "none"],
        env={**os.environ, "CHEWIE_RUN_DIR": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_taken_port_is_told_with_the_variable_that_changes_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run_demo(tmp_path, CHEWIE_PHONE_PORT=port)
    assert ended.returncode == 1
    assert f"Port {port} is taken, and the phone wants it" in ended.stderr
    assert "CHEWIE_PHONE_PORT=" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("port", ["phone", "0", "70000", ""])
def test_a_port_that_is_none_is_refused_in_a_sentence(tmp_path: Path, port: str) -> None:
    ended = run_demo(tmp_path, CHEWIE_GRPC_PORT=port)
    assert ended.returncode == 2
    assert "CHEWIE_GRPC_PORT: expected a port from 1 to 65535" in ended.stderr


def test_a_missing_checkpoint_is_told_with_what_to_do(tmp_path: Path) -> None:
    from demo.run.model import converted_model
    from demo.run.settings import RunError

    with pytest.raises(RunError, match="make demo-model"):
        converted_model(tmp_path / "none", tmp_path, tmp_path / "log")


def test_interrupt_stops_every_part_and_keeps_the_secrets_private(start_demo: Start) -> None:
    running = start_demo().wait_ready()
    assert len(running.processes()) >= 5
    secrets = running.folder / "secrets.json"
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert running.stop(signal.SIGINT) == 0
    assert "nothing is left running" in running.output
    assert running.processes() == []
    assert "Traceback" not in running.output


def test_a_killed_run_leaves_no_part_and_the_next_one_starts_in_its_folder(
    start_demo: Start,
) -> None:
    killed = start_demo().wait_ready()
    number = "+447700900201"
    killed.say("child 3 yrs runny nose eats and plays", number=number)
    killed.stop(signal.SIGKILL)
    parts = [pid for pid in killed.processes() if b"postgres" not in command_of(pid)]
    wait_for(lambda: not [pid for pid in parts if Path(f"/proc/{pid}/cmdline").exists()], 30)
    again = start_demo().wait_ready()
    assert again.say("2yr old fitting and won't drink anything", number=number)
    assert again.stop(signal.SIGTERM) == 0
    wait_for(lambda: again.processes() == [], 20)


def test_a_part_that_dies_ends_the_run_with_a_sentence(start_demo: Start) -> None:
    running = start_demo().wait_ready()
    phone = [pid for pid in running.processes() if b"demo.phone" in command_of(pid)]
    os.kill(phone[0], signal.SIGKILL)
    assert running.process.wait(timeout=60) == 1
    wait_for(lambda: "phone ended with code" in running.output, 20)
    wait_for(lambda: running.processes() == [], 20)


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
