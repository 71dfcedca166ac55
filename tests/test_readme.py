"""The README's commands are run, its links exist, and what runs elsewhere is said here."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

RUN_ELSEWHERE = {
    "make run": "tests/e2e, as python -m demo.run",
    "make test": "this run",
    "make check": ".ci/run; its parts in tests/test_project.py",
    "make stop-inference": "tests/e2e/test_readme_commands.py, as its recipe",
    "make start-inference": "tests/e2e/test_readme_commands.py, as its recipe",
}
NEEDS_THE_DEMO = ("chewie-ask",)
README = Path(__file__).resolve().parents[1] / "README.md"


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def runs_here(command: str) -> bool:
    return command not in RUN_ELSEWHERE and not any(name in command for name in NEEDS_THE_DEMO)


def in_this_environment(command: str) -> list[str]:
    words = shlex.split(command)
    if words[0].startswith(".venv/bin/"):
        words[0] = str(Path(sys.executable).parent / Path(words[0]).name)
    return words


@pytest.mark.parametrize("command", [c for c in commands() if runs_here(c)])
def test_command_of_the_readme_runs(root: Path, command: str) -> None:
    run = subprocess.run(
        in_this_environment(command), cwd=root, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_every_make_target_of_the_readme_exists(root: Path) -> None:
    named = set(re.findall(r"`?make ([a-z-]+)", README.read_text()))
    makefile = (root / "Makefile").read_text()
    missing = [name for name in named if not re.search(rf"^[a-z -]*\b{name}\b.*:", makefile, re.M)]
    assert missing == []


def test_every_link_of_the_readme_leads_to_a_file(root: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README.read_text())
    local = [target for target in targets if not target.startswith("http")]
    assert [target for target in local if not (root / target).exists()] == []


def test_every_anchor_of_the_readme_is_a_heading() -> None:
    text = README.read_text()
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings
