from typing import Any

import pytest

from clinical.assessment import Urgency
from clinical.tables import TableError, rules
from clinical.tables.rule import rule_of, unique

GUIDELINE_ROWS = [
    *("DS1", "DS2", "DS3", "RR1", "RR2", "RR3", "RESP1", "RESP2", "PSBI", "YI2", "TEMP1", "FEB1"),
    *("DEH1", "DEH2", "ANA1", "EAR1", "ICCM1", "MUAC1", "MUAC2", "PREG1", "BP1", "BP2", "BP3"),
    *("SHOCK1", "PPH1", "PNC1", "NB1", "NB2", "IITT-R", "IITT-V", "IITT-Y", "SATS", "CHOL", "EVD"),
]

A_ROW: dict[str, Any] = {
    "id": "T-1",
    "says": "Convulsions",
    "population": ["child"],
    "when": "convulsions",
    "urgency": "EMERGENCY",
    "condition": "epilepsy",
    "actions": ["position_on_side"],
    "citation": "a source",
    "status": "read",
}


def a_row(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**A_ROW, **changes}.items() if value is not None}


@pytest.mark.parametrize("row", GUIDELINE_ROWS)
def test_every_row_of_the_guideline_has_a_rule(row: str) -> None:
    assert [rule.id for rule in rules() if row in rule.rows]


def test_no_rule_names_a_row_that_the_guideline_does_not_have() -> None:
    assert {row for rule in rules() for row in rule.rows} <= set(GUIDELINE_ROWS)


def test_nothing_is_marked_reviewed_before_a_clinician_has_reviewed_it() -> None:
    assert not [rule.id for rule in rules() if rule.reviewed]


def test_every_urgent_rule_says_what_is_likely_or_asks() -> None:
    silent = [
        rule.id
        for rule in rules()
        if rule.urgency is Urgency.URGENT and rule.condition == "not_clear" and not rule.ask
    ]
    assert silent == []


def test_a_row_becomes_a_rule_with_its_danger_signs() -> None:
    rule = rule_of(a_row(), file="t.toml", order=0)
    assert (rule.urgency, rule.danger_signs, rule.level) == (
        Urgency.EMERGENCY,
        ("convulsions",),
        "HOSPITAL",
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"citation": None}, "missing citation"),
        ({"citation": " "}, "citation expects the source"),
        ({"note": "x"}, "unknown note"),
        ({"urgency": "URGENTLY"}, "expected one of HOME, ROUTINE, URGENT, EMERGENCY"),
        ({"urgency": "UNSPECIFIED"}, "expected one of"),
        ({"condition": "flu"}, r"flu not in conditions.toml"),
        ({"when": "fits"}, "'fits' is no finding"),
        ({"when": {"none": ["cough"]}}, "although nothing is known"),
        ({"when": {"all": ["cough", {"none": ["stiff_neck"]}]}}, "none names the danger sign"),
        ({"population": ["toddler"]}, r"toddler not in populations.toml"),
        ({"population": []}, "at least one"),
        ({"actions": ["home_care"]}, "home_care not permitted at EMERGENCY"),
        ({"actions": ["give_amoxicillin"]}, r"not in actions.toml"),
        ({"ask": ["shoe_size"]}, r"not in questions.toml"),
        ({"status": "certain"}, "status expects one of"),
        ({"level": "MOON"}, "level expects one of"),
        ({"danger_signs": ["cough_14_days"]}, "the danger signs that `when` asks for"),
    ],
    ids=str,
)
def test_a_wrong_row_is_refused_with_file_and_id(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TableError, match=r"rules/t.toml: T-1") as refused:
        rule_of(a_row(**changes), file="t.toml", order=0)
    assert refused.match(message)


def test_an_id_that_stands_twice_is_refused() -> None:
    first = rule_of(a_row(), file="a.toml", order=0)
    second = rule_of(a_row(), file="b.toml", order=1)
    with pytest.raises(TableError, match=r"rules/b.toml: T-1 stands already in rules/a.toml"):
        unique([first, second])
