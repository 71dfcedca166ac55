"""Each row of the guideline as cases: which facts, which age, which urgency."""

from collections.abc import Callable
from typing import Any

import pytest

from clinical.assessment import Urgency
from clinical.case import AgeGroup, Case, Pregnancy, Sex
from clinical.rules import highest_urgency, judge
from clinical.tables import danger_sign_codes

CaseBuilder = Callable[..., Case]
HOME, ROUTINE, URGENT, EMERGENCY = Urgency.HOME, Urgency.ROUTINE, Urgency.URGENT, Urgency.EMERGENCY

CHILD: dict[str, Any] = {"age_days": 700}
INFANT: dict[str, Any] = {"age_days": 200}
NEWBORN: dict[str, Any] = {"age_days": 4}
YOUNG_INFANT: dict[str, Any] = {"age_days": 40}
ADULT: dict[str, Any] = {"age_days": 12000}
OVER_50: dict[str, Any] = {"age_days": 20000}
PREGNANT: dict[str, Any] = {"age_days": 9000, "pregnancy": Pregnancy.PREGNANT}
POSTPARTUM: dict[str, Any] = {"age_days": 9000, "pregnancy": Pregnancy.POSTPARTUM}

Row = tuple[str, list[str], dict[str, Any], Urgency]

ROWS: list[Row] = [
    ("DS1", ["convulsions"], CHILD, EMERGENCY),
    ("DS2", ["lethargic"], CHILD, EMERGENCY),
    ("DS2", ["unconscious"], INFANT, EMERGENCY),
    ("DS3", ["not_able_to_drink"], CHILD, EMERGENCY),
    ("DS3", ["vomits_everything"], CHILD, EMERGENCY),
    ("DS3", ["vomiting"], CHILD, ROUTINE),
    ("RR1", [], {**NEWBORN, "respiratory_rate_per_minute": 60}, EMERGENCY),
    ("RR1", [], {**YOUNG_INFANT, "respiratory_rate_per_minute": 60}, URGENT),
    ("RR1", ["cough"], {**YOUNG_INFANT, "respiratory_rate_per_minute": 59}, ROUTINE),
    ("RR2", ["cough"], {**INFANT, "respiratory_rate_per_minute": 50}, URGENT),
    ("RR2", ["cough"], {**INFANT, "respiratory_rate_per_minute": 49}, HOME),
    ("RR3", ["cough"], {**CHILD, "respiratory_rate_per_minute": 40}, URGENT),
    ("RR3", ["cough"], {**CHILD, "respiratory_rate_per_minute": 39}, HOME),
    ("RESP1", ["stridor"], CHILD, EMERGENCY),
    ("RESP1", [], {**CHILD, "spo2_percent": 89}, EMERGENCY),
    ("RESP2", ["cough", "chest_indrawing"], CHILD, EMERGENCY),
    ("PSBI", ["not_feeding"], NEWBORN, EMERGENCY),
    ("PSBI", ["feeding_poorly"], YOUNG_INFANT, EMERGENCY),
    ("PSBI", ["convulsions"], YOUNG_INFANT, EMERGENCY),
    ("PSBI", ["chest_indrawing"], YOUNG_INFANT, EMERGENCY),
    ("PSBI", ["no_movement"], YOUNG_INFANT, EMERGENCY),
    ("PSBI", [], {**YOUNG_INFANT, "temp_celsius": 38.0}, EMERGENCY),
    ("PSBI", [], {**YOUNG_INFANT, "temp_celsius": 37.9}, URGENT),
    ("PSBI", [], {**YOUNG_INFANT, "temp_celsius": 35.4}, EMERGENCY),
    ("YI2", ["yellow_palms_soles"], YOUNG_INFANT, EMERGENCY),
    ("YI2", ["jaundice"], {"age_days": 0}, EMERGENCY),
    ("YI2", ["jaundice"], NEWBORN, URGENT),
    ("YI2", ["very_low_weight"], NEWBORN, EMERGENCY),
    ("TEMP1", [], {**CHILD, "temp_celsius": 37.5}, ROUTINE),
    ("FEB1", ["fever", "lethargic"], CHILD, EMERGENCY),
    ("FEB1", ["stiff_neck"], CHILD, EMERGENCY),
    ("DEH1", ["sunken_eyes", "skin_pinch_very_slow"], CHILD, EMERGENCY),
    ("DEH1", ["diarrhoea", "drinks_poorly", "sunken_eyes"], CHILD, EMERGENCY),
    ("DEH2", ["diarrhoea", "restless_irritable", "drinks_eagerly"], CHILD, URGENT),
    ("DEH2", ["diarrhoea"], CHILD, ROUTINE),
    ("ANA1", ["severe_pallor"], CHILD, EMERGENCY),
    ("ANA1", [], {**CHILD, "haemoglobin_g_per_dl": 6.9}, EMERGENCY),
    ("ANA1", ["some_pallor"], CHILD, ROUTINE),
    ("EAR1", ["swelling_behind_ear"], CHILD, EMERGENCY),
    ("EAR1", ["ear_pain"], CHILD, ROUTINE),
    ("ICCM1", ["cough_14_days"], CHILD, URGENT),
    ("ICCM1", ["diarrhoea_14_days"], CHILD, URGENT),
    ("ICCM1", ["blood_in_stool"], CHILD, URGENT),
    ("ICCM1", ["fever_7_days"], CHILD, URGENT),
    ("ICCM1", ["blood_in_stool", "not_able_to_drink"], CHILD, EMERGENCY),
    ("MUAC1", [], {**CHILD, "muac_mm": 114}, URGENT),
    ("MUAC1", ["poor_appetite"], {**CHILD, "muac_mm": 114}, EMERGENCY),
    ("MUAC1", ["oedema_both_feet"], CHILD, URGENT),
    ("MUAC1", ["oedema_both_feet"], {"age_days": 100}, EMERGENCY),
    ("MUAC2", [], {**CHILD, "muac_mm": 115}, ROUTINE),
    ("MUAC2", [], {**CHILD, "muac_mm": 124}, ROUTINE),
    *[
        ("PREG1", [sign], PREGNANT, EMERGENCY)
        for sign in [
            "vaginal_bleeding",
            "cyanosis",
            "convulsions",
            "fever",
            "severe_headache",
            "blurred_vision",
            "labour",
            "imminent_delivery",
            "looks_very_ill",
            "severe_vomiting",
            "severe_pain",
            "severe_abdominal_pain",
            "unconscious",
        ]
    ],
    ("PREG1", ["pregnancy_nausea"], PREGNANT, ROUTINE),
    ("PREG1", ["fever"], {**PREGNANT, "temp_celsius": 37.2}, URGENT),
    ("BP1", [], {**PREGNANT, "systolic_mmhg": 160, "diastolic_mmhg": 80}, EMERGENCY),
    ("BP1", [], {**PREGNANT, "systolic_mmhg": 130, "diastolic_mmhg": 110}, EMERGENCY),
    ("BP2", ["headache"], {**PREGNANT, "systolic_mmhg": 140, "diastolic_mmhg": 80}, EMERGENCY),
    ("BP2", ["protein_in_urine"], {**PREGNANT, "diastolic_mmhg": 90}, EMERGENCY),
    ("BP3", [], {**PREGNANT, "systolic_mmhg": 145, "diastolic_mmhg": 92}, URGENT),
    ("BP3", ["routine_antenatal"], {**PREGNANT, "systolic_mmhg": 120}, ROUTINE),
    ("SHOCK1", [], {**POSTPARTUM, "systolic_mmhg": 88}, EMERGENCY),
    ("SHOCK1", ["fainting"], {**PREGNANT, "pulse_per_minute": 112}, EMERGENCY),
    ("PPH1", ["heavy_bleeding"], POSTPARTUM, EMERGENCY),
    ("PPH1", [], {**POSTPARTUM, "blood_loss_ml": 500}, EMERGENCY),
    ("PPH1", ["dizziness"], {**POSTPARTUM, "blood_loss_ml": 300}, EMERGENCY),
    *[
        ("PNC1", [sign], POSTPARTUM, EMERGENCY)
        for sign in ("fever", "severe_headache", "vaginal_bleeding", "convulsions")
    ],
    ("PNC1", ["foul_discharge"], POSTPARTUM, URGENT),
    ("PNC1", ["foul_discharge", "fever"], POSTPARTUM, EMERGENCY),
    *[
        ("NB1", [sign], NEWBORN, EMERGENCY)
        for sign in ("convulsions", "lethargic", "newborn_stiff", "fever", "cyanosis")
    ],
    ("NB1", ["infected_cord"], NEWBORN, EMERGENCY),
    ("NB1", ["infected_cord", "fever"], NEWBORN, EMERGENCY),
    ("NB1", ["vomiting"], NEWBORN, URGENT),
    *[
        ("NB2", [sign], NEWBORN, EMERGENCY)
        for sign in [
            "grunting",
            "cyanosis",
            "pus_eyes",
            "severe_pallor",
            "cord_bleeding",
            "swollen_abdomen",
            "no_stool_24h",
        ]
    ],
    ("NB2", [], {**NEWBORN, "respiratory_rate_per_minute": 30}, EMERGENCY),
    ("NB2", [], {**NEWBORN, "temp_celsius": 37.5}, EMERGENCY),
    *[
        ("IITT-R", [sign], ADULT, EMERGENCY)
        for sign in [
            "unconscious",
            "stridor",
            "severe_respiratory_distress",
            "cyanosis",
            "heavy_bleeding",
            "convulsions",
            "major_trauma",
            "poisoning",
            "cold_pale_limb",
            "snakebite",
            "violent_aggressive",
        ]
    ],
    ("IITT-R", [], {**ADULT, "pulse_per_minute": 49}, EMERGENCY),
    ("IITT-R", [], {**ADULT, "pulse_per_minute": 151}, EMERGENCY),
    ("IITT-R", ["fever", "stiff_neck"], ADULT, EMERGENCY),
    ("IITT-R", ["chest_pain", "cough"], OVER_50, EMERGENCY),
    ("IITT-R", ["abdominal_pain"], OVER_50, EMERGENCY),
    ("IITT-R", ["abdominal_pain"], ADULT, ROUTINE),
    ("IITT-V", [], {**ADULT, "pulse_per_minute": 131}, URGENT),
    ("IITT-V", [], {**ADULT, "temp_celsius": 39.1}, URGENT),
    ("IITT-V", ["vomits_everything"], {**ADULT, "temp_celsius": 39.1}, EMERGENCY),
    ("IITT-V", ["confused"], ADULT, EMERGENCY),
    *[
        ("IITT-Y", [sign], ADULT, URGENT)
        for sign in [
            "swelling_face_throat",
            "wheeze",
            "vomits_everything",
            "not_able_to_drink",
            "severe_pallor",
            "fainting",
            "weakness_acute",
            "sudden_vision_loss",
            "deformity",
            "burn",
            "sexual_assault",
            "testicular_pain",
            "no_urine",
            "animal_bite",
        ]
    ],
    *[
        ("SATS", [sign], ADULT, EMERGENCY)
        for sign in [
            "chest_pain",
            "poisoning",
            "burn_severe",
            "vomiting_blood",
            "convulsions",
            "open_fracture",
            "severe_pain",
        ]
    ],
    ("SATS", [], {**ADULT, "glucose_mg_per_dl": 39}, EMERGENCY),
    ("SATS", ["deformity"], PREGNANT, EMERGENCY),
    ("CHOL", ["watery_diarrhoea_profuse", "sunken_eyes"], ADULT, EMERGENCY),
    ("CHOL", ["diarrhoea", "sunken_eyes", "lethargic"], {"age_days": 800}, EMERGENCY),
    ("EVD", ["unexplained_bleeding", "fever"], ADULT, EMERGENCY),
    ("EVD", ["contact_haemorrhagic_fever", "fever"], ADULT, EMERGENCY),
    ("EVD", ["sudden_death_nearby"], ADULT, EMERGENCY),
]


