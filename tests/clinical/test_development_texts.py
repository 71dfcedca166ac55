"""What the reader and the rules make of the development texts: floors, kind by kind.

The texts are known to those who improve the reader, so these shares say that nothing got worse,
not how well unseen texts are read. A floor goes up with the reader and never down.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from clinical import LANGUAGES, assess_text
from clinical.assessment import Urgency
from clinical.evaluate.cases import LabelledCase, read_cases
from clinical.tables import danger_sign_codes

TEXTS = Path(__file__).parent / "development" / "texts.jsonl"

# Least share of the texts of a kind that are answered at least as urgently as the label.
RAISED = {
    "explicit": 0.98,
    "unusual": 0.95,
    "misspelt": 0.92,
    "numbers": 0.97,
    "buried": 0.94,
}
# Highest share of the controls that are answered with EMERGENCY.
CONTROLS_RAISED = 0.06
LEAST_TEXTS = {
    "explicit": 144,
    "unusual": 86,
    "misspelt": 81,
    "numbers": 58,
    "buried": 34,
    "control": 137,
}
MIN_BURIED_CHARACTERS = 150


@cache
def texts() -> tuple[LabelledCase, ...]:
    with TEXTS.open(encoding="utf-8") as lines:
        return read_cases(lines)


def kind_of(case: LabelledCase) -> str:
    return case.id.split("-", maxsplit=1)[0]


def of_kind(kind: str) -> tuple[LabelledCase, ...]:
    return tuple(case for case in texts() if kind_of(case) == kind)


@cache
def answers() -> Mapping[str, Urgency]:
    """Urgency by id. The language is found from the text, as for a message that comes in."""
    return {case.id: assess_text(case.text, patient=case.patient).urgency for case in texts()}


def share(kind: str, holds: Callable[[LabelledCase, Urgency], bool]) -> tuple[float, list[str]]:
    """Share of the texts of a kind for which it holds, and the ids of the others."""
    cases = of_kind(kind)
    failing = [case.id for case in cases if not holds(case, answers()[case.id])]
    return 1 - len(failing) / len(cases), failing


@pytest.mark.parametrize("kind", sorted(RAISED))
def test_texts_with_a_sign_are_raised(kind: str) -> None:
    raised, missed = share(kind, lambda case, answer: answer >= case.urgency)
    assert raised >= RAISED[kind], f"{raised:.1%} of {kind} raised; missed: {', '.join(missed)}"


def test_controls_are_rarely_an_emergency() -> None:
    calm, alarmed = share("control", lambda _, answer: answer < Urgency.EMERGENCY)
    assert 1 - calm <= CONTROLS_RAISED, f"{1 - calm:.1%} alarmed: {', '.join(alarmed)}"


def test_every_kind_has_its_texts_in_every_language() -> None:
    assert Counter(map(kind_of, texts())).keys() == LEAST_TEXTS.keys()
    for kind, least in LEAST_TEXTS.items():
        cases = of_kind(kind)
        assert len(cases) >= least
        assert {case.language for case in cases} == set(LANGUAGES)


def test_signs_are_danger_signs_and_urgent_at_least() -> None:
    known = set(danger_sign_codes())
    for case in texts():
        assert set(case.danger_signs) <= known, case.id
        assert (kind_of(case) == "control") == (case.urgency <= Urgency.ROUTINE), case.id


def test_no_text_stands_twice() -> None:
    assert len({case.text.casefold() for case in texts()}) == len(texts())


def test_a_buried_sign_stands_in_a_long_text() -> None:
    assert all(len(case.text) >= MIN_BURIED_CHARACTERS for case in of_kind("buried"))
