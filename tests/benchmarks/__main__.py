"""`make bench`: runs every room's benchmark, one after the other, and gathers one report.

Each benchmark is a module of this folder that leaves its section and its figures in `.build/bench`.
Name some to run only those: `python -m tests.benchmarks reading journey`; the report keeps what the
others left there, with its day. `--record` also puts every figure and its goal, with a chart, into
the root README.
"""

from __future__ import annotations

import subprocess
import sys
import time

from tests.benchmarks.machine import REPORT_FOLDER, machine_line, machine_table
from tests.benchmarks.report import (
    CHART,
    Outcome,
    draw_chart,
    figures_table,
    forget_section,
    measured_on,
    read_figures,
    record,
    section_file,
)

# In the order of the report; what it measures, for the reader of the progress lines.
BENCHMARKS = {
    "reading": "clinical: reading one message, loading the tables",
    "journey": "the whole way: start of `make run`, message to reply",
    "inference_bench": "inference service beside the bare engine and vLLM over HTTP",
    "gateway_bench": "gateway: webhooks a second, inbound to outbound",
    "converter_bench": "converter beside cp, load-everything and transformers",
    "l4": "what one stream on an L4 can reach, computed",
}
RECORD = "--record"


def main(arguments: list[str]) -> int:
    """Run the named benchmarks (all without a name); returns how many failed."""
    names = [argument for argument in arguments if argument != RECORD]
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        print(f"unknown benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
        return 2
    chosen = names or list(BENCHMARKS)
    REPORT_FOLDER.mkdir(parents=True, exist_ok=True)
    failed = 0
    for position, name in enumerate(chosen, start=1):
        print(f"[{position}/{len(chosen)}] {BENCHMARKS[name]}", flush=True)
        failed += not run_one(name)
    sections = [section_of(name) for name in BENCHMARKS]
    outcomes = [outcome for name in BENCHMARKS for outcome in read_figures(name)]
    report = REPORT_FOLDER / "report.md"
    report.write_text("\n\n".join([*first_page(outcomes), *sections]) + "\n", encoding="utf-8")
    print(f"report: {report.relative_to(REPORT_FOLDER.parents[1])}")
    if RECORD in arguments:
        days = sorted({measured_on(name) for name in BENCHMARKS if section_file(name).is_file()})
        record(outcomes, days, machine_line())
    return failed


def first_page(outcomes: list[Outcome]) -> list[str]:
    """The machine, then every figure beside its goal, as a table and as a chart."""
    page = [machine_table()]
    if outcomes:
        draw_chart(outcomes, REPORT_FOLDER / CHART)
        page += [figures_table(outcomes), f"![Each figure as a share of its goal]({CHART})"]
    return page


def section_of(name: str) -> str:
    """What a benchmark left, under its heading."""
    heading, written = f"## {BENCHMARKS[name]}", section_file(name)
    if not written.is_file():
        return f"{heading}\n\nDid not run to its end."
    return f"{heading}\n\n{written.read_text('utf-8').strip()}\n\nMeasured {measured_on(name)}."


def run_one(name: str) -> bool:
    """Run one benchmark in its own process; returns whether it came to its end."""
    began = time.monotonic()
    forget_section(name)
    code = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{name}"], check=False
    ).returncode
    took = time.monotonic() - began
    print(f"{name}: ended with code {code} after {took:.0f} s", flush=True)
    return code == 0 and section_file(name).is_file()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