@pytest.mark.parametrize(
    ("row", "findings", "known", "urgency"),
    ROWS,
    ids=[f"{row}-{'+'.join(findings)}-{n}" for n, (row, findings, _, _) in enumerate(ROWS)],
)
def test_a_row_of_the_guideline_gives_its_urgency(
    a_case: CaseBuilder, row: str, findings: list[str], known: dict[str, Any], urgency: Urgency
) -> None:
    judgement = judge(a_case(*findings, **known))
    assert judgement.urgency is urgency, [rule.id for rule in judgement.fired]
    if urgency is EMERGENCY:
        assert any(row in rule.rows for rule in judgement.fired)


NUMBERS_ALONE: list[tuple[dict[str, Any], Urgency]] = [
    ({"gestation_weeks": 33, "systolic_mmhg": 175, "diastolic_mmhg": 112}, EMERGENCY),
    ({"age_days": 91, "respiratory_rate_per_minute": 64}, URGENT),
    ({"age_days": 91, "respiratory_rate_per_minute": 72}, EMERGENCY),
    ({"age_days": 3000, "respiratory_rate_per_minute": 52}, EMERGENCY),
    ({**ADULT, "respiratory_rate_per_minute": 34}, EMERGENCY),
    ({**ADULT, "spo2_percent": 86}, EMERGENCY),
    ({**CHILD, "spo2_percent": 92}, URGENT),
    ({"temp_celsius": 41.2}, EMERGENCY),
    ({**CHILD, "glucose_mg_per_dl": 48}, EMERGENCY),
    ({**NEWBORN, "glucose_mg_per_dl": 48}, ROUTINE),
    ({**CHILD, "systolic_mmhg": 65}, EMERGENCY),
    ({**ADULT, "systolic_mmhg": 84}, EMERGENCY),
    ({**ADULT, "systolic_mmhg": 190, "diastolic_mmhg": 100}, URGENT),
    ({"age_days": 9000, "sex": Sex.FEMALE, "systolic_mmhg": 164}, URGENT),
    ({"blood_loss_ml": 700}, EMERGENCY),
    ({**CHILD, "muac_mm": 112}, URGENT),
    ({**NEWBORN, "weight_grams": 1700}, EMERGENCY),
]


