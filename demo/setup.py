"""Makes .venv with the pinned packages of a role: `python3 demo/setup.py run|test`.

Standard library only, since it runs before anything is installed. Does nothing when the last
set-up of the role was made from the same lists; a killed one is repaired on the next call.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / ".chewie-unfinished"
LISTS = {"run": ROOT / "demo/requirements.txt", "test": ROOT / "tests/requirements.txt"}
COVERED_BY = {"run": ("run", "test"), "test": ("test",)}
"""The roles whose finished set-up also serves a role: the test list holds all of the run list."""
OLDEST = (3, 11)
SECONDS_PER_LINE = 15
NEEDED_GIB = 7
TORCH = "torch==2.13.0+cpu"
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"

# What stands in pip's output, and what the user is told. The first that fits is taken.
SENTENCES = (
    (
        ("No space left on device", "Disk quota exceeded"),
        f"The disk is full. Chewie's packages need about {NEEDED_GIB} GB below {VENV}.",
    ),
    (
        ("name resolution", "NewConnectionError", "Network is unreachable", "ConnectTimeout"),
        "The package index could not be reached. Check the network (or the proxy), then run "
        "the same command again: what was fetched is kept.",
    ),
    (
        ("IncompleteRead", "BadZipFile", "is not a zip file", "DO NOT MATCH", "ReadTimeout"),
        "A download was cut short. Run the same command again: what was fetched is kept.",
    ),
    (
        ("No matching distribution", "Could not find a version"),
        "A pinned package has no build for this machine and Python. Chewie's CPU build is for "
        "Linux on x86-64 or arm64, Python 3.11 to 3.13.",
    ),
)
FIND_BROKEN = """
import importlib.metadata, sys
for found in importlib.metadata.distributions():
    files = found.files
    if files is None or not all(found.locate_file(name).exists() for name in files):
        print(found._path)
"""


class SetupError(Exception):
    """A set-up that cannot go on, in a sentence for the user."""


def main() -> int:
    """Set up the role named on the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=sorted(LISTS))
    role = parser.parse_args().role
    try:
        check_python()
        if not finished(role):
            set_up(role)
    except SetupError as problem:
        print(f"\nset-up stopped: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nset-up stopped; run the same command again to go on.", file=sys.stderr)
        return 130
    return 0


