"""Examples as token ids: drawn in parallel from numbered seeds, grouped into batches by language.

The system text of a language is the prefix that all its rows share; a row is what follows it.
"""

from __future__ import annotations

import multiprocessing
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import TypeVar

import torch
from tokenizers import Tokenizer

from demo.nano.architecture import PAD
from demo.nano.examples import Example, draw_training_example, turns_of
from demo.nano.model import Batch
from demo.nano.wording import LANGUAGES, Split
from inference_svc.output import canonical_json
from inference_svc.prompt import system_text

_CHUNK = 250
_OPEN_TURN = "<start_of_turn>user\n"
_BATCHES_SORTED_TOGETHER = 8
_WIDTHS = 16  # in tokens; a new width costs the first step that meets it a second
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An example as text: `prompt` after the system text, and the `answer` with its end mark."""

    language: str
    prompt: str
    answer: str


def prefix_text(language: str) -> str:
    """What every prompt of a language begins with, as the chat template renders it."""
    return f"<bos>{_OPEN_TURN}{system_text(language)}\n\n"


def write(example: Example) -> Written:
    """The example as the chat template renders it, without the shared prefix."""
    _, *turns = turns_of(example)
    rendered = "".join(
        f"<start_of_turn>{'model' if turn['role'] == 'assistant' else 'user'}\n"
        f"{turn['content'].strip()}<end_of_turn>\n"
        for turn in turns
    )
    prompt = rendered.removeprefix(_OPEN_TURN) + "<start_of_turn>model\n"
    answer = canonical_json(example.answer) + "<end_of_turn>"
    return Written(language=example.language, prompt=prompt, answer=answer)


def draw_written(
    count: int, *, seed: int, split: Split, workers: int, told: Callable[[int], None]
) -> list[Written]:
    """`count` examples; the same for the same seed, whatever the number of workers."""
    chunks = [(seed, start, min(_CHUNK, count - start), split) for start in range(0, count, _CHUNK)]
    drawn: list[Written] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for chunk in pool.map(_draw_chunk, chunks):
            drawn += chunk
            told(len(drawn))
    return drawn


def _draw_chunk(job: tuple[int, int, int, Split]) -> list[Written]:
    seed, start, count, split = job
    rng = Random(f"{seed}:{start}:{split}")
    return [write(draw_training_example(rng, split=split)) for _ in range(count)]


def batches(
    written: Iterable[Written], tokenizer: Tokenizer, *, size: int, seed: int
) -> Iterator[Batch]:
    """Batches of one language each, rows of like length together, in shuffled order."""
    rng = Random(seed)
    by_language: dict[str, list[Written]] = defaultdict(list)
    for row in written:
        by_language[row.language].append(row)
    made: list[Batch] = []
    for language in LANGUAGES:
        prefix = torch.tensor(_ids(tokenizer, prefix_text(language)))
        for pool in _in_groups(by_language[language], size * _BATCHES_SORTED_TOGETHER):
            rows = sorted((_row(row, tokenizer) for row in pool), key=lambda row: len(row[0]))
            made += [_batch(prefix, group) for group in _in_groups(rows, size)]
    rng.shuffle(made)
    yield from made


def _row(row: Written, tokenizer: Tokenizer) -> tuple[list[int], int]:
    """Ids of prompt and answer together, and where the answer begins."""
    prompt = _ids(tokenizer, row.prompt)
    return prompt + _ids(tokenizer, row.answer), len(prompt)


def _batch(prefix: torch.Tensor, rows: tuple[tuple[list[int], int], ...]) -> Batch:
    longest = max(len(ids) for ids, _ in rows)
    width = -(-longest // _WIDTHS) * _WIDTHS
    suffix = torch.full((len(rows), width), PAD)
    answer = torch.zeros((len(rows), width), dtype=torch.bool)
    for number, (ids, start) in enumerate(rows):
        suffix[number, : len(ids)] = torch.tensor(ids)
        answer[number, start : len(ids)] = True
    return Batch(prefix=prefix, suffix=suffix, answer=answer)


def _in_groups(items: Iterable[_T], size: int) -> Iterator[tuple[_T, ...]]:
    rest = iter(items)
    while group := tuple(islice(rest, size)):
        yield group


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids
