"""Measures the converter beside `cp`, the load-everything script and transformers, in one run.

    BENCH_BYTES=2e9 BENCH_FOLDER=/scratch python -m tests.benchmarks.converter_bench

Every way runs in a process of its own; wall time includes its start, memory is its peak resident
size as the kernel tells it (`ru_maxrss`). Cold means: pages of the source dropped with
`posix_fadvise` before the run; warm: the source read once before. `cp` copies the kept bytes (an
earlier result) and syncs them. Rounds alternate between the ways, so that a slower minute of the
machine falls on all. Writes `.build/bench/converter_bench.md` and `.json`, and prints the former.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks.converter_checkpoint import FULL_BYTES
from tests.benchmarks.machine import REPORT_FOLDER
from tests.benchmarks.report import Outcome, at_most, write_section

READ_BYTES = 2**23
OURS, COPY = "chewie-convert", "cp + sync of the kept bytes"
TIMES_CP = 1.3

# The way of the paper: everything into memory, filter by name, save.
LOAD_ALL = """
import sys
from pathlib import Path
from safetensors.torch import load_file, save_file
source, target = Path(sys.argv[1]), Path(sys.argv[2])
target.mkdir()
state = {}
for shard in sorted(source.glob("*.safetensors")):
    state.update(load_file(shard))
kept = {name.removeprefix("language_model."): tensor.clone() for name, tensor in state.items()
        if name.startswith("language_model.")}
save_file(kept, target / "model.safetensors", metadata={"format": "pt"})
"""

TRANSFORMERS = """
import sys
import torch
from transformers import AutoModelForImageTextToText, Gemma3ForCausalLM
model = AutoModelForImageTextToText.from_pretrained(sys.argv[1], dtype=torch.bfloat16)
with torch.device("meta"):
    text = Gemma3ForCausalLM(model.config.text_config)