def check_python() -> None:
    """Refuse a Python that is too old or cannot make virtual environments."""
    if sys.version_info < OLDEST:
        raise SetupError(
            f"Python 3.11 or newer is needed, this one is {platform.python_version()}. "
            "Name another: make run PYTHON=/path/to/python3.12"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise SetupError(
            "this Python has no venv module. On Debian: apt-get install python3-venv"
        ) from None


def digest(role: str) -> str:
    """What a set-up of the role is made from: its list, the project file, the Python."""
    state = hashlib.sha256(sys.version.encode())
    for source in (LISTS[role], ROOT / "pyproject.toml"):
        state.update(source.read_bytes())
    return state.hexdigest()


def stamp(role: str) -> Path:
    """The file that a finished set-up of the role leaves."""
    return VENV / f".chewie-{role}"


def finished(role: str) -> bool:
    """Whether a set-up that serves the role was finished from the present lists."""
    return PYTHON.exists() and any(
        stamp(other).is_file() and stamp(other).read_text() == digest(other)
        for other in COVERED_BY[role]
    )


def set_up(role: str) -> None:
    """Make the environment and install the role's list; the stamp is written last."""
    make_environment()
    repair()
    UNFINISHED.touch()
    rows = [row for row in LISTS[role].read_text().splitlines() if row and row[0] != "#"]
    print(f"set-up: {len(rows) + 2} pinned packages into .venv (the first time takes minutes)")
    index = ["--retries", "0", "--extra-index-url", TORCH_INDEX]
    pip("PyTorch for the CPU", [*index, TORCH], packages=1)
    pip("packages", ["-r", str(LISTS[role])], packages=len(rows))
    pip("Chewie itself", ["--no-build-isolation", "-e", str(ROOT)], packages=1)
    UNFINISHED.unlink()
    stamp(role).write_text(digest(role))
    print("set-up: done")


def make_environment() -> None:
    """Make .venv, or make it anew when it belongs to another Python."""
    if PYTHON.exists() and version_of(PYTHON) == sys.version_info[:2]:
        return
    free_gib = shutil.disk_usage(ROOT).free / 2**30
    if free_gib < NEEDED_GIB:
        raise SetupError(
            f"{free_gib:.1f} GB are free below {ROOT}, about {NEEDED_GIB} GB are needed."
        )
    print(f"set-up: making .venv with Python {platform.python_version()}")
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise SetupError(f".venv could not be made: {(made.stdout + made.stderr).strip()[-400:]}")


def version_of(python: Path) -> tuple[int, ...]:
    """Major and minor version of an interpreter; empty when it does not start."""
    code = "import sys; print(*sys.version_info[:2])"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return tuple(map(int, answer.stdout.split()))


def repair() -> None:
    """After a killed install: forget half-installed packages, so that pip installs them again."""
    if not UNFINISHED.exists():
        return
    found = subprocess.run([PYTHON, "-c", FIND_BROKEN], capture_output=True, text=True, check=False)
    for folder in found.stdout.splitlines():
        print(f"set-up: {Path(folder).name} was left half installed; installing it again")
        shutil.rmtree(folder, ignore_errors=True)


def pip(what: str, arguments: list[str], *, packages: int) -> None:
    """Install with progress; a failure is told in a sentence, with pip's last lines."""
    command = [str(PYTHON), "-m", "pip", "install", "--no-deps", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--no-input", *arguments]
    last: deque[str] = deque(maxlen=12)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    ) as process:
        show(what, packages, remember(process.stdout or iter(()), last))
    if process.returncode:
        raise SetupError(explain("\n".join(last)))


def remember(lines: Iterator[str], last: deque[str]) -> Iterator[str]:
    """Pass lines on and keep the newest ones."""
    for line in lines:
        last.append(line.rstrip())
        yield line


def show(what: str, packages: int, lines: Iterator[str]) -> None:
    """Tell how many packages pip has looked at and then unpacked, on one line of a terminal."""
    seen = 0
    terminal = sys.stdout.isatty()
    unpacked = threading.Event()
    teller = threading.Thread(target=tell_unpacking, args=(what, packages, unpacked), daemon=True)
    for line in lines:
        begins = line.startswith(("Collecting ", "Requirement already satisfied", "Obtaining "))
        if begins:
            seen += 1
        text = None
        if begins or line.lstrip().startswith("Downloading "):
            text = f"{what}: {min(seen, packages)}/{packages} {line.strip()[:60]}"
        elif line.startswith("Installing collected packages"):
            teller.start()
        if text and terminal:
            print(f"\r\033[K{text}", end="", flush=True)
        elif text and begins and (seen % 40 == 0 or packages == 1):
            print(text, flush=True)
    unpacked.set()
    if teller.ident:
        teller.join()
    print(f"\r\033[K{what}: done" if terminal else f"{what}: done", flush=True)


def tell_unpacking(what: str, packages: int, done: threading.Event) -> None:
    """pip says nothing while it unpacks, which takes minutes: tell how many have landed."""
    terminal = sys.stdout.isatty()
    before = len(landed())
    while not done.wait(1 if terminal else SECONDS_PER_LINE):
        text = f"{what}: unpacking, {min(len(landed()) - before, packages)}/{packages}"
        print(f"\r\033[K{text}" if terminal else text, end="" if terminal else "\n", flush=True)


def landed() -> list[Path]:
    """What tells of each installed package in the environment."""
    return list(VENV.glob("lib/python*/site-packages/*.dist-info"))


def explain(output: str) -> str:
    """The sentence for a failing pip, with its last lines below."""
    for marks, sentence in SENTENCES:
        if any(mark in output for mark in marks):
            return f"{sentence}\n\npip said:\n{output}"
    return f"pip failed. Run the same command again; if it fails alike, pip said:\n{output}"


if __name__ == "__main__":
    sys.exit(main())
