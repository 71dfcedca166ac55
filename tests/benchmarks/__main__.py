"""`make bench`: runs every room's benchmark, one after the other, and gathers one report.

Each benchmark is a module of this folder that writes `.build/bench/NAME.md` (and pictures beside
it). Name some to run only those: `python -m tests.benchmarks reading journey`.
"""

from __future__ import annotations

import subprocess
import sys
import time

from tests.benchmarks.machine import REPORT_FOLDER, machine_table

# In the order of the report; what it measures, for the reader of the progress lines.
BENCHMARKS = {
    "reading": "clinical: reading one message, loading the tables",
    "journey": "the whole way: start of `make run`, message to reply",
    "inference_bench": "inference service beside the bare engine and vLLM over HTTP",
    "gateway_bench": "gateway: webhooks a second, inbound to outbound",
    "converter_bench": "converter beside cp, load-everything and transformers",
    "l4": "what one stream on an L4 can reach, computed",
}


def main(names: list[str]) -> int:
    """Run the named benchmarks (all without a name); returns how many failed."""
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        print(f"unknown benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
        return 2
    chosen = names or list(BENCHMARKS)
    REPORT_FOLDER.mkdir(parents=True, exist_ok=True)
    sections = [machine_table()]
    failed = 0
    for position, name in enumerate(chosen, start=1):
        print(f"[{position}/{len(chosen)}] {BENCHMARKS[name]}", flush=True)
        section, ran = run_one(name)
        sections.append(section)
        failed += not ran
    report = REPORT_FOLDER / "report.md"
    report.write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    print(f"report: {report.relative_to(REPORT_FOLDER.parents[1])}")
    return failed


def run_one(name: str) -> tuple[str, bool]:
    """Run one benchmark in its own process; returns its section of the report."""
    began = time.monotonic()
    written = REPORT_FOLDER / f"{name}.md"
    written.unlink(missing_ok=True)
    code = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{name}"], check=False
    ).returncode
    took = time.monotonic() - began
    heading = f"## {BENCHMARKS[name]}"
    if code or not written.is_file():
        return f"{heading}\n\nDid not finish: ended with code {code} after {took:.0f} s.", False
    return f"{heading}\n\n{written.read_text(encoding='utf-8').strip()}\n\nTook {took:.0f} s.", True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