@pytest.mark.parametrize(("known", "urgency"), NUMBERS_ALONE, ids=str)
def test_numbers_alone_are_judged(
    a_case: CaseBuilder, known: dict[str, Any], urgency: Urgency
) -> None:
    assert judge(a_case(**known)).urgency is urgency


BENIGN: list[tuple[list[str], dict[str, Any]]] = [
    (["runny_nose", "eats_and_drinks", "plays"], {"age_days": 1100}),
    (["runny_nose"], {}),
    (["headache", "no fever"], ADULT),
    (["headache"], {}),
    (["body_aches"], ADULT),
    (["cough", "runny_nose"], ADULT),
    (["spits_milk"], {"age_days": 20}),
    (["pregnancy_nausea"], PREGNANT),
    (["heartburn", "back_pain"], PREGNANT),
    (["constipation"], ADULT),
    (["skin_itch"], CHILD),
    (["fever", "plays"], CHILD),
    (["family_planning"], {"sex": Sex.FEMALE}),
]


@pytest.mark.parametrize(("findings", "known"), BENIGN, ids=str)
def test_a_benign_complaint_raises_no_alarm(
    a_case: CaseBuilder, findings: list[str], known: dict[str, Any]
) -> None:
    assert judge(a_case(*findings, **known)).urgency <= ROUTINE


