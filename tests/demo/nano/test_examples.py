"""Examples: what is sent, what is due, and how they are rendered."""

from __future__ import annotations

import json
from random import Random

from clinical.case import Role
from clinical.dose import drop_dose_text
from demo.nano.dataset import prefix_text, write
from demo.nano.examples import draw_example, read_worse, turns_of
from demo.nano.wording import LANGUAGES, Split
from inference_svc.output import ModelAnswer, canonical_json, parse

COUNT = 250


def drawn(split: Split = Split.TRAIN, seed: int = 5):
    rng = Random(seed)
    return [draw_example(rng, split=split) for _ in range(COUNT)]


def test_the_same_seed_draws_the_same_examples():
    assert drawn() == drawn()


def test_every_drawn_answer_passes_the_production_schema():
    for split in Split:
        for example in drawn(split):
            text = canonical_json(example.answer)
            assert parse(text, "stop") == example.answer
            assert isinstance(example.answer, ModelAnswer)
            assert list(json.loads(text)) == [
                "summary",
                "danger_signs",
                "conditions",
                "urgency",
                "actions",
            ]


def test_no_summary_reads_like_a_dose():
    summaries = [example.answer.summary for example in drawn()]
    assert [text for text in summaries if drop_dose_text(text)[1]] == []


def test_all_languages_two_turns_and_bare_replies_occur():
    examples = drawn()
    assert {example.language for example in examples} == set(LANGUAGES)
    assert any(m.role is Role.ASSISTANT for e in examples for m in e.case.messages)
    assert any(e.case.findings for e in examples)


def test_a_worse_reading_leaves_signs_out_of_the_facts_line_only():
    rng = Random(3)
    worse = [e for e in (read_worse(e, rng) for e in drawn()) if e.unread]
    assert worse
    for example in worse[:40]:
        facts, *_ = turns_of(example)[-1]["content"].split("\n")
        stated = set(facts.replace("no: ", "").replace(",", ";").split("; "))
        assert example.unread.isdisjoint(stated)


def test_a_row_is_what_the_chat_template_renders(checkpoint_tokenizer):
    for example in drawn()[:40]:
        row = write(example)
        rendered = checkpoint_tokenizer.apply_chat_template(
            turns_of(example), tokenize=False, add_generation_prompt=True
        )
        assert rendered == prefix_text(example.language) + row.prompt


def test_the_median_answer_is_short():
    sizes = sorted(len(canonical_json(example.answer).encode()) for example in drawn())
    assert sizes[COUNT // 2] <= 360
