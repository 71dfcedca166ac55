"""A case over turns: adds what a message or an answer states, and notices another patient.

Pure; what to do about another patient is the conversation's to decide.
"""

from __future__ import annotations

from dataclasses import replace

from clinical.answers import Answer
from clinical.case import AgeGroup, Case, Patient, Pregnancy, Sex
from clinical.facts import DAYS_BY_GROUP
from clinical.read_case import merged_findings, merged_patient, merged_vitals
from clinical.reader import Reading
from clinical.reader.read import CORRECTION

SAME_AGE_SHARE = 0.2  # «8 months» and «9 months» are one child; «2 years» and «30 years» are not
SAME_AGE_DAYS = 31


def accumulate(case: Case, facts: Reading | Answer) -> Case:
    """The case with those facts added. A later measurement wins; no finding is forgotten."""
    return replace(
        case,
        patient=merged_patient(case.patient, facts.patient),
        vitals=merged_vitals(case.vitals, facts.vitals),
        findings=merged_findings(case.findings, facts.findings),
    )


def is_other_patient(case: Case, facts: Reading | Answer) -> bool:
    """Whether age, sex or pregnancy contradict the case, so that another patient is meant.

    Not where the message says that it corrects what was told: the later statement then holds.
    """
    if isinstance(facts, Reading) and CORRECTION in facts.notes:
        return False
    before, after = case.patient, facts.patient
    return (
        _ages_conflict(before, after)
        or (Sex.UNKNOWN not in {before.sex, after.sex} and before.sex is not after.sex)
        or _pregnancy_conflicts(before.pregnancy, after)
        or _pregnancy_conflicts(after.pregnancy, before)
    )


def _ages_conflict(before: Patient, after: Patient) -> bool:
    if before.age_days is not None and after.age_days is not None:
        apart = abs(before.age_days - after.age_days)
        return apart > max(SAME_AGE_DAYS, SAME_AGE_SHARE * max(before.age_days, after.age_days))
    one, other = _days(before), _days(after)
    return one is not None and other is not None and (one[1] <= other[0] or other[1] <= one[0])


def _days(patient: Patient) -> tuple[int, int] | None:
    if patient.age_days is not None:
        return patient.age_days, patient.age_days + 1
    return DAYS_BY_GROUP.get(patient.age_group, None) if _age_known(patient) else None


def _age_known(patient: Patient) -> bool:
    return patient.age_group is not AgeGroup.UNKNOWN


def _pregnancy_conflicts(pregnancy: Pregnancy, other: Patient) -> bool:
    """A mother is no man, no infant, and not stated otherwise. Giving birth is no conflict."""
    if pregnancy not in {Pregnancy.PREGNANT, Pregnancy.POSTPARTUM}:
        return False
    days = _days(other)
    return (
        other.sex is Sex.MALE
        or other.pregnancy is Pregnancy.NOT_PREGNANT
        or (days is not None and days[1] <= DAYS_BY_GROUP[AgeGroup.OLDER_CHILD][0])
    )