text.model = model.model.language_model
text.lm_head = model.lm_head
text.save_pretrained(sys.argv[2])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process: wall and processor time, peak memory."""

    way: str
    cache: str
    seconds: float
    cpu_seconds: float
    peak_mb: float


def measure(way: str, cache: str, command: Sequence[str]) -> Run:
    """Runs `command` to its end; a failure ends the benchmark."""
    began = time.perf_counter()
    process = os.posix_spawnp(command[0], list(command), os.environ)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        raise SystemExit(f"{way}: ended with status {status}: {' '.join(command)[:200]}")
    return Run(
        way=way,
        cache=cache,
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
    )


def prepare_cache(folder: Path, cache: str) -> None:
    """Drops the pages of all files in `folder`, or reads them once."""
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            if cache == "cold":
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            else:
                while os.read(descriptor, READ_BYTES):
                    pass
        finally:
            os.close(descriptor)


def fresh(folder: Path) -> Path:
    """A name that is free, on a disk that has nothing left to write."""
    shutil.rmtree(folder, ignore_errors=True)
    os.sync()
    return folder


def compare_with_cp(scratch: Path, source: Path, rounds: int) -> list[Run]:
    """cp of the kept bytes and our conversion, alternating, cold and warm."""
    kept, out = scratch / "kept", scratch / "out"
    convert = [sys.executable, "-m", "converter", str(source), str(out)]
    measure("first", "none", [*convert[:-1], str(kept)])
    runs = []
    for cache in ("cold", "warm"):
        for _ in range(rounds):
            fresh(out)
            prepare_cache(kept, cache)
            copy = f"cp -r {kept} {out} && sync -f {out} && sync {out}/*"
            runs.append(measure(COPY, cache, ["sh", "-c", copy]))
            fresh(out)
            prepare_cache(source, cache)
            runs.append(measure(OURS, cache, convert))
    fresh(kept)
    return runs


def other_ways(scratch: Path, source: Path) -> tuple[list[Run], list[str]]:
    """The ways that are slower by kind, once each and cold; and what there was no memory for."""
    out = scratch / "out"
    nbytes = sum(path.stat().st_size for path in source.glob("*.safetensors"))
    module = [sys.executable, "-m", "converter", str(source), str(out)]
    ways = {
        "chewie-convert --quantize w4a16 --lm-head int4": (
            [*module, "--quantize", "w4a16", "--lm-head", "int4"], 0.3),
        "chewie-convert --quantize fp8 --lm-head fp8": (
            [*module, "--quantize", "fp8", "--lm-head", "fp8"], 0.3),
        "load all, filter, save (the paper's way)": (
            [sys.executable, "-c", LOAD_ALL, str(source), str(out)], 2.0),
        "transformers load, then save_pretrained": (
            [sys.executable, "-c", TRANSFORMERS, str(source), str(out)], 2.2),
    }  # fmt: skip
    runs, skipped = [], []
    for way, (command, times_in_memory) in ways.items():
        if times_in_memory * nbytes > _available_bytes():
            skipped.append(f"{way}: needs about {times_in_memory * nbytes / 1e9:.0f} GB of memory")
            continue
        fresh(out)
        prepare_cache(source, "cold")
        runs.append(measure(way, "cold", command))
    fresh(out)
    return runs, skipped


def _write_source(folder: Path, wanted: int) -> None:
    # In a process of its own: a child's peak memory starts from its parent's.
    command = [sys.executable, "-m", "tests.benchmarks.converter_checkpoint", str(folder)]
    subprocess.run(command, env={**os.environ, "BENCH_BYTES": str(wanted)}, check=True)


def _available_bytes() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def report(runs: Sequence[Run], skipped: Sequence[str], nbytes: int) -> str:
    """A table of medians, with each way's time in parts of cp's."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.way, run.cache), []).append(run)
    copied = {
        cache: median(run.seconds for run in group)
        for (way, cache), group in groups.items()
        if way.startswith("cp")
    }
    lines = [
        "## Converter",
        "",
        f"Source {nbytes / 1e9:.2f} GB in two shards, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[1]:.1f} at the end; hashing on; "
        "medians, with the fastest and slowest run.",
        "",
        "| way | cache | runs | seconds | against cp | CPU seconds | peak MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for (way, cache), group in groups.items():
        seconds = [run.seconds for run in group]
        middle = median(seconds)
        spread = f"{middle:.1f} ({min(seconds):.1f}–{max(seconds):.1f})"
        busy = median(run.cpu_seconds for run in group)
        ratio = middle / copied[cache]
        peak = max(run.peak_mb for run in group)
        lines.append(
            f"| {way} | {cache} | {len(group)} | {spread} | {ratio:.1f} | {busy:.1f} | {peak:.0f} |"
        )
    lines += ["", *(f"Not run: {reason}." for reason in skipped)]
    return "\n".join(lines).rstrip() + "\n"


def figures(runs: Sequence[Run]) -> list[Outcome]:
    """Our time in parts of cp's, cold and warm."""
    found = []
    for cache in ("cold", "warm"):
        ours, copied = (
            median(run.seconds for run in runs if run.way == way and run.cache == cache)
            for way in (OURS, COPY)
        )
        found.append(at_most(f"conversion beside cp, {cache}", ours / copied, TIMES_CP, " times"))
    return found


def main() -> None:
    """Runs everything in a scratch folder that is removed at the end."""
    wanted = int(float(os.environ.get("BENCH_BYTES", FULL_BYTES)))
    rounds = int(os.environ.get("BENCH_ROUNDS", "3"))
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as name:
        scratch = Path(name)
        source = scratch / "source"
        _write_source(source, wanted)
        nbytes = sum(path.stat().st_size for path in source.glob("*.safetensors"))
        runs = compare_with_cp(scratch, source, rounds)
        others, skipped = other_ways(scratch, source)
    text = report([*runs, *others], skipped, nbytes)
    write_section("converter_bench", text, figures(runs))
    (REPORT_FOLDER / "converter_bench.json").write_text(
        json.dumps({"bytes": nbytes, "runs": [asdict(run) for run in (*runs, *others)]}, indent=2)
    )
    print(text)


if __name__ == "__main__":
    main()
