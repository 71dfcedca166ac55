"""Times the whole way on this machine: a second `make run`, and message to reply.

    python -m tests.benchmarks.journey

Goals: second start to a working phone <= 75 s on two cores, message to reply <= 3 s with the demo
checkpoint, which is not MedGemma. Every message comes from another number.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

from tests.benchmarks.report import at_most, write_section
from tests.e2e.conftest import RunningDemo, run_folder

MESSAGES = (
    "preg 34wks bad headache, sees spots, bp 170/115",
    "2yr old fitting and won't drink anything",
    "child 3 yrs runny nose eats and plays",
    "diarrhoea 3 days drinks well no blood 2yo",
)
ROUNDS = 4
START_SECONDS, REPLY_SECONDS = 75, 3


def main() -> None:
    """Start twice in one folder; text during the second run."""
    with run_folder() as folder:
        first = timed_start(folder)
        first[0].stop()
        running, second_seconds = timed_start(folder)
        try:
            taken = {text: reply_seconds(running, text) for text in MESSAGES}
        finally:
            running.stop()
    reply = median(seconds for several in taken.values() for seconds in several)
    rows = [
        ("first start after set-up, with conversion", first[1], "–"),
        ("second start to a working phone", second_seconds, f"{START_SECONDS}"),
        *(
            (f"message to reply: «{text}», median", median(s), f"{REPLY_SECONDS}")
            for text, s in taken.items()
        ),
    ]
    lines = ["| what | s | goal |", "|---|---|---|"]
    lines += [f"| {name} | {seconds:.1f} | {goal} |" for name, seconds, goal in rows]
    figures = [
        at_most("second `make run` to a working phone", second_seconds, START_SECONDS, " s"),
        at_most("message to reply on the phone, median", reply, REPLY_SECONDS, " s"),
    ]
    write_section("journey", "\n".join(lines), figures)
    print("\n".join(lines))


def timed_start(folder: Path) -> tuple[RunningDemo, float]:
    """A running demo, and the seconds until its phone was ready."""
    began = time.monotonic()
    running = RunningDemo(folder).wait_ready()
    return running, time.monotonic() - began


def reply_seconds(running: RunningDemo, text: str) -> list[float]:
    """Seconds from the message to its first reply, from numbers not used before."""
    taken = []
    for position in range(ROUNDS):
        number = f"+4477009{10_000 + 100 * MESSAGES.index(text) + position}"
        began = time.monotonic()
        running.say(text, number=number)
        taken.append(time.monotonic() - began)
    return taken


if __name__ == "__main__":
    main()