def test_nothing_known_is_routine_and_never_home(a_case: CaseBuilder) -> None:
    assert judge(a_case()).urgency is ROUTINE


def test_only_absent_findings_are_no_reason_to_stay_home(a_case: CaseBuilder) -> None:
    assert judge(a_case("no fever", "no convulsions")).urgency is ROUTINE


def test_the_word_child_excludes_the_young_infant(a_case: CaseBuilder) -> None:
    fever = judge(a_case("fever", age_group=AgeGroup.CHILD))
    assert fever.urgency is ROUTINE
    assert judge(a_case("fever", age_group=AgeGroup.YOUNG_INFANT)).urgency is EMERGENCY


def test_an_unknown_age_takes_the_stricter_band(a_case: CaseBuilder) -> None:
    breaths = a_case("cough", age_group=AgeGroup.CHILD, respiratory_rate_per_minute=45)
    assert judge(breaths).urgency is URGENT  # 45 is fast from 12 months


def test_a_sign_of_young_infants_without_an_age_is_judged_as_theirs(a_case: CaseBuilder) -> None:
    assert judge(a_case("not_feeding")).urgency is EMERGENCY
    assert judge(a_case("infected_cord", "fever")).urgency is EMERGENCY


def test_an_adult_of_unknown_age_is_not_taken_for_old(a_case: CaseBuilder) -> None:
    assert judge(a_case("abdominal_pain", age_group=AgeGroup.ADULT)).urgency is ROUTINE


def test_a_mother_with_an_infants_age_is_judged_as_both(a_case: CaseBuilder) -> None:
    mixed = a_case("heavy_bleeding", age_days=2, pregnancy=Pregnancy.POSTPARTUM)
    assert judge(mixed).urgency is EMERGENCY
    feeding = a_case("not_feeding", age_days=2, pregnancy=Pregnancy.POSTPARTUM)
    assert judge(feeding).urgency is EMERGENCY


def test_light_bleeding_of_a_woman_who_is_not_pregnant_is_routine(a_case: CaseBuilder) -> None:
    told = {"pregnancy": Pregnancy.NOT_PREGNANT}
    assert judge(a_case("vaginal_bleeding", **told)).urgency is ROUTINE
    assert judge(a_case("vaginal_bleeding", "heavy_bleeding", **told)).urgency is EMERGENCY
    assert judge(a_case("vaginal_bleeding", sex=Sex.FEMALE)).urgency is URGENT


