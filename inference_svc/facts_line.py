"""The facts line of a prompt: what has been read of a case, in one compact line. Reads no text."""

from __future__ import annotations

from collections.abc import Iterator

from clinical.case import AgeGroup, Case, Patient, Pregnancy, Presence, Sex, Vitals

_DAYS_AS_DAYS = 60
_DAYS_AS_MONTHS = 5 * 365
_DAYS_PER_MONTH = 30.4375
_DAYS_PER_YEAR = 365.25

_VITAL_LABELS = (
    ("temp", "temp_celsius"),
    ("rr", "respiratory_rate_per_minute"),
    ("pulse", "pulse_per_minute"),
    ("systolic", "systolic_mmhg"),
    ("diastolic", "diastolic_mmhg"),
    ("spo2", "spo2_percent"),
    ("muac_mm", "muac_mm"),
    ("weight_g", "weight_grams"),
    ("glucose_mg_dl", "glucose_mg_per_dl"),
    ("hb_g_dl", "haemoglobin_g_per_dl"),
    ("blood_loss_ml", "blood_loss_ml"),
)


def facts_line(case: Case) -> str:
    """Return «Facts: age=8m; sex=F; rr=56; cough; no: convulsions» for a case already read.

    Unknown is left out, absent stands after «no:»; a case without any fact reads «Facts: none».
    """
    by_code = case.presence_by_code()
    present = [code for code, presence in by_code.items() if presence is Presence.PRESENT]
    absent = [code for code, presence in by_code.items() if presence is Presence.ABSENT]
    parts = [*_of_patient(case.patient), *_of_vitals(case.vitals), *present]
    if absent:
        parts.append("no: " + ", ".join(absent))
    return "Facts: " + ("; ".join(parts) or "none")


def _of_patient(patient: Patient) -> Iterator[str]:
    if patient.age_days is not None:
        yield "age=" + _age(patient.age_days)
    elif patient.age_group is not AgeGroup.UNKNOWN:
        yield "age=" + patient.age_group.lower()
    if patient.sex is not Sex.UNKNOWN:
        yield "sex=" + patient.sex[0]
    if patient.pregnancy is not Pregnancy.UNKNOWN:
        yield patient.pregnancy.lower()
    if patient.gestation_weeks is not None:
        yield f"gestation_weeks={patient.gestation_weeks}"


def _of_vitals(vitals: Vitals) -> Iterator[str]:
    for label, name in _VITAL_LABELS:
        value = getattr(vitals, name)
        if value is not None:
            yield f"{label}={value:g}"


def _age(days: int) -> str:
    if days < _DAYS_AS_DAYS:
        return f"{days}d"
    if days < _DAYS_AS_MONTHS:
        return f"{round(days / _DAYS_PER_MONTH)}m"
    return f"{int(days / _DAYS_PER_YEAR + 0.01)}y"
