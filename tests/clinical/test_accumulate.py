from collections.abc import Callable

import pytest

from clinical import Answer, Reading, accumulate, is_other_patient, read_text
from clinical.case import AgeGroup, Case, Finding, Patient, Pregnancy, Presence, Sex, Vitals

CaseBuilder = Callable[..., Case]


def test_findings_add_up_over_turns(a_case: CaseBuilder) -> None:
    case = accumulate(a_case("cough"), Answer(findings=(Finding(code="fever"),)))
    assert [finding.code for finding in case.findings] == ["cough", "fever"]


def test_the_same_fact_told_twice_stands_once(a_case: CaseBuilder) -> None:
    answer = Answer(findings=(Finding(code="fever"),))
    case = a_case("cough")
    assert accumulate(accumulate(case, answer), answer) == accumulate(case, answer)


def test_a_later_measurement_wins(a_case: CaseBuilder) -> None:
    case = accumulate(a_case(temp_celsius=39.0), Answer(vitals=Vitals(temp_celsius=37.0)))
    assert case.vitals.temp_celsius == 37.0


def test_a_sign_is_not_forgotten_when_it_is_denied_later(a_case: CaseBuilder) -> None:
    denied = Answer(findings=(Finding(code="convulsions", presence=Presence.ABSENT),))
    case = accumulate(a_case("convulsions"), denied)
    assert case.presence_by_code()["convulsions"] is Presence.PRESENT


def test_the_patient_becomes_better_known(a_case: CaseBuilder) -> None:
    case = accumulate(a_case(sex=Sex.FEMALE), Reading(patient=Patient(age_days=400)))
    assert (case.patient.sex, case.patient.age_days) == (Sex.FEMALE, 400)


@pytest.mark.parametrize(
    ("before", "after", "other"),
    [
        ({"age_days": 240}, {"age_days": 270}, False),
        ({"age_days": 240}, {"age_days": 730}, True),
        ({"age_days": 730}, {"age_days": 10950}, True),
        ({"age_days": 10950}, {"age_days": 11300}, False),
        ({"age_days": 730}, {"age_group": AgeGroup.CHILD}, False),
        ({"age_days": 10950}, {"age_group": AgeGroup.CHILD}, True),
        ({"age_group": AgeGroup.NEWBORN}, {"age_group": AgeGroup.YOUNG_INFANT}, False),
        ({"sex": Sex.FEMALE}, {"sex": Sex.MALE}, True),
        ({"sex": Sex.FEMALE}, {}, False),
        ({"pregnancy": Pregnancy.PREGNANT}, {"sex": Sex.MALE}, True),
        ({"pregnancy": Pregnancy.PREGNANT}, {"age_days": 400}, True),
        ({"age_group": AgeGroup.CHILD}, {"pregnancy": Pregnancy.PREGNANT}, True),
        ({"pregnancy": Pregnancy.PREGNANT}, {"pregnancy": Pregnancy.NOT_PREGNANT}, True),
        ({"pregnancy": Pregnancy.PREGNANT}, {"pregnancy": Pregnancy.POSTPARTUM}, False),
        ({"pregnancy": Pregnancy.PREGNANT}, {"age_days": 7000}, False),
        ({}, {"age_days": 400, "sex": Sex.MALE}, False),
    ],
    ids=str,
)
def test_another_patient_is_noticed(
    before: dict[str, object], after: dict[str, object], other: bool
) -> None:
    case = Case(patient=Patient(**before))  # type: ignore[arg-type]
    assert is_other_patient(case, Reading(patient=Patient(**after))) is other  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("no it is 1 baby of 8 months", False),
        ("baby of 8 months", True),
        ("hapana ni mtoto mmoja wa miezi 8", False),
        ("non c'est un bébé de 8 mois", False),
    ],
)
def test_a_correction_is_of_the_same_patient(a_case: CaseBuilder, text: str, other: bool) -> None:
    case = a_case("cough", age_days=2)
    reading = read_text(text)
    assert is_other_patient(case, reading) is other
    assert accumulate(case, reading).patient.age_days == 244
