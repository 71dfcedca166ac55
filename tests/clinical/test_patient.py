"""Age, sex, pregnancy and number of patients as a message states them."""

from __future__ import annotations

import pytest

from clinical.case import AgeGroup, Pregnancy, Sex
from clinical.reader import read_text


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("14mo cough", 426),
        ("2yr old fever", 730),
        ("2 year old boy", 730),
        ("child 3/12 cough", 91),
        ("mtoto wa miezi 8 ana homa", 244),
        ("mtoto miaka mitatu", 1096),
        ("bébé de 3 semaines", 21),
        ("enfant de 2 ans", 730),
        ("5 day old not sucking", 5),
        ("newborn 3 days", 3),
        ("baby 6 wks", 42),
        ("8m old", 244),
        ("18 months girl", 548),
        ("1 and half years child", 548),
        ("25F headache", 9131),
        ("garçon de 37 j, fièvre", 37),
        ("baby 3 d not feeding", 3),
        ("muac njano, mtoto miezi 16", 487),
        ("aged 60 years chest pain", 21915),
        ("age 34", 12418),
        ("baby born 2 days ago", 2),
        ("64 bpm breath 3mth", 91),
        ("3 wk old baby", 21),
        ("kichanga wa siku 5", 5),
        ("mwanamke wa miaka 30", 10958),
        ("fever 3 days girl 6", 2192),
        ("kuhara siku 2 mtoto miaka 3", 1096),
        ("homa siku 8 mtoto wa miaka 4", 1461),
        ("14 days diarrhoea 1 year boy", 365),
        ("girl 14 months hot 2 days", 426),
        ("toux 3 semaines enfant 4 ans joue", 1461),
        ("fièvre 5 mois", 152),
        ("MUAC 11.1 miezi 18", 548),
        ("mwaka 25", 9131),
        ("adult 35, fit lasted 15 min", 12784),
        ("8 mnth baby cough 2 days chest pulling in", 244),
        ("man 45 chest pain", 16436),
        ("temp 38.6, 19 days", 19),
    ],
)
def test_age_in_days(text: str, days: int) -> None:
    assert read_text(text).patient.age_days == days


@pytest.mark.parametrize(
    "text",
    [
        "cough 3 weeks",
        "fever x 3/7",
        "fever for 5 days",
        "diarrhoea since 2 days",
        "toux depuis 3 semaines",
        "kikohozi wiki tatu",
        "34wks pregnant headache",
        "delivered 3 days ago bleeding",
        "1 week of fever",
        "temp 102F",
        "born 142 years ago",
        "fit lasted 15 min",
        "brulure urine 2 jours femme, pas de fievre",
    ],
)
def test_duration_and_gestation_are_no_age(text: str) -> None:
    assert read_text(text).patient.age_days is None


@pytest.mark.parametrize(
    ("text", "weeks"),
    [
        ("34wks pregnant", 34),
        ("175/112 33w", 33),
        ("8 months pregnant", 34),
        ("preg 36 weeks headache", 36),
        ("G2P1 34/40 pregnant", 34),
        ("mjamzito miezi 8", 34),
        ("mjamzito wiki 30", 30),
        ("enceinte de 7 mois", 30),
        ("enceinte 34 SA", 34),
        ("25F 32 weeks pregnant", 32),
        ("150/100 protein ++ 35 wks", 35),
        ("G3P2 38 weeks labour pains", 38),
        ("30 weeks waters broken", 30),
        ("ansinte 6 moi", 26),
        ("blurred vision 35 weeks", 35),
        ("32 weeks, baby is moving less", 32),
    ],
)
def test_gestation(text: str, weeks: int) -> None:
    patient = read_text(text).patient
    assert patient.gestation_weeks == weeks
    assert patient.pregnancy is Pregnancy.PREGNANT
    assert patient.sex is Sex.FEMALE


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("newborn not crying", AgeGroup.NEWBORN),
        ("baby hot", AgeGroup.YOUNG_INFANT),
        ("child with cough", AgeGroup.CHILD),
        ("7 year old", AgeGroup.OLDER_CHILD),
        ("woman with headache", AgeGroup.ADULT),
        ("old man chest pain", AgeGroup.ADULT),
        ("pregnant baby not moving", AgeGroup.ADULT),
        ("mtoto ana homa", AgeGroup.CHILD),
        ("enfant fièvre", AgeGroup.CHILD),
        ("nouveau-né", AgeGroup.NEWBORN),
        ("fever", AgeGroup.UNKNOWN),
    ],
)
def test_age_group(text: str, group: AgeGroup) -> None:
    assert read_text(text).patient.age_group is group


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("boy 3 yrs", Sex.MALE),
        ("girl 3 yrs", Sex.FEMALE),
        ("mwanaume miaka 40", Sex.MALE),
        ("fille de 4 ans", Sex.FEMALE),
        ("she has headache", Sex.FEMALE),
        ("child 3 yrs", Sex.UNKNOWN),
    ],
)
def test_sex(text: str, sex: Sex) -> None:
    assert read_text(text).patient.sex is sex


@pytest.mark.parametrize(
    "text",
    [
        "delivered 3 days ago",
        "postpartum day 2 bleeding",
        "mama amejifungua jana",
        "3 weeks after delivery she has fever",
        "femme accouchée hier",
        "mama aliyejifungua siku 3 zilizopita, homa",
        "patient 12 days post C/S, wound open",
    ],
)
def test_postpartum(text: str) -> None:
    assert read_text(text).patient.pregnancy is Pregnancy.POSTPARTUM


def test_who_has_not_given_birth_yet_is_pregnant() -> None:
    reading = read_text("femme enceinte n'accouche pas depuis hier")
    assert reading.patient.pregnancy is Pregnancy.PREGNANT


def test_months_of_an_antenatal_mother_are_her_pregnancys() -> None:
    patient = read_text("ANC mother 7 months is bleeding from below").patient
    assert (patient.pregnancy, patient.gestation_weeks) == (Pregnancy.PREGNANT, 30)


def test_told_weeks_outweigh_a_denied_pregnancy() -> None:
    patient = read_text("preg 20wks, no pregnancy bleeding").patient
    assert (patient.pregnancy, patient.gestation_weeks) == (Pregnancy.PREGNANT, 20)


def test_not_pregnant_is_stated() -> None:
    assert read_text("woman not pregnant, headache").patient.pregnancy is Pregnancy.NOT_PREGNANT


@pytest.mark.parametrize(
    "text",
    [
        "2 yr old boy fever and 8 month girl diarrhoea",
        "two children with fever",
        "watoto wawili wana homa",
        "deux enfants avec fièvre",
    ],
)
def test_two_patients(text: str) -> None:
    reading = read_text(text)
    assert reading.patients == 2
    assert "two_patients" in reading.notes


@pytest.mark.parametrize(
    "text",
    ["2 yr old fever for 3 days", "34 wks pregnant 25F", "baby 5 days old, delivered 5 days ago"],
)
def test_one_patient(text: str) -> None:
    assert read_text(text).patients == 1
