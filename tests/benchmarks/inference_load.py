"""The load that every peer of the inference benchmark gets, and how its answers are added up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

MAX_OUTPUT_TOKENS = 160
CALLERS = 16
ROUNDS = 3

_CASES = (
    "preg 34wks bad headache, sees spots, bp 170/115",
    "2yr old fitting and won't drink anything",
    "child 3 yrs runny nose eats and plays",
    "man 55 chest pressing pain goes to left arm sweating since morning",
    "diarrhoea 3 days drinks well no blood 2yo",
    "baby 5 days not breastfeeding hot",
    "woman 30 headache since yesterday, no fever",
    "boy 8 months cough 2 days rr 56 no indrawing",
)

Ask = Callable[[str], Awaitable[int]]
"""A text -> output tokens of its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Output tokens per second with 16 callers; seconds and tokens per answer with one."""

    tokens_per_second: float
    answers_per_second: float
    single_seconds: float
    single_tokens: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def texts(round_number: int) -> list[str]:
    """Sixteen texts of one round; no two rounds share one."""
    return [f"{text}, visit {round_number}{letter}" for text in _CASES for letter in "ab"][:CALLERS]


async def measure(ask: Ask) -> Measured:
    """One round to warm up, then rounds of sixteen at once, then one at a time."""
    await asyncio.gather(*map(ask, texts(0)))
    began = time.perf_counter()
    tokens: list[int] = []
    for number in range(1, ROUNDS + 1):
        tokens += await asyncio.gather(*map(ask, texts(number)))
    together = time.perf_counter() - began
    alone = [await _timed(ask, text) for text in texts(ROUNDS + 1)[::2]]
    return Measured(
        tokens_per_second=sum(tokens) / together,
        answers_per_second=len(tokens) / together,
        single_seconds=median(seconds for seconds, _ in alone),
        single_tokens=median(count for _, count in alone),
    )


async def _timed(ask: Ask, text: str) -> tuple[float, int]:
    began = time.perf_counter()
    count = await ask(text)
    return time.perf_counter() - began, count


def table(rows: Sequence[tuple[str, Measured]], baseline: Measured) -> str:
    """Markdown: each peer beside the baseline, as a ratio of tokens per second."""
    lines = [
        "| | tokens/s, 16 callers | answers/s | one caller, s | tokens | ratio at 16 |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in rows:
        ratio = one.tokens_per_second / baseline.tokens_per_second
        lines.append(
            f"| {name} | {one.tokens_per_second:.1f} | {one.answers_per_second:.2f} "
            f"| {one.single_seconds:.3f} | {one.single_tokens:.0f} | {ratio:.2f} |"
        )
    return "\n".join(lines)
