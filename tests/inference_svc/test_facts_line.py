"""The facts line: compact, units told, unknown left out, absent never beside present."""

import pytest

from clinical.case import (
    AgeGroup,
    Case,
    Finding,
    Patient,
    Pregnancy,
    Presence,
    Sex,
    Vitals,
)
from inference_svc.facts_line import facts_line


def test_nothing_known_reads_none() -> None:
    assert facts_line(Case()) == "Facts: none"


def test_everything_known_stands_in_a_fixed_order() -> None:
    case = Case(
        patient=Patient(
            age_days=9000, sex=Sex.FEMALE, pregnancy=Pregnancy.PREGNANT, gestation_weeks=34
        ),
        vitals=Vitals(systolic_mmhg=170, diastolic_mmhg=115, temp_celsius=38.5),
        findings=(
            Finding(code="severe_headache"),
            Finding(code="convulsions", presence=Presence.ABSENT),
            Finding(code="fever", presence=Presence.UNKNOWN),
            Finding(code="blurred_vision"),
        ),
    )
    assert facts_line(case) == (
        "Facts: age=24y; sex=F; pregnant; gestation_weeks=34; temp=38.5; systolic=170; "
        "diastolic=115; severe_headache; blurred_vision; no: convulsions"
    )


@pytest.mark.parametrize(
    ("days", "age"),
    [(0, "0d"), (59, "59d"), (60, "2m"), (240, "8m"), (1800, "59m"), (1826, "5y"), (10958, "30y")],
)
def test_age_is_told_in_the_unit_of_its_table(days: int, age: str) -> None:
    assert f"age={age}" in facts_line(Case(patient=Patient(age_days=days)))


def test_age_group_stands_in_for_a_missing_age() -> None:
    assert facts_line(Case(patient=Patient(age_group=AgeGroup.NEWBORN))) == "Facts: age=newborn"


def test_present_wins_over_absent() -> None:
    both = (Finding(code="fever", presence=Presence.ABSENT), Finding(code="fever"))
    assert facts_line(Case(findings=both)) == "Facts: fever"
