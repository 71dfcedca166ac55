"""Times the reader on one core: a message of everyday length, one of 2,000 characters, the load.

    python -m tests.benchmarks.reading

Goals: <= 3 ms median, <= 10 ms at 2,000 characters, <= 200 ms to load all tables.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median, quantiles

from clinical import assess_text, read_text
from tests.benchmarks.machine import ROOT
from tests.benchmarks.report import at_most, write_section

MESSAGES = (
    "preg 34wks bad headache, sees spots, bp 170/115",
    "2yr old fitting and won't drink anything",
    "child 3 yrs runny nose eats and plays",
    "mtoto wa miezi 8 ana homa na degedege, hawezi kunyonya",
    "bebe de 3 semaines ne tete plus, corps chaud",
    "man 55 chest pressing pain goes to left arm sweating since morning",
    "diarrhoea 3 days drinks well no blood 2yo",
)
LOAD = (
    "import time; t = time.perf_counter(); import clinical; clinical.assess_text('cough'); "
    "print(time.perf_counter() - t)"
)
ROUNDS = 60


def milliseconds(work: Callable[[str], object], texts: list[str]) -> list[float]:
    """Time of each call, in milliseconds."""
    taken = []
    for text in texts:
        began = time.perf_counter()
        work(text)
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def fresh_texts(rounds: int) -> list[str]:
    """Messages that differ by their numbers, so that no cache of whole texts answers."""
    return [f"{text} case {n}" for n in range(rounds) for text in MESSAGES]


def main() -> None:
    """Measure, print, write the section."""
    read_text("warm up")
    read_ms = milliseconds(read_text, fresh_texts(ROUNDS))
    assess_ms = milliseconds(assess_text, fresh_texts(ROUNDS))
    long_text = (". ".join(MESSAGES) + ". ") * 8
    long_ms = milliseconds(read_text, [f"{n} {long_text}"[:2000] for n in range(ROUNDS)])
    command = [sys.executable, "-c", LOAD]
    loads = [
        1000 * float(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
        for _ in range(5)
    ]
    rows = [
        ("read one message, median", median(read_ms), 3),
        ("read one message, 99th percentile", quantiles(read_ms, n=100)[98], None),
        ("read and assess one message, median", median(assess_ms), None),
        ("read 2,000 characters, median", median(long_ms), 10),
        ("import and load all tables and lexicons, first answer", median(loads), 200),
    ]
    lines = ["| what | ms | goal |", "|---|---|---|"]
    lines += [f"| {name} | {ms:.2f} | {goal or '–'} |" for name, ms, goal in rows]
    figures = [at_most(name, ms, goal, " ms") for name, ms, goal in rows if goal is not None]
    write_section("reading", "\n".join(lines), figures)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
