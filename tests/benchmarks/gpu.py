"""Text-only in vLLM beside the multimodal model, on a machine with a CUDA card. Runs unattended.

    python -m tests.benchmarks.gpu [--shape 4b|tiny] [--tokens 110]

Makes a random multimodal checkpoint of MedGemma 4B's real shape (8.6 GB on disk), converts it, and
measures: transformers `generate()` one request at a time, vLLM on the multimodal checkpoint, and
vLLM on the text-only one, with 1 and 16 callers. Random weights cost the same time as trained ones.
A peer that cannot run is told with its reason. `--shape tiny` rehearses all of it on any machine.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.inference_load import Measured
from tests.benchmarks.machine import ROOT, machine_table
from tests.benchmarks.random_medgemma import SHAPES
from tests.benchmarks.report import write_section

PEERS = (
    ("transformers", "transformers, multimodal, one at a time"),
    ("multimodal", "vLLM, multimodal checkpoint"),
    ("text-only", "vLLM, text-only checkpoint"),
)


def run_peer(name: str, folder: Path, tokens: int) -> Measured | str:
    """What one peer measured, or the last line of why it did not."""
    command = [sys.executable, "-m", "tests.benchmarks.gpu_peers", name, str(folder), str(tokens)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        return said[-1][:200] if said else f"ended with {done.returncode}"
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def checkpoints(scratch: Path, shape: str) -> tuple[Path, Path]:
    """A random multimodal checkpoint, and what the converter makes of it."""
    multimodal, text_only = scratch / "multimodal", scratch / "text-only"
    maker = [sys.executable, "-m", "tests.benchmarks.random_medgemma", shape, str(multimodal)]
    subprocess.run(maker, cwd=ROOT, check=True)
    converter = [sys.executable, "-m", "converter", str(multimodal), str(text_only)]
    subprocess.run(converter, cwd=ROOT, check=True)
    return multimodal, text_only


def section(rows: list[tuple[str, Measured | str]], tokens: int) -> str:
    """Markdown table; ratios against the first peer, which is one at a time."""
    lines = [
        f"Answers of {tokens} tokens after the production prompt.",
        "",
        "| | one caller: s | tokens/s | 16 callers: tokens/s | ratio at 1 | ratio at 16 |",
        "|---|---|---|---|---|---|",
    ]
    slow = rows[0][1]
    for name, one in rows:
        if isinstance(one, str):
            lines.append(f"| {name} | did not run: {one} | | | | |")
            continue
        alone = one.single_tokens / one.single_seconds
        ratios = ("", "")
        if isinstance(slow, Measured):
            at_one = slow.single_seconds / one.single_seconds
            ratios = (f"{at_one:.1f}", f"{one.tokens_per_second / slow.tokens_per_second:.1f}")
        lines.append(
            f"| {name} | {one.single_seconds:.2f} | {alone:.1f} | {one.tokens_per_second:.1f} "
            f"| {ratios[0]} | {ratios[1]} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Measure, print, write the section; 1 when no peer ran."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", choices=sorted(SHAPES), default="4b")
    parser.add_argument("--tokens", type=int, default=110, help="of an answer [110]")
    asked = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="chewie-gpu-"))
    try:
        multimodal, text_only = checkpoints(scratch, asked.shape)
        folders = {"transformers": multimodal, "multimodal": multimodal, "text-only": text_only}
        rows: list[tuple[str, Measured | str]] = []
        for name, title in PEERS:
            print(f"{title} …", flush=True)
            rows.append((title, run_peer(name, folders[name], asked.tokens)))
        told = section(rows, asked.tokens)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{machine_table()}\n\n{told}")
    write_section("gpu", told)
    return int(all(isinstance(one, str) for _, one in rows))


if __name__ == "__main__":
    sys.exit(main())
