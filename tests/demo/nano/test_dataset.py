"""Batches of token ids."""

from __future__ import annotations

from demo.nano.architecture import PAD
from demo.nano.dataset import batches, draw_written
from demo.nano.training import nano_tokenizer
from demo.nano.wording import LANGUAGES, Split


def draw(workers: int):
    seen: list[int] = []
    rows = draw_written(300, seed=9, split=Split.TRAIN, workers=workers, told=seen.append)
    return rows, seen


def test_the_number_of_workers_changes_nothing_and_progress_is_told():
    one, seen = draw(1)
    two, _ = draw(2)
    assert one == two
    assert seen == [250, 300]


def test_batches_hold_one_language_and_mark_exactly_the_answer():
    rows, _ = draw(1)
    tokenizer = nano_tokenizer(rows)
    made = list(batches(rows, tokenizer, size=8, seed=1))
    answers = {tuple(tokenizer.encode(r.answer, add_special_tokens=False).ids) for r in rows}
    prefixes = {tuple(batch.prefix.tolist()) for batch in made}
    assert len(prefixes) == len(LANGUAGES)
    assert sum(len(batch.suffix) for batch in made) == len(rows)
    for batch in made:
        for ids, marked in zip(batch.suffix, batch.answer, strict=True):
            assert tuple(ids[marked].tolist()) in answers
            after = ids[int(marked.nonzero()[-1]) + 1 :]
            assert (after == PAD).all()
