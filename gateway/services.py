"""Which services a case needs of a facility, by condition and patient. Pure.

A directory writes services in words of its own: the table reads the usual ones. A facility that
lists none may have any.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from clinical.assessment import Assessment, Urgency
from clinical.case import AgeGroup, Patient, Pregnancy


class Service(StrEnum):
    """What a facility can do that not every facility of its level can."""

    MATERNITY = "maternity"
    NEWBORN = "newborn"
    SURGERY = "surgery"


# Words of a directory, without accents and hyphens. `ANY` stands for all services.
ANY = frozenset({"all", "all services", "general", "tous", "tous services", "zote"})
WORDS: dict[Service, frozenset[str]] = {
    Service.MATERNITY: frozenset(
        {"maternity", "maternal", "birth", "births", "delivery", "deliveries", "obstetric",
         "obstetrics", "midwife", "midwifery", "bemonc", "cemonc", "bemoc", "cemoc",
         "emonc", "caesarean", "c section", "maternite", "accouchement", "accouchements",
         "obstetrique", "sage femme", "uzazi", "kujifungua"}),
    Service.NEWBORN: frozenset(
        {"newborn", "newborns", "neonatal", "neonatology", "nicu", "nbu", "bemonc", "cemonc",
         "emonc", "neonatologie", "nouveau ne", "nouveau nes", "watoto wachanga"}),
    Service.SURGERY: frozenset(
        {"surgery", "surgical", "theatre", "operating theatre", "trauma", "caesarean", "c section",
         "cemonc", "cemoc", "chirurgie", "bloc operatoire", "upasuaji"}),
}  # fmt: skip

# Conditions that need a service whoever has them.
OF_CONDITION: dict[str, Service] = {
    **dict.fromkeys(
        ("severe_preeclampsia", "eclampsia", "gestational_hypertension", "antepartum_haemorrhage",
         "miscarriage_or_ectopic", "postpartum_haemorrhage", "maternal_sepsis", "labour",
         "preterm_labour", "obstructed_labour", "birth_complication", "waters_broken",
         "reduced_fetal_movement"), Service.MATERNITY),
    **dict.fromkeys(
        ("serious_bacterial_infection", "severe_jaundice", "very_low_weight", "birth_asphyxia",
         "newborn_tetanus"), Service.NEWBORN),
    **dict.fromkeys(("acute_abdomen", "testicular_emergency", "major_trauma"), Service.SURGERY),
}  # fmt: skip

NEWBORN_DAYS = 60


def services_needed(assessment: Assessment, patient: Patient) -> frozenset[Service]:
    """What the facility must be able to do: by the likeliest condition, else by the patient."""
    likely = next((code for code in assessment.conditions if code != "not_clear"), "")
    if likely in OF_CONDITION:
        return frozenset({OF_CONDITION[likely]})
    if patient.pregnancy in (Pregnancy.PREGNANT, Pregnancy.POSTPARTUM):
        return frozenset({Service.MATERNITY})
    if assessment.urgency is Urgency.EMERGENCY and _is_young_infant(patient):
        return frozenset({Service.NEWBORN})
    return frozenset()


def offers(listed: Iterable[str], needed: frozenset[Service]) -> bool:
    """Whether a facility with these services listed can take a case that needs those."""
    plain = [_plain(entry) for entry in listed if entry.strip()]
    if not plain or any(entry in ANY for entry in plain):
        return True
    return all(any(_names(entry, word) for entry in plain for word in WORDS[s]) for s in needed)


def _names(entry: str, word: str) -> bool:
    """Whole words only: «maternity ward» names maternity."""
    return f" {word} " in f" {entry} "


def _is_young_infant(patient: Patient) -> bool:
    if patient.age_days is not None:
        return patient.age_days < NEWBORN_DAYS
    return patient.age_group in (AgeGroup.NEWBORN, AgeGroup.YOUNG_INFANT)


def _plain(entry: str) -> str:
    """A listed service in lower case, letters and digits only, without accents."""
    bare = unicodedata.normalize("NFKD", entry.casefold())
    kept = (c if c.isalnum() else " " for c in bare if not unicodedata.combining(c))
    return " ".join("".join(kept).split())
