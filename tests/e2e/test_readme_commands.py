"""The README's commands that want a running demo, run against one."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import RunningDemo, wait_for

pytestmark = pytest.mark.engine
README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
ASK = [line for line in README.splitlines() if line.startswith(".venv/bin/chewie-ask")]


@pytest.mark.parametrize("command", ASK)
def test_chewie_ask_prints_an_assessment(demo: RunningDemo, command: str) -> None:
    words = shlex.split(command)
    program = Path(sys.executable).with_name("chewie-ask")
    run = subprocess.run(
        [program, "--target", demo.grpc_target, *words[1:]],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


def test_the_python_example_prints_the_urgency(demo: RunningDemo) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    code = blocks[0].replace("127.0.0.1:50051", demo.grpc_target)
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "URGENCY_EMERGENCY"


def test_the_service_is_stopped_and_started_by_command(demo: RunningDemo) -> None:
    assert ask(demo, "--stop-inference") == "inference service: stopped"
    assert ask(demo, "--start-inference").startswith("inference service: ")
    wait_for(lambda: demo.inference() == "running", 240)


def ask(demo: RunningDemo, wish: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "demo.run", wish],
        env={**os.environ, "CHEWIE_RUN_DIR": str(demo.folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()
