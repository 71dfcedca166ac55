"""Says in few words whom a case is about: «girl 14 mo». Pure."""

from __future__ import annotations

from clinical.case import AgeGroup, Patient, Pregnancy, Sex
from gateway.phrases import say

DAYS_OF_MONTH = 30.4375
DAYS_OF_YEAR = 365.25
ADULT_DAYS = int(18 * DAYS_OF_YEAR)
CHILD_DAYS = int(12 * DAYS_OF_YEAR)

_GROUP_WORD = {
    AgeGroup.NEWBORN: "who_newborn",
    AgeGroup.YOUNG_INFANT: "who_baby",
    AgeGroup.CHILD: "who_child",
    AgeGroup.OLDER_CHILD: "who_child",
    AgeGroup.ADULT: "who_adult",
}
_SEX_WORD = {
    (True, Sex.FEMALE): "who_woman",
    (True, Sex.MALE): "who_man",
    (False, Sex.FEMALE): "who_girl",
    (False, Sex.MALE): "who_boy",
}


def describe_patient(patient: Patient, language: str) -> str:
    """A few words, empty where nothing is known of the patient."""
    parts = [_noun(patient, language), _age(patient, language)]
    if patient.pregnancy is Pregnancy.PREGNANT:
        parts.append(say("who_pregnant", language))
        if patient.gestation_weeks is not None:
            parts.append(say("age_weeks_pregnant", language, n=str(patient.gestation_weeks)))
    elif patient.pregnancy is Pregnancy.POSTPARTUM:
        parts.append(say("who_postpartum", language))
    return " ".join(part for part in parts if part)


def _noun(patient: Patient, language: str) -> str:
    days, group = patient.age_days, patient.age_group
    if patient.pregnancy in (Pregnancy.PREGNANT, Pregnancy.POSTPARTUM):
        return say("who_woman", language)
    if days is not None and days < 60:
        return say("who_baby", language)
    if group in (AgeGroup.NEWBORN, AgeGroup.YOUNG_INFANT):
        return say(_GROUP_WORD[group], language)
    if patient.sex is not Sex.UNKNOWN:
        grown = days >= CHILD_DAYS if days is not None else group is AgeGroup.ADULT
        if days is None and group is AgeGroup.UNKNOWN:
            return ""
        return say(_SEX_WORD[(grown, patient.sex)], language)
    if days is not None:
        return say("who_child" if days < ADULT_DAYS else "who_adult", language)
    return say(_GROUP_WORD[group], language) if group in _GROUP_WORD else ""


def _age(patient: Patient, language: str) -> str:
    days = patient.age_days
    if days is None:
        return ""
    if days < 60:
        return say("age_days", language, n=str(days))
    if days < 5 * DAYS_OF_YEAR:
        months = round(days / DAYS_OF_MONTH)
        if months % 12 or months < 24:
            return say("age_months", language, n=str(months))
    return say("age_years", language, n=str(round(days / DAYS_OF_YEAR)))
