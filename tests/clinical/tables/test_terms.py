from typing import Any

import pytest

from clinical.tables.terms import Facts, Term, parse_term
from clinical.tables.toml_file import TableError

KNOWN = {"cough": "cough", "fever": "fever", "rash": "rash"}


def term(source: Any, named: dict[str, Term] | None = None) -> Term:
    return parse_term(source, known=KNOWN, named=named or {}, where="f: R-1")


def facts(*present: str, absent: tuple[str, ...] = (), **numbers: float) -> Facts:
    return Facts(frozenset(present), numbers, frozenset(present), frozenset(absent))


@pytest.mark.parametrize(
    ("source", "known", "holds"),
    [
        ("cough", facts("cough"), True),
        ("cough", facts("fever"), False),
        ("no cough", facts(absent=("cough",)), True),
        ("no cough", facts(), False),
        ("temp_celsius >= 37.5", facts(temp_celsius=37.5), True),
        ("temp_celsius >= 37.5", facts(temp_celsius=37.4), False),
        ("temp_celsius >= 37.5", facts(), False),
        ("temp_celsius < 35.5", facts(temp_celsius=35.4), True),
        ("muac_mm > 114", facts(muac_mm=114), False),
        ("muac_mm <= 114", facts(muac_mm=114), True),
        ({"any": ["cough", "muac_mm < 115"]}, facts(muac_mm=110), True),
        ({"all": ["cough", "fever"]}, facts("cough"), False),
        ({"all": ["cough", {"none": ["fever"]}]}, facts("cough"), True),
        ({"all": ["cough", {"none": ["fever"]}]}, facts("cough", "fever"), False),
        ({"at_least": 2, "of": ["cough", "fever", "rash"]}, facts("cough", "rash"), True),
        ({"at_least": 2, "of": ["cough", "fever", "rash"]}, facts("rash"), False),
    ],
    ids=str,
)
def test_a_term_holds_only_for_what_is_known(source: Any, known: Facts, holds: bool) -> None:
    assert term(source).holds(known) is holds


def test_a_definition_is_used_by_its_name() -> None:
    hot = term("temp_celsius >= 37.5")
    assert term({"all": ["cough", "@hot"]}, {"hot": hot}).holds(facts("cough", temp_celsius=38))


@pytest.mark.parametrize(
    "source",
    [
        "coughing",
        "@nothing",
        "temp_fahrenheit > 100",
        "temp_celsius > hot",
        {"any": []},
        {"some": ["cough"]},
        {"any": ["cough"], "all": ["fever"]},
        {"at_least": 3, "of": ["cough", "fever"]},
        {"at_least": "two", "of": ["cough", "fever"]},
        7,
    ],
    ids=str,
)
def test_what_is_not_understood_is_refused_with_the_rule(source: Any) -> None:
    with pytest.raises(TableError, match=r"f: R-1"):
        term(source)


def test_more_facts_asked_for_weigh_more() -> None:
    assert term({"all": ["cough", "fever"]}).weight == 2
    assert term({"any": ["cough", {"all": ["fever", "rash"]}]}).weight == 1
    assert term({"at_least": 2, "of": ["cough", "fever", "rash"]}).weight == 2


def test_keys_are_facts_without_which_a_term_cannot_hold() -> None:
    assert term({"all": ["cough", {"any": ["fever", "rash"]}]}).keys == {"cough"}
    assert term({"any": ["fever", "rash"]}).keys == {"fever", "rash"}
    assert term({"none": ["fever"]}).keys == set()
    assert term({"any": ["fever", {"none": ["rash"]}]}).keys == set()


def test_a_finding_that_only_follows_from_another_softens_nothing() -> None:
    long_cough = Facts(frozenset({"cough", "fever"}), {}, direct=frozenset({"fever"}))
    assert term({"all": ["fever", {"none": ["cough"]}]}).holds(long_cough)


def test_what_softens_is_known_through_groups() -> None:
    softened = term({"all": ["fever", {"none": [{"any": ["cough", "no rash"]}]}]})
    assert softened.softened_by == {"cough"}
    long_cough = Facts(frozenset({"cough", "fever"}), {}, direct=frozenset({"fever"}))
    assert softened.holds(long_cough)
