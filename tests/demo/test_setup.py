"""The set-up: what a failing pip is told as, and what is seen while it works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from demo.setup import ROOT, SENTENCES, explain, show


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full."),
        ("Temporary failure in name resolution", "The package index could not be reached."),
        ("IncompleteRead(1024 bytes read)", "A download was cut short."),
        ("zipfile.BadZipFile: File is not a zip file", "A download was cut short."),
        ("ERROR: No matching distribution found for x", "A pinned package has no build"),
    ],
)
def test_a_failing_pip_is_told_in_a_sentence_with_its_last_lines(line: str, says: str) -> None:
    told = explain(f"Collecting x\n{line}")
    assert told.startswith(says)
    assert told.endswith(line)


def test_an_unknown_failure_says_what_to_do() -> None:
    assert "Run the same command again" in explain("something else")


def test_every_sentence_says_what_to_do_or_what_is_needed() -> None:
    assert all(sentence.endswith(".") for _, sentence in SENTENCES)


def test_progress_is_told_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"Collecting package{number}\n" for number in range(80)]
    show("packages", 80, iter([*lines, "Installing collected packages: a, b\n"]))
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("packages: 40/80")
    assert told[-1] == "packages: done"


def test_an_old_python_is_refused_in_a_sentence(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import demo.setup as s; s.OLDEST = (9, 0)\n"
        "sys.argv = ['setup', 'run']; sys.exit(s.main())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ran.returncode == 2
    assert "make run PYTHON=" in ran.stderr
