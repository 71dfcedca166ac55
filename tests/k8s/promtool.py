"""Prometheus' own tool for rules: the machine's, else out of Debian's package `prometheus`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

NEEDS = "needs promtool on the PATH (on Debian: apt-get update; apt-get install prometheus)"


class NoPromtoolError(Exception):
    """Neither here nor to be had; says what would help."""


def find_promtool(folder: Path) -> Path:
    """The program; a downloaded one is kept in `folder` and nothing is installed."""
    own = shutil.which("promtool")
    if own is not None:
        return Path(own)
    program = folder / "usr/bin/promtool"
    if not program.is_file():
        if shutil.which("apt-get") is None:
            raise NoPromtoolError(NEEDS)
        folder.mkdir(parents=True, exist_ok=True)
        # the folder is root's: apt's own user could not write there
        sandbox = ["-o", "APT::Sandbox::User=root"]
        try:
            _run(["apt-get", "-qq", *sandbox, "download", "prometheus"], folder)
            (package,) = folder.glob("prometheus_*.deb")
            _run(["dpkg-deb", "-x", package.name, "."], folder)
            package.unlink()
        except subprocess.CalledProcessError as error:
            raise NoPromtoolError(f"{NEEDS}: {error.stderr[-300:]}") from error
    return program


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
