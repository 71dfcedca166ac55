"""The summary that the model is to write: who, and which signs, in one line of its language.

Names come from the phrase catalogue; measurements are repeated as stated. Never a dose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clinical.assessment import Urgency
from clinical.case import AgeGroup, Case, Patient, Pregnancy, Presence, Sex, Vitals
from demo.nano.wording import sign_name

_MOST_SIGNS = 4
_DAYS_PER_MONTH = 30.4375
_DAYS_PER_YEAR = 365.25

_WHO: Mapping[str, Mapping[str, str]] = {
    "en": {
        "newborn": "Newborn", "infant": "Baby", "child": "Child", "older_child": "Child",
        "adult": "Adult", "woman": "Woman", "man": "Man", "pregnant": "Pregnant woman",
        "postpartum": "Woman after birth", "patient": "Patient",
    },
    "fr": {
        "newborn": "Nouveau-né", "infant": "Bébé", "child": "Enfant", "older_child": "Enfant",
        "adult": "Adulte", "woman": "Femme", "man": "Homme", "pregnant": "Femme enceinte",
        "postpartum": "Femme après accouchement", "patient": "Patient",
    },
    "sw": {
        "newborn": "Mtoto mchanga", "infant": "Mtoto", "child": "Mtoto", "older_child": "Mtoto",
        "adult": "Mtu mzima", "woman": "Mwanamke", "man": "Mwanaume", "pregnant": "Mjamzito",
        "postpartum": "Mama baada ya kujifungua", "patient": "Mgonjwa",
    },
}  # fmt: skip
_UNITS: Mapping[str, Mapping[str, str]] = {
    "en": {"days": "{n} days", "months": "{n} months", "years": "{n} years", "weeks": "{n} weeks"},
    "fr": {"days": "{n} jours", "months": "{n} mois", "years": "{n} ans", "weeks": "{n} semaines"},
    "sw": {"days": "siku {n}", "months": "miezi {n}", "years": "miaka {n}", "weeks": "wiki {n}"},
}
_NOTHING_READ = {
    "en": "no clear sign yet",
    "fr": "aucun signe clair pour l'instant",
    "sw": "hakuna dalili iliyo wazi bado",
}
_NO_DANGER_SIGN = {
    "en": "no danger sign stated",
    "fr": "aucun signe de danger signalé",
    "sw": "hakuna dalili ya hatari iliyotajwa",
}
_GROUP_KINDS = {
    AgeGroup.NEWBORN: "newborn",
    AgeGroup.YOUNG_INFANT: "infant",
    AgeGroup.CHILD: "child",
    AgeGroup.OLDER_CHILD: "older_child",
    AgeGroup.ADULT: "adult",
}


def write_summary(
    case: Case, urgency: Urgency, danger_signs: Sequence[str], language: str, *, limit: int
) -> str:
    """At most `limit` characters: «Child, 2 years: fits, fever.»; danger signs come first."""
    present = [f.code for f in case.findings if f.presence is Presence.PRESENT]
    codes = list(dict.fromkeys([*danger_signs, *present]))[:_MOST_SIGNS]
    told = [sign_name(code, language) for code in codes] + _measured(case.vitals)
    calm = not danger_signs and urgency <= Urgency.ROUTINE
    if not told:
        told = [_NOTHING_READ[language]]
    elif calm:
        told.append(_NO_DANGER_SIGN[language])
    who = _who(case.patient, language)
    while len(line := f"{who}: {', '.join(told)}.") > limit:
        told.pop(-2 if calm and len(told) > 1 else -1)
    return line


def _who(patient: Patient, language: str) -> str:
    name = _WHO[language][_kind(patient)]
    units = _UNITS[language]
    if patient.gestation_weeks is not None:
        return f"{name}, {units['weeks'].format(n=patient.gestation_weeks)}"
    if patient.age_days is None:
        return name
    return f"{name}, {_age(patient.age_days, units)}"


def _age(days: int, units: Mapping[str, str]) -> str:
    if days < 60:
        return units["days"].format(n=days)
    if days < 2 * 365:
        return units["months"].format(n=round(days / _DAYS_PER_MONTH))
    return units["years"].format(n=round(days / _DAYS_PER_YEAR))


def _kind(patient: Patient) -> str:
    if patient.pregnancy is Pregnancy.PREGNANT:
        return "pregnant"
    if patient.pregnancy is Pregnancy.POSTPARTUM:
        return "postpartum"
    if patient.age_days is None:
        return _GROUP_KINDS.get(patient.age_group, "patient")
    bands = ((29, "newborn"), (365, "infant"), (1825, "child"), (4380, "older_child"))
    kind = next((kind for below, kind in bands if patient.age_days < below), "adult")
    if kind == "adult" and patient.sex is not Sex.UNKNOWN:
        return "woman" if patient.sex is Sex.FEMALE else "man"
    return kind


def _measured(vitals: Vitals) -> list[str]:
    """The measurements that a reader of the summary looks for first, at most two."""
    told = []
    if vitals.systolic_mmhg is not None:
        told.append(f"BP {vitals.systolic_mmhg}/{vitals.diastolic_mmhg}")
    if vitals.temp_celsius is not None:
        told.append(f"{vitals.temp_celsius:g} C")
    if vitals.respiratory_rate_per_minute is not None:
        told.append(f"RR {vitals.respiratory_rate_per_minute}")
    if vitals.spo2_percent is not None:
        told.append(f"SpO2 {vitals.spo2_percent}")
    return told[:2]
