import pytest

from clinical.case import AgeGroup, Patient, Pregnancy, Sex
from gateway.who import describe_patient

WORDS = [
    (Patient(), ""),
    (Patient(sex=Sex.FEMALE), ""),
    (Patient(age_days=5), "baby 5 d"),
    (Patient(age_days=426, sex=Sex.FEMALE), "girl 14 mo"),
    (Patient(age_days=731), "child 2 y"),
    (Patient(age_days=913, sex=Sex.MALE), "boy 30 mo"),
    (Patient(age_days=7 * 365 + 2), "child 7 y"),
    (Patient(age_days=30 * 365, sex=Sex.MALE), "man 30 y"),
    (Patient(age_group=AgeGroup.ADULT, sex=Sex.FEMALE), "woman"),
    (Patient(age_group=AgeGroup.CHILD, sex=Sex.MALE), "boy"),
    (Patient(age_group=AgeGroup.NEWBORN, sex=Sex.MALE), "newborn"),
    (Patient(age_group=AgeGroup.ADULT), "adult"),
    (Patient(pregnancy=Pregnancy.PREGNANT, gestation_weeks=34), "woman pregnant 34 wk"),
    (Patient(pregnancy=Pregnancy.POSTPARTUM, age_days=9_000), "woman 25 y after birth"),
]


@pytest.mark.parametrize(("patient", "words"), WORDS, ids=[w or "unknown" for _, w in WORDS])
def test_patients_are_told_in_few_words(patient, words):
    assert describe_patient(patient, "en") == words


@pytest.mark.parametrize("language", ["fr", "sw"])
def test_other_languages_have_words_of_their_own(language):
    girl = Patient(age_days=426, sex=Sex.FEMALE)
    assert describe_patient(girl, language) not in ("", describe_patient(girl, "en"))
