"""Texts of authors who never saw a lexicon: floors, kind by kind, for all languages together.

Their first, blind reading stands in development/README.md. They have been read since, so these
floors say only that nothing got worse.
"""

from functools import cache
from pathlib import Path

import pytest

from clinical import LANGUAGES, assess_text
from clinical.assessment import Urgency
from clinical.evaluate.cases import LabelledCase, read_cases

FOLDER = Path(__file__).parent / "development"
SETS = ("fresh_1", "fresh_2")
PLAIN = 0.97  # explicit signs answered at least as urgently as the label
HARD = 0.86  # unusual, misspelt, numbers alone, or late in a long text
CONTROLS_RAISED = 0.18
HARD_KINDS = frozenset({"unusual", "misspelt", "numbers", "buried"})


@cache
def texts() -> tuple[LabelledCase, ...]:
    found: list[LabelledCase] = []
    for name in SETS:
        with (FOLDER / f"{name}.jsonl").open(encoding="utf-8") as lines:
            found += read_cases(lines)
    return tuple(found)


def kind_of(case: LabelledCase) -> str:
    return case.id.split("-", maxsplit=1)[0]


@cache
def answer(case_id: str) -> Urgency:
    (case,) = (case for case in texts() if case.id == case_id)
    return assess_text(case.text).urgency


def raised(kinds: frozenset[str]) -> tuple[float, list[str]]:
    cases = [case for case in texts() if kind_of(case) in kinds]
    missed = [case.id for case in cases if answer(case.id) < case.urgency]
    return 1 - len(missed) / len(cases), missed


@pytest.mark.parametrize(
    ("kinds", "floor"),
    [(frozenset({"explicit"}), PLAIN), (HARD_KINDS, HARD)],
    ids=["plain", "hard"],
)
def test_texts_with_a_sign_are_raised(kinds: frozenset[str], floor: float) -> None:
    share, missed = raised(kinds)
    assert share >= floor, f"{share:.1%}; missed: {', '.join(missed)}"


def test_controls_are_rarely_an_emergency() -> None:
    controls = [case for case in texts() if kind_of(case) == "control"]
    alarmed = [case.id for case in controls if answer(case.id) is Urgency.EMERGENCY]
    assert len(alarmed) / len(controls) <= CONTROLS_RAISED, ", ".join(alarmed)


def test_the_sets_are_of_some_size_and_in_every_language() -> None:
    assert len(texts()) >= 900
    assert {case.language for case in texts()} == set(LANGUAGES)
