import json
from pathlib import Path

import pytest

from clinical.assessment import Urgency
from clinical.case import Patient, Pregnancy, Sex
from clinical.evaluate.cases import CaseFileError, read_cases

DATA = Path(__file__).parents[3] / "clinical" / "evaluation"


def a_line(**changes: object) -> str:
    row = {"id": "a1", "text": "2yr fits now", "urgency": "EMERGENCY", **changes}
    return json.dumps({key: value for key, value in row.items() if value is not ...})


def test_a_full_line_becomes_a_typed_case() -> None:
    patient = {"age_days": 8000, "sex": "FEMALE", "pregnancy": "PREGNANT", "gestation_weeks": 33}
    line = a_line(
        language="en",
        patient=patient,
        danger_signs=["convulsions"],
        condition="eclampsia",
        refer=True,
        group="maternal_health",
    )
    (case,) = read_cases([line])
    assert case.patient == Patient(
        age_days=8000, sex=Sex.FEMALE, pregnancy=Pregnancy.PREGNANT, gestation_weeks=33
    )
    assert (case.urgency, case.danger_signs) == (Urgency.EMERGENCY, ("convulsions",))
    assert (case.condition, case.refer, case.group) == ("eclampsia", True, "maternal_health")


def test_what_is_not_labelled_stays_unknown() -> None:
    (case,) = read_cases(["", a_line(), "  \n"])
    assert (case.language, case.patient, case.refer, case.condition) == (None, None, None, None)
    assert case.danger_signs == ()


def test_an_unused_key_is_kept_in_mind_and_not_refused() -> None:
    (case,) = read_cases([a_line(author="b", note="x")])
    assert case.ignored_keys == ("author", "note")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "one JSON object"),
        ("[1]", "a JSON object, found a list"),
        ("[" * 100_000, "one JSON object"),
        (a_line(id=...), "the key 'id', which is missing"),
        (a_line(text=...), "the key 'text', which is missing"),
        (a_line(text=5), "'text' as text"),
        (a_line(text="x" * 4001), "at most 4000 characters, found 4001"),
        (a_line(urgency="urgent"), "'urgency' as one of HOME, ROUTINE, URGENT, EMERGENCY"),
        (a_line(urgency="UNSPECIFIED"), "'urgency' as one of HOME"),
        (a_line(urgency={}), "found an object"),
        (a_line(danger_signs="convulsions"), "'danger_signs' as a list of finding codes"),
        (a_line(danger_sign=["convulsions"]), "the key 'danger_signs', found 'danger_sign'"),
        (a_line(refer="yes"), "'refer' as true or false, found text"),
        (a_line(patient=[]), "'patient' as an object"),
        (a_line(patient={"age": 3}), "only age_days, sex, pregnancy, gestation_weeks, found 'age'"),
        (a_line(patient={"age_days": -1}), "'age_days' as a whole number from 0"),
        (a_line(patient={"age_days": True}), "'age_days' as a whole number"),
        (a_line(patient={"pregnancy": "YES"}), "'pregnancy' as one of"),
        (a_line(patient={"gestation_weeks": 60}), "from 0 to 45, found 60"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_a_bad_line_is_told_by_number_and_what_was_expected(line: str, expected: str) -> None:
    with pytest.raises(CaseFileError) as told:
        read_cases([a_line(id="first"), "", line])
    assert str(told.value).startswith("Line 3: expected ")
    assert expected in str(told.value)
    assert str(told.value).endswith(".")


def test_every_bad_line_is_told_together() -> None:
    with pytest.raises(CaseFileError) as told:
        read_cases(["{", a_line(), a_line(), "[]"])
    numbers = [sentence.split(":")[0] for sentence in str(told.value).splitlines()]
    assert numbers == ["Line 1", "Line 3", "Line 4"]


def test_a_file_without_cases_is_refused() -> None:
    with pytest.raises(CaseFileError, match="holds no case"):
        read_cases(["", " "])


def test_the_message_text_does_not_show_in_a_repr() -> None:
    (case,) = read_cases([a_line(text="secret words")])
    assert "secret" not in repr(case)


@pytest.mark.parametrize(
    ("name", "texts", "french", "swahili"),
    [
        ("explicit_danger_signs", 320, 70, 70),
        ("benign_controls", 220, 45, 45),
        ("scenarios", 60, 6, 6),
    ],
)
def test_the_evaluation_texts_are_many_and_distinct(
    name: str, texts: int, french: int, swahili: int
) -> None:
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as lines:
        cases = read_cases(lines)
    assert len(cases) >= texts
    assert len({case.text.casefold() for case in cases}) == len(cases)
    assert sum(case.language == "fr" for case in cases) >= french
    assert sum(case.language == "sw" for case in cases) >= swahili
    assert not any(case.ignored_keys for case in cases)


def test_every_group_of_scenarios_has_fifteen_or_more() -> None:
    with (DATA / "scenarios.jsonl").open(encoding="utf-8") as lines:
        groups = [case.group for case in read_cases(lines)]
    assert set(groups) == {
        "paediatric_emergencies",
        "maternal_health",
        "infectious_disease",
        "chronic_conditions",
    }
    assert min(groups.count(group) for group in set(groups)) >= 15


def test_danger_sign_texts_expect_urgent_care_and_controls_do_not_expect_an_emergency() -> None:
    with (DATA / "explicit_danger_signs.jsonl").open(encoding="utf-8") as lines:
        assert all(case.urgency >= Urgency.URGENT for case in read_cases(lines))
    with (DATA / "benign_controls.jsonl").open(encoding="utf-8") as lines:
        assert all(case.urgency < Urgency.EMERGENCY for case in read_cases(lines))
