"""The training run: from a plan with its seed to a model and a tokenizer, with a progress bar.

Does not write files (see checkpoint) and does not judge the result (see measure).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from tokenizers import Tokenizer

from clinical.tables import actions, conditions, findings
from demo.nano.architecture import Sizes
from demo.nano.dataset import Written, batches, draw_written, prefix_text
from demo.nano.model import answer_loss, build_model
from demo.nano.optimizer import Optimiser, Rates
from demo.nano.tokenizer import image_ids, train_tokenizer
from demo.nano.wording import LANGUAGES, Split

_TOKENIZER_SIZE = 2049
_TOKENIZER_TEXTS = 6_000
_CODE_WEIGHT = 2_000
"""How often a code stands in the tokenizer's text: often enough to become one token."""
_SYSTEM_WEIGHT = 60
"""How often a system text stands there: every request carries it, so few tokens are worth much."""
_LAST_LOSSES = 50
_STEPS_PER_LINE = 25
"""Where there is no terminal for a bar, a line is printed instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a training run does; counts of optimiser steps, rows in a batch, threads, processes."""

    seed: int = 20_250_301
    steps: int = 4_000
    batch_rows: int = 32
    threads: int = 2
    sizes: Sizes = field(default_factory=Sizes)
    rates: Rates = field(default_factory=Rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A trained model with its tokenizer, and how the run went."""

    model: Any
    tokenizer: Tokenizer
    examples: int
    final_loss: float
    seconds: float
    parameters: int


def train(plan: Plan) -> Trained:
    """Draw the examples, train tokenizer and model. Under an hour on two cores."""
    started = time.monotonic()
    torch.set_num_threads(plan.threads)
    with _progress() as progress:
        written = _draw(plan, progress)
        tokenizer = nano_tokenizer(written)
        model = build_model(plan.sizes, image_ids(tokenizer), seed=plan.seed)
        loss = _fit(model, tokenizer, written, plan, progress)
    return Trained(
        model=model,
        tokenizer=tokenizer,
        examples=len(written),
        final_loss=round(loss, 4),
        seconds=round(time.monotonic() - started, 1),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
    )


def nano_tokenizer(written: list[Written]) -> Tokenizer:
    """A tokenizer trained on drawn texts, the system texts and the code lists."""
    codes = [*findings(), *conditions(), *actions()]
    texts = (part for row in written[:_TOKENIZER_TEXTS] for part in (row.prompt, row.answer))
    system = [prefix_text(language) for language in LANGUAGES]
    fixed = codes * _CODE_WEIGHT + system * _SYSTEM_WEIGHT
    return train_tokenizer(chain(texts, fixed), size=_TOKENIZER_SIZE)


def _draw(plan: Plan, progress: Progress) -> list[Written]:
    # A language's last group of rows may be short, so a few more than steps x rows are drawn.
    count = (plan.steps + 2 * len(LANGUAGES)) * plan.batch_rows
    task = progress.add_task("drawing cases", total=count)
    return draw_written(
        count,
        seed=plan.seed,
        split=Split.TRAIN,
        workers=plan.threads,
        told=lambda done: progress.update(task, completed=done),
    )


def _fit(
    model: Any, tokenizer: Tokenizer, written: list[Written], plan: Plan, progress: Progress
) -> float:
    """Train in place; returns the mean loss of the last steps."""
    optimiser = Optimiser(model.model.language_model, plan.rates, steps=plan.steps)
    task = progress.add_task("training", total=plan.steps)
    mixed = torch.cpu._is_avx512_bf16_supported()
    losses: list[float] = []
    made = batches(written, tokenizer, size=plan.batch_rows, seed=plan.seed)
    for batch in islice(made, plan.steps):
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            loss = answer_loss(model, batch)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
        recent = _mean(losses[-_STEPS_PER_LINE:])
        progress.update(task, advance=1, description=f"training, loss {recent:.3f}")
        if not progress.console.is_terminal and len(losses) % _STEPS_PER_LINE == 0:
            progress.console.print(f"step {len(losses)}/{plan.steps}, loss {recent:.3f}")
    return _mean(losses[-_LAST_LOSSES:])


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
