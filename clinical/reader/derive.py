"""Findings that follow from other facts of the same message: durations, a measured fever.

Also settles «bleeding» without a place by who the patient is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clinical.case import Patient, Pregnancy, Sex
from clinical.reader.ages import Role, TimedFact
from clinical.reader.families import Match
from clinical.reader.numbers import Measurement

FEVER_FROM_CELSIUS = 37.5  # axillary; guideline row TEMP1
LOW_BELOW_CELSIUS = 35.5  # guideline row PSBI
_LONG = {
    # sign: (derived finding, days)
    "cough": ("cough_14_days", 14),
    "diarrhoea": ("diarrhoea_14_days", 14),
    "fever": ("fever_7_days", 7),
    "labour": ("prolonged_labour", 0.5),
}
_REACH_TOKENS = 9
# What only a number settles is never guessed from words.
BY_NUMBER = frozenset({"preterm_labour", "jaundice_first_day", "very_low_weight"}) | {
    code for code, _ in _LONG.values()
}
# A sign that says another as well; the right side may not be read from the words themselves.
_IMPLIED = {
    "not_feeding": ("not_able_to_drink",),
    "sudden_severe_headache": ("severe_headache",),
    "severe_vomiting": ("vomiting",),
    "vomits_everything": ("vomiting",),
    "burn_severe": ("burn",),
    "severe_respiratory_distress": ("difficulty_breathing",),
    "chest_pressure": ("chest_pain",),
    "measles_rash": ("rash",),
}
# In pregnancy and after birth heavy or unstopped bleeding is vaginal bleeding until seen otherwise.
_IMPLIED_OF_A_MOTHER = {
    "bleeding_uncontrolled": ("heavy_bleeding", "vaginal_bleeding"),
    "heavy_bleeding": ("vaginal_bleeding",),
}
_LABOUR = frozenset({"labour", "imminent_delivery", "prolonged_labour"})
_TERM_WEEKS = 37
_FIRST_DAY = 1  # days of age; guideline row JAUN1
UNPLACED_BLEEDING = "bleeding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A finding that follows; the evidence runs over tokens first..last."""

    code: str
    first: int
    last: int


def long_lasting(
    matches: Sequence[Match], durations: Sequence[TimedFact], ends: frozenset[int]
) -> list[Derived]:
    """`cough_14_days` and its like, from a sign and the duration said of it."""
    found = []
    lasting = [f for f in durations if f.role is Role.DURATION]
    for match in matches:
        if match.code not in _LONG:
            continue
        code, days = _LONG[match.code]
        # «less than 14 days» is not yet 14 days; «less than 3 weeks» may be.
        spans = [f.amount for f in lasting if not (f.below and f.amount.days <= days)]
        after = [a for a in spans if 0 < a.first - match.last <= _REACH_TOKENS]
        before = [a for a in spans if 0 < match.first - a.last <= 4]
        nearest = (after[:1] or before[-1:])[:1]
        for amount in nearest:
            low, high = sorted((match.first, amount.first))
            if amount.days >= days and not any(low < end < high for end in ends):
                found.append(
                    Derived(
                        code=code,
                        first=min(match.first, amount.first),
                        last=max(match.last, amount.last),
                    )
                )
    return found


def measured_fever(measurements: Sequence[Measurement]) -> tuple[str, Measurement] | None:
    """`fever` or `low_body_temperature` with the measurement that shows it."""
    for m in measurements:
        if m.vital == "temp_celsius" and m.plausible:
            if m.value >= FEVER_FROM_CELSIUS:
                return "fever", m
            if m.value < LOW_BELOW_CELSIUS:
                return "low_body_temperature", m
    return None


def bleeding_code(patient: Patient, baby_or_child: bool) -> str:
    """Which bleeding «bleeding» alone means: of a woman, taken as vaginal; else not controlled."""
    if patient.pregnancy in {Pregnancy.PREGNANT, Pregnancy.POSTPARTUM}:
        return "vaginal_bleeding"
    if patient.sex is Sex.FEMALE and not baby_or_child:
        return "vaginal_bleeding"
    return "bleeding_uncontrolled"


def implied(code: str, patient: Patient) -> tuple[str, ...]:
    """Findings that a present finding brings with it."""
    found: tuple[str, ...] = _IMPLIED.get(code, ())
    if patient.pregnancy in {Pregnancy.PREGNANT, Pregnancy.POSTPARTUM}:
        found += _IMPLIED_OF_A_MOTHER.get(code, ())
    if patient.pregnancy is Pregnancy.PREGNANT and code == "no_movement":
        found += ("reduced_fetal_movement",)
    if code == "jaundice" and patient.age_days is not None and patient.age_days <= _FIRST_DAY:
        found += ("jaundice_first_day",)
    weeks = patient.gestation_weeks
    if code in _LABOUR and weeks is not None and weeks < _TERM_WEEKS:
        found += ("preterm_labour",)
    return found
