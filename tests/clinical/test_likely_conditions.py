"""Typical cases of each group: which condition the rules name first."""

from collections.abc import Callable
from typing import Any

import pytest

from clinical import assess_by_rules
from clinical.case import Case, Pregnancy

CaseBuilder = Callable[..., Case]

NEWBORN: dict[str, Any] = {"age_days": 5}
CHILD: dict[str, Any] = {"age_days": 800}
ADULT: dict[str, Any] = {"age_days": 15000}
OLD: dict[str, Any] = {"age_days": 22000}
PREGNANT: dict[str, Any] = {"age_days": 9000, "pregnancy": Pregnancy.PREGNANT}
POSTPARTUM: dict[str, Any] = {"age_days": 9000, "pregnancy": Pregnancy.POSTPARTUM}

TYPICAL: list[tuple[str, list[str], dict[str, Any]]] = [
    ("severe_pneumonia", ["cough", "fast_breathing", "chest_indrawing", "fever"], {**CHILD}),
    ("pneumonia", ["cough", "fever"], {**CHILD, "respiratory_rate_per_minute": 46}),
    ("severe_malaria", ["fever", "convulsions", "malaria_test_positive"], {**CHILD}),
    ("malaria", ["fever", "malaria_test_positive", "no convulsions"], {**CHILD}),
    ("meningitis", ["fever", "stiff_neck", "vomiting", "lethargic"], {**CHILD}),
    (
        "severe_measles",
        ["measles_rash", "fever", "chest_indrawing", "mouth_ulcers_deep"],
        {**CHILD},
    ),
    ("measles", ["measles_rash", "fever", "red_eyes"], {**CHILD}),
    ("severe_acute_malnutrition", ["poor_appetite"], {**CHILD, "muac_mm": 108}),
    (
        "severe_dehydration",
        ["diarrhoea", "vomiting", "sunken_eyes", "lethargic", "skin_pinch_very_slow"],
        {**CHILD},
    ),
    ("dysentery", ["diarrhoea", "blood_in_stool", "fever"], {**CHILD}),
    ("persistent_diarrhoea", ["diarrhoea_14_days"], {**CHILD}),
    ("severe_anaemia", ["severe_pallor", "tired", "fever"], {**CHILD}),
    ("mastoiditis", ["ear_discharge", "swelling_behind_ear", "fever"], {**CHILD}),
    ("serious_bacterial_infection", ["fever", "feeding_poorly", "lethargic"], {**NEWBORN}),
    ("severe_jaundice", ["jaundice", "yellow_palms_soles", "feeding_poorly"], {**NEWBORN}),
    ("birth_asphyxia", ["did_not_cry", "cyanosis"], {"age_days": 0}),
    ("newborn_tetanus", ["newborn_stiff", "not_feeding", "convulsions"], {**NEWBORN}),
    ("local_infection", ["infected_cord"], {**NEWBORN}),
    ("very_low_weight", ["very_low_weight", "low_body_temperature"], {**NEWBORN}),
    (
        "eclampsia",
        ["convulsions", "severe_headache"],
        {**PREGNANT, "systolic_mmhg": 180, "diastolic_mmhg": 120},
    ),
    (
        "severe_preeclampsia",
        ["face_hand_swelling", "headache"],
        {**PREGNANT, "systolic_mmhg": 150, "diastolic_mmhg": 100},
    ),
    ("gestational_hypertension", [], {**PREGNANT, "systolic_mmhg": 146, "diastolic_mmhg": 94}),
    (
        "antepartum_haemorrhage",
        ["vaginal_bleeding", "severe_abdominal_pain"],
        {**PREGNANT, "gestation_weeks": 34},
    ),
    (
        "miscarriage_or_ectopic",
        ["vaginal_bleeding", "abdominal_pain"],
        {**PREGNANT, "gestation_weeks": 9},
    ),
    ("miscarriage_or_ectopic", ["abdominal_pain", "fainting"], {**PREGNANT, "gestation_weeks": 7}),
    ("obstructed_labour", ["prolonged_labour", "labour"], {**PREGNANT}),
    ("preterm_labour", ["labour"], {**PREGNANT, "gestation_weeks": 31}),
    ("birth_complication", ["cord_prolapse", "labour", "waters_broken"], {**PREGNANT}),
    ("waters_broken", ["waters_broken"], {**PREGNANT, "gestation_weeks": 38}),
    (
        "maternal_sepsis",
        ["waters_broken", "fever", "foul_discharge"],
        {**PREGNANT, "gestation_weeks": 36},
    ),
    ("malaria", ["fever", "chills", "malaria_test_positive"], {**PREGNANT, "gestation_weeks": 20}),
    ("severe_anaemia", ["severe_pallor", "dizziness"], {**PREGNANT}),
    ("postpartum_haemorrhage", ["heavy_bleeding", "dizziness", "fainting"], {**POSTPARTUM}),
    ("postpartum_haemorrhage", ["retained_placenta", "vaginal_bleeding"], {**POSTPARTUM}),
    ("maternal_sepsis", ["fever", "foul_discharge", "abdominal_pain"], {**POSTPARTUM}),
    ("breast_infection", ["breast_pain", "fever"], {**POSTPARTUM}),
    ("eclampsia", ["convulsions"], {**POSTPARTUM}),
    ("postpartum_depression", ["self_harm_thoughts_postpartum", "tired"], {**POSTPARTUM}),
    ("deep_vein_thrombosis", ["calf_pain_swelling"], {**POSTPARTUM}),
    ("tuberculosis", ["cough_14_days", "night_sweats", "weight_loss"], {**ADULT}),
    ("cholera", ["watery_diarrhoea_profuse", "vomiting", "sunken_eyes"], {**ADULT}),
    (
        "viral_haemorrhagic_fever",
        ["fever", "unexplained_bleeding", "vomiting", "contact_haemorrhagic_fever"],
        {**ADULT},
    ),
    ("stroke", ["one_sided_weakness", "speech_difficulty", "hypertension"], {**OLD}),
    ("heart_attack", ["chest_pressure", "difficulty_breathing"], {**OLD}),
    ("heart_failure", ["breathless_lying", "swollen_legs", "difficulty_breathing"], {**OLD}),
    ("severe_hypertension", ["headache"], {**OLD, "systolic_mmhg": 200, "diastolic_mmhg": 120}),
    ("hypertension", ["hypertension"], {**OLD, "systolic_mmhg": 150, "diastolic_mmhg": 95}),
    ("hypertension", ["hypertension", "missed_medicine"], {**OLD}),
    (
        "diabetic_emergency",
        ["diabetes", "vomiting", "fruity_breath"],
        {**ADULT, "glucose_mg_per_dl": 420},
    ),
    ("diabetic_emergency", ["diabetes", "low_sugar_signs", "confused"], {**ADULT}),
    ("diabetes", ["high_sugar_signs", "weight_loss", "tired"], {**ADULT}),
    ("diabetes", ["diabetes", "foot_ulcer"], {**ADULT}),
    ("asthma_attack", ["asthma", "wheeze", "difficulty_breathing"], {**ADULT}),
    ("sickle_cell_crisis", ["sickle_cell", "severe_pain", "fever"], {"age_days": 3000}),
    ("epilepsy", ["epilepsy_known", "convulsions", "missed_medicine"], {**ADULT}),
    ("acute_abdomen", ["severe_abdominal_pain", "vomiting", "abdominal_rigidity"], {**ADULT}),
    ("gastrointestinal_bleeding", ["vomiting_blood", "black_stool"], {**ADULT}),
    ("urinary_infection", ["painful_urination", "fever"], {**ADULT}),
    ("pneumonia", ["cough", "fever", "chest_pain"], {**ADULT}),
    (
        "severe_pneumonia",
        ["cough", "fever", "difficulty_breathing"],
        {**ADULT, "respiratory_rate_per_minute": 34},
    ),
    ("meningitis", ["fever", "severe_headache", "stiff_neck", "confused"], {**ADULT}),
    ("sepsis", ["fever", "confused"], {**ADULT, "systolic_mmhg": 84, "pulse_per_minute": 135}),
    ("snakebite", ["snakebite", "heavy_bleeding", "swollen_feet"], {**ADULT}),
    ("poisoning", ["poisoning", "unconscious"], {**CHILD}),
    ("burn", ["burn"], {**CHILD}),
    ("head_injury", ["head_injury", "vomiting", "unconscious"], {**ADULT}),
    ("rabies_exposure", ["animal_bite", "wound"], {**CHILD}),
    ("tetanus", ["jaw_stiff", "wound"], {**ADULT}),
    ("acute_flaccid_paralysis", ["acute_flaccid_paralysis", "fever"], {"age_days": 1500}),
    ("allergic_reaction", ["swelling_face_throat", "rash", "difficulty_breathing"], {**ADULT}),
    ("malaria", ["fever", "headache", "body_aches", "chills"], {**ADULT}),
    ("asthma_or_wheeze", ["wheeze", "cough"], {**CHILD}),
    ("croup_or_obstruction", ["stridor", "cough"], {**CHILD}),
    ("choking", ["choking", "cyanosis"], {**CHILD}),
    ("reduced_fetal_movement", ["reduced_fetal_movement"], {**PREGNANT, "gestation_weeks": 36}),
    ("labour", ["labour"], {**PREGNANT, "gestation_weeks": 39}),
    ("some_dehydration", ["diarrhoea", "restless_irritable", "drinks_eagerly"], {**CHILD}),
    ("shock", ["bleeding_uncontrolled", "wound"], {**ADULT, "systolic_mmhg": 80}),
    ("fracture", ["deformity", "severe_pain"], {**ADULT}),
    ("testicular_emergency", ["testicular_pain", "severe_pain"], {"age_days": 5500}),
    ("deep_vein_thrombosis", ["calf_pain_swelling", "difficulty_breathing"], {**ADULT}),
    ("cough_or_cold", ["cough", "runny_nose", "no fever"], {**CHILD}),
    ("anaemia", ["some_pallor", "tired"], {**PREGNANT}),
    ("severe_malaria", ["fever", "dark_urine", "jaundice", "malaria_test_positive"], {**ADULT}),
]


@pytest.mark.parametrize(
    ("condition", "findings", "known"),
    TYPICAL,
    ids=[f"{n}-{row[0]}" for n, row in enumerate(TYPICAL)],
)
def test_a_typical_case_names_its_condition_first(
    a_case: CaseBuilder, condition: str, findings: list[str], known: dict[str, Any]
) -> None:
    assert assess_by_rules(a_case(*findings, **known)).conditions[0] == condition
