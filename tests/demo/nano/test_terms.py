"""Facts drawn for a raw term make the compiled term true."""

from __future__ import annotations

from random import Random

import pytest

from clinical.tables.terms import Facts, parse_term
from demo.nano.terms import Draft, draw_term, statements_in

KNOWN = {code: code for code in ("cough", "fever", "stridor", "plays")}
TERMS = [
    "cough",
    {"any": ["cough", "fever"]},
    {"all": ["cough", "temp_celsius >= 38.5"]},
    {"all": ["fever", {"none": ["stridor"]}]},
    {"at_least": 2, "of": ["cough", "fever", "stridor"]},
    {"all": ["systolic_mmhg > 139", "systolic_mmhg < 160", "no cough"]},
]


@pytest.mark.parametrize("term", TERMS, ids=str)
def test_drawn_facts_make_the_term_true(term):
    compiled = parse_term(term, known=KNOWN, named={}, where="test")
    for seed in range(30):
        draft = Draft()
        draw_term(term, draft, Random(seed))
        numbers = {**draft.at_most, **draft.at_least}
        present = frozenset(draft.present)
        assert compiled.holds(Facts(present, numbers, present, frozenset(draft.absent)))


def test_a_none_group_bars_its_findings():
    draft = Draft()
    draw_term({"none": ["stridor", "no cough"]}, draft, Random(1))
    assert draft.barred == {"stridor", "no cough"}


def test_statements_are_found_through_groups_and_definitions():
    assert "convulsions" in statements_in({"any": ["@general_danger_sign", "temp_celsius >= 39"]})