def test_days_beside_a_mothers_sign_are_days_after_birth(a_case: CaseBuilder) -> None:
    assert judge(a_case("fever", "foul_discharge", age_days=10)).urgency is EMERGENCY
    assert judge(a_case("severe_headache", age_days=6)).urgency is EMERGENCY
    assert judge(a_case("headache", age_days=700)).urgency is ROUTINE


def test_swollen_feet_of_a_child_are_oedema(a_case: CaseBuilder) -> None:
    assert judge(a_case("swollen_feet", **CHILD)).urgency is URGENT
    assert judge(a_case("swollen_feet", "poor_appetite", **CHILD)).urgency is EMERGENCY
    assert judge(a_case("swollen_feet", **PREGNANT)).urgency is ROUTINE


def test_labour_states_a_pregnancy(a_case: CaseBuilder) -> None:
    assert judge(a_case("waters_broken", gestation_weeks=30)).urgency is EMERGENCY
    assert judge(a_case("reduced_fetal_movement")).urgency is EMERGENCY


def test_a_count_of_breaths_wins_over_the_word(a_case: CaseBuilder) -> None:
    counted = a_case("cough", "fast_breathing", age_days=700, respiratory_rate_per_minute=28)
    assert judge(counted).urgency <= ROUTINE


def test_a_measured_temperature_wins_over_no_fever(a_case: CaseBuilder) -> None:
    case = a_case("no fever", age_days=10, temp_celsius=38.4)
    assert judge(case).urgency is EMERGENCY


def test_the_more_specific_rule_names_the_condition(a_case: CaseBuilder) -> None:
    judgement = judge(a_case("diarrhoea", "lethargic", "sunken_eyes", "drinks_poorly", **CHILD))
    assert judgement.fired[0].condition == "severe_dehydration"


@pytest.mark.parametrize(("row", "findings", "known", "urgency"), ROWS[::5])
def test_the_fast_urgency_agrees_with_the_judgement(
    a_case: CaseBuilder, row: str, findings: list[str], known: dict[str, Any], urgency: Urgency
) -> None:
    case = a_case(*findings, **known)
    assert highest_urgency(case, at_least=HOME) is judge(case).urgency


BANDS = {
    "newborn": NEWBORN,
    "young infant": YOUNG_INFANT,
    "child": CHILD,
    "older child": {"age_days": 3000},
    "adult": ADULT,
    "pregnant": PREGNANT,
    "postpartum": POSTPARTUM,
}
# Signs that are left to routine on purpose, or belong to another time of life, by band.
OF_BIRTH = {"labour", "preterm_labour", "prolonged_labour", "imminent_delivery", "waters_broken"}
OF_BIRTH |= {"cord_prolapse", "limb_presentation", "meconium", "reduced_fetal_movement"}
OF_NEWBORN = {"did_not_cry", "jaundice_first_day", "no_stool_24h", "very_low_weight", "pus_eyes"}
OF_NEWBORN |= {"infected_cord", "cord_bleeding", "high_pitched_cry", "feeding_poorly"}
OF_ADULT = {
    "cough_14_days",
    "diarrhoea_14_days",
    "dark_urine",
    "oedema_both_feet",
    "foul_discharge",
}
OF_ADULT |= {"swollen_abdomen", "epigastric_pain", "protein_in_urine"}
OF_OLDER = {"blurred_vision", "calf_pain_swelling", "face_droop", "speech_difficulty", "foot_ulcer"}
OF_OLDER |= {"sudden_severe_headache", "chest_pressure", "suicidal_thoughts", "suicide_attempt"}
OF_OLDER |= {"violent_aggressive", "fruity_breath", "breathless_lying", "protein_in_urine"}
OF_OLDER |= {"epigastric_pain"}
LEFT_TO_ROUTINE = {
    "newborn": OF_OLDER,
    "young infant": OF_OLDER | {"did_not_cry", "no_stool_24h"},
    "child": {"chest_pain"} | OF_NEWBORN,
    "older child": {"chest_pain"} | OF_NEWBORN,
    "adult": OF_ADULT | OF_NEWBORN,
    "pregnant": OF_ADULT | OF_NEWBORN,
    "postpartum": OF_ADULT | OF_NEWBORN | OF_BIRTH,
}


@pytest.mark.parametrize("band", BANDS)
def test_no_danger_sign_alone_is_answered_as_routine(a_case: CaseBuilder, band: str) -> None:
    low = {
        sign for sign in danger_sign_codes() if judge(a_case(sign, **BANDS[band])).urgency < URGENT
    }
    assert low <= LEFT_TO_ROUTINE[band]
