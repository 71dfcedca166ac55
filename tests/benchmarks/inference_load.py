"""The load that every peer of the inference benchmark gets, and how its answers are added up."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import median

import psutil

MAX_OUTPUT_TOKENS = int(os.environ.get("BENCH_TOKENS", "160"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CALLERS = 16

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

SETTLE_SECONDS = 1.5
"""Between two turns: an engine's worker spins for a second after its last answer, on the cores that
the next peer wants."""

WARMING = 2
"""Answers of the warm-up: the first fills the prefix cache, the second finds it filled."""

Ask = Callable[[str], Awaitable[int]]
"""A text -> output tokens of its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Output tokens of some answers, the seconds until the last of them, and of the processors."""

    tokens: int
    seconds: float
    processor_seconds: float = 0.0

    @property
    def speed(self) -> float:
        """Tokens per second."""
        return self.tokens / self.seconds


AskAll = Callable[[Sequence[str]], Awaitable[Round]]
"""Texts -> what answering took, together or one after the other where it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """What answers, and the process that it runs in with its children."""

    ask_all: AskAll
    pid: int

    async def round(self, texts: Sequence[str]) -> Round:
        """One round, with the processor time that the peer's processes spent on it."""
        before = processor_seconds(self.pid)
        taken = await self.ask_all(texts)
        return replace(taken, processor_seconds=processor_seconds(self.pid) - before)


def processor_seconds(pid: int) -> float:
    """What a process and all below it have spent so far."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)


@dataclass(slots=True)
class Taken:
    """What one peer took: rounds of many callers, and answers to one."""

    together: list[Round] = field(default_factory=list)
    alone: list[Round] = field(default_factory=list)


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


async def take_turns(peers: Mapping[str, Peer], sizes: Mapping[str, int]) -> dict[str, Taken]:
    """Give every round to each peer before the next one, another first each time.

    A machine that is busy with something else for a minute then slows all of them, and ratios
    within a round stand. `sizes`: texts of a round for a peer that answers one at a time.
    """
    taken = {name: Taken() for name in peers}
    for name, peer in peers.items():
        await peer.round(texts(0)[: sizes.get(name, WARMING)])
    for number in range(1, ROUNDS + 1):
        for name in _from(list(peers), number):
            asked = texts(number)[: sizes.get(name, CALLERS)]
            await asyncio.sleep(SETTLE_SECONDS)
            taken[name].together.append(await peers[name].round(asked))
            _progress(number, name, taken[name].together[-1])
    for turn, text in enumerate(texts(ROUNDS + 1)[:: 2 if ROUNDS > 2 else 4]):
        for name in _from([name for name in peers if name not in sizes], turn):
            await asyncio.sleep(SETTLE_SECONDS)
            taken[name].alone.append(await peers[name].round([text]))
            _progress(turn, name, taken[name].alone[-1])
    return taken


def _progress(turn: int, name: str, one: Round) -> None:
    print(
        f"    {turn}, {name}: {one.tokens} tokens, {one.seconds:.1f} s, "
        f"{one.processor_seconds:.1f} s of processors",
        flush=True,
    )


def _from(names: Sequence[str], turn: int) -> list[str]:
    first = turn % len(names)
    return [*names[first:], *names[:first]]


def ratios(one: Sequence[Round], other: Sequence[Round]) -> list[float]:
    """Speed of one peer as a share of the other's, in the same round."""
    return [mine.speed / theirs.speed for mine, theirs in zip(one, other, strict=True)]


def processor_ratios(one: Sequence[Round], other: Sequence[Round]) -> list[float]:
    """The same by tokens per processor second, which stands on a machine with other work."""
    return [
        (mine.tokens / mine.processor_seconds) / (theirs.tokens / theirs.processor_seconds)
        for mine, theirs in zip(one, other, strict=True)
    ]


def added_milliseconds(one: Sequence[Round], other: Sequence[Round]) -> list[float]:
    """What an answer took more than the other peer's to the same text."""
    pairs = zip(one, other, strict=True)
    return [1000 * (mine.seconds - theirs.seconds) for mine, theirs in pairs]


async def timed(ask: Ask, asked: Sequence[str]) -> Round:
    """Ask for all at once; the round ends with the last answer."""
    began = time.perf_counter()
    tokens = await asyncio.gather(*map(ask, asked))
    return Round(tokens=sum(tokens), seconds=time.perf_counter() - began)


async def measure(ask: Ask) -> Measured:
    """One peer alone: a round to warm up, rounds of sixteen at once, then one at a time."""
    await timed(ask, texts(0))
    rounds = [await timed(ask, texts(number)) for number in range(1, ROUNDS + 1)]
    together = sum(one.seconds for one in rounds)
    alone = [await timed(ask, [text]) for text in texts(ROUNDS + 1)[::2]]
    return Measured(
        tokens_per_second=sum(one.tokens for one in rounds) / together,
        answers_per_second=CALLERS * ROUNDS / together,
        single_seconds=median(one.seconds for one in alone),
        single_tokens=median(one.tokens for one in alone),
    )


def table(taken: Mapping[str, Taken], baseline: str) -> str:
    """Markdown: each peer beside the baseline; medians over rounds, with the range."""
    lines = [
        "| | tokens/s, 16 callers | ratio at 16 (range) | by processor time (range) "
        "| one caller, s | tokens |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in taken.items():
        speed = median(each.speed for each in one.together)
        shares = ratios(one.together, taken[baseline].together)
        spent = processor_ratios(one.together, taken[baseline].together)
        alone = one.alone or one.together
        lines.append(
            f"| {name} | {speed:.1f} | {spread(shares, '.2f')} | {spread(spent, '.2f')} "
            f"| {median(each.seconds for each in alone):.3f} "
            f"| {median(each.tokens for each in alone):.0f} |"
        )
    return "\n".join(lines)


def spread(values: Sequence[float], form: str) -> str:
    """Median, and the range in brackets."""
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"
