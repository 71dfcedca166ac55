"""The demo model of a run: the trained checkpoint, converted to text-only once per digest."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from demo.run.settings import ROOT, RunError

STAMP = "converted-from"
BLOCK_BYTES = 1 << 20


def converted_model(checkpoint: Path, folder: Path, log: Path) -> tuple[Path, bool]:
    """Return the text-only model's folder, and whether it was converted just now.

    A conversion of the same bytes is kept. Raises `RunError` with the converter's last lines.
    """
    if not (checkpoint / "config.json").is_file():
        raise RunError(
            f"There is no demo checkpoint in {checkpoint}. `make demo-model` trains it; "
            "or start with the rules alone: .venv/bin/python -m demo.run --engine none"
        )
    target, stamp = folder / "model", folder / STAMP
    source = digest_of(checkpoint)
    if stamp.is_file() and stamp.read_text() == source and (target / "config.json").is_file():
        return target, False
    shutil.rmtree(target, ignore_errors=True)
    stamp.unlink(missing_ok=True)
    command = [sys.executable, "-m", "converter", str(checkpoint), str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(done.stdout + done.stderr)
    if done.returncode:
        raise RunError(f"The demo checkpoint could not be converted:\n{done.stderr.strip()[-600:]}")
    stamp.write_text(source)
    return target, True


def digest_of(folder: Path) -> str:
    """SHA-256 over the names and bytes of a checkpoint's files."""
    state = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        state.update(str(path.relative_to(folder)).encode())
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                state.update(block)
    return state.hexdigest()
