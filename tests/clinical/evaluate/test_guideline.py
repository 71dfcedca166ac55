from pathlib import Path

import pytest

from clinical.evaluate.cases import read_cases
from clinical.evaluate.guideline import closed_codes, conditions_by_rule, lexicon_phrases
from clinical.evaluate.word_for_word import words_of

DATA = Path(__file__).parents[3] / "clinical" / "evaluation"


@pytest.mark.parametrize("name", ["explicit_danger_signs", "benign_controls", "scenarios"])
def test_every_label_of_the_repository_is_a_closed_code(name: str) -> None:
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as lines:
        labels = {c for case in read_cases(lines) for c in (*case.danger_signs, case.condition)}
    assert labels - {None} <= closed_codes()


def test_listed_wordings_are_literal_so_that_each_can_stand_in_a_text() -> None:
    listed = lexicon_phrases()
    assert len(listed) > 100
    assert all(words_of(phrase) for phrases in listed.values() for phrase in phrases)
    assert not any(mark in phrase for p in listed.values() for phrase in p for mark in "<>~&+")


def test_rules_suggest_conditions_of_the_closed_list() -> None:
    suggested = conditions_by_rule()
    assert suggested
    assert set(suggested.values()) <= closed_codes()
