"""Draws a case that the guideline speaks about: who, which signs, which measurements.

Starts from a rule and makes its condition true, then adds what a real case has besides: other
mild signs, signs that were looked for and not found, ordinary measurements. Writes no text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from clinical.assessment import Urgency
from clinical.case import Case, Finding, Patient, Pregnancy, Presence, Sex, Vitals
from clinical.tables import rules
from clinical.tables.populations import Population
from clinical.tables.rule import Rule
from clinical.tables.toml_file import read_toml, room_file
from demo.nano.terms import NO, Draft, draw_term

LAST_DAY = 85 * 365
_DAYS_PER_MONTH = 30.4375
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Values that a worker may measure: `ordinary` in a healthy patient, `possible` at all."""

    ordinary: tuple[float, float]
    possible: tuple[float, float]


RANGES: Mapping[str, Range] = {
    "temp_celsius": Range(ordinary=(36.2, 37.2), possible=(33.5, 41.2)),
    "respiratory_rate_per_minute": Range(ordinary=(22, 24), possible=(8, 84)),
    "pulse_per_minute": Range(ordinary=(70, 98), possible=(38, 170)),
    "systolic_mmhg": Range(ordinary=(104, 128), possible=(62, 220)),
    "diastolic_mmhg": Range(ordinary=(62, 82), possible=(38, 130)),
    "spo2_percent": Range(ordinary=(95, 99), possible=(70, 100)),
    "muac_mm": Range(ordinary=(130, 158), possible=(92, 240)),
    "weight_grams": Range(ordinary=(2600, 3900), possible=(1100, 4400)),
    "glucose_mg_per_dl": Range(ordinary=(80, 120), possible=(28, 520)),
    "haemoglobin_g_per_dl": Range(ordinary=(11.4, 13.5), possible=(4.0, 15.0)),
    "blood_loss_ml": Range(ordinary=(100, 300), possible=(50, 1800)),
    "gestation_weeks": Range(ordinary=(12, 39), possible=(5, 42)),
}

_MILD = 0.3
"""How often a case of a rule that is neither urgent nor an emergency is drawn on purpose."""
_OFTEN_LOOKED_FOR = (
    "convulsions", "not_able_to_drink", "vomits_everything", "lethargic", "unconscious",
    "chest_indrawing", "blood_in_stool", "fever", "cough", "diarrhoea", "vomiting", "stiff_neck",
    "difficulty_breathing", "fast_breathing",
)  # fmt: skip
_LOOKED_FOR_IN_PREGNANCY = (
    "vaginal_bleeding", "severe_headache", "blurred_vision", "convulsions", "fever",
    "waters_broken", "swollen_feet", "face_hand_swelling",
)  # fmt: skip
_OFTEN_BESIDES = (
    "fever", "cough", "runny_nose", "vomiting", "diarrhoea", "tired", "poor_appetite", "headache",
    "body_aches", "abdominal_pain", "chills", "restless_irritable", "dizziness",
)  # fmt: skip
_BESIDES_IN_NEWBORNS = ("fever", "spits_milk", "restless_irritable", "tired", "feeding_poorly")


def draw_case(rng: Random) -> Case:
    """A true case, all its facts in `patient`, `vitals` and `findings`, and no message."""
    while True:
        grouped = _rules_by_condition(mild=rng.random() < _MILD)
        rule = rng.choice(grouped[rng.choice(tuple(grouped))])
        draft = Draft()
        draw_term(_raw_terms()[rule.id], draft, rng)
        if (patient := _patient(rng.choice(rule.populations), draft, rng)) is not None:
            break
    _state_more(draft, patient, rng)
    absent = _absent(draft, patient, rng)
    rng.shuffle(draft.present)
    findings = [Finding(code=code) for code in draft.present]
    findings += [Finding(code=code, presence=Presence.ABSENT) for code in absent]
    return Case(patient=patient, vitals=_vitals(draft, patient, rng), findings=tuple(findings))


def _patient(population: Population, draft: Draft, rng: Random) -> Patient | None:
    """A patient of the population within the draft's ages; None if there is no such age."""
    low = max(population.first_day, int(draft.at_least.pop("age_days", 0)))
    high = min(population.below_day, int(draft.at_most.pop("age_days", LAST_DAY)) + 1, LAST_DAY)
    if low >= high:
        return None
    pregnancy = _pregnancy(population, rng)
    if pregnancy in {Pregnancy.PREGNANT, Pregnancy.POSTPARTUM} and not population.pregnancy:
        low, high = max(low, 15 * 365), min(high, 46 * 365)
    if population.pregnancy:
        low, high = max(low, 16 * 365), min(high, 43 * 365)
    sex = next(iter(population.sex), None) or rng.choice((Sex.FEMALE, Sex.MALE, Sex.UNKNOWN))
    if pregnancy is not Pregnancy.UNKNOWN:
        sex = Sex.FEMALE
    weeks = _number("gestation_weeks", draft, rng) if _states_weeks(pregnancy, draft, rng) else None
    return Patient(
        age_days=_age(low, high, rng),
        sex=sex,
        pregnancy=pregnancy,
        gestation_weeks=None if weeks is None else int(weeks),
    )


def _pregnancy(population: Population, rng: Random) -> Pregnancy:
    if population.pregnancy:
        return rng.choice(sorted(population.pregnancy))
    return Pregnancy.UNKNOWN


def _states_weeks(pregnancy: Pregnancy, draft: Draft, rng: Random) -> bool:
    bounded = "gestation_weeks" in draft.at_least or "gestation_weeks" in draft.at_most
    return bounded or (pregnancy is Pregnancy.PREGNANT and rng.random() < 0.6)


def _age(low: int, high: int, rng: Random) -> int:
    """A day in [low, high), as a worker tells it: days to 2 months, months to 2 years, years."""
    # Squeezed towards the young: a band of decades would otherwise bury its own edge.
    day = low + int((high - low) * rng.random() ** 1.5)
    for unit, from_day in ((_DAYS_PER_YEAR, 2 * 365), (_DAYS_PER_MONTH, 60)):
        if day >= from_day:
            told = round(round(day / unit) * unit)
            return told if low <= told < high else day
    return day


def _state_more(draft: Draft, patient: Patient, rng: Random) -> None:
    newborn = patient.age_days is not None and patient.age_days < 60
    besides = _BESIDES_IN_NEWBORNS if newborn else _OFTEN_BESIDES
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        code = rng.choice(besides)
        if code not in draft.barred:
            draft.state(code)


def _absent(draft: Draft, patient: Patient, rng: Random) -> list[str]:
    pregnant = patient.pregnancy is not Pregnancy.UNKNOWN
    looked_for = [*(_LOOKED_FOR_IN_PREGNANCY if pregnant else _OFTEN_LOOKED_FOR)]
    # What a «none» group asks for is what a worker rules out.
    ruled_out = sorted(code for code in draft.barred if not code.startswith(NO))
    looked_for += ruled_out * (2 if rng.random() < 0.5 else 0)
    count = rng.choice((0, 0, 0, 1, 1, 2, 3))
    picked = dict.fromkeys([*draft.absent, *(rng.choice(looked_for) for _ in range(count))])
    may = (code for code in picked if f"{NO}{code}" not in draft.barred)
    return [code for code in may if code not in draft.present]


def _vitals(draft: Draft, patient: Patient, rng: Random) -> Vitals:
    bounded = draft.at_least.keys() | draft.at_most.keys()
    names = [name for name in RANGES if name in bounded and name != "gestation_weeks"]
    if rng.random() < 0.2:
        names += [name for name in _ordinary_names(patient, rng) if name not in names]
    if "systolic_mmhg" in names or "diastolic_mmhg" in names:
        names = list(dict.fromkeys([*names, "systolic_mmhg", "diastolic_mmhg"]))
    values: dict[str, Any] = {name: _number(name, draft, rng) for name in names}
    if "systolic_mmhg" in values and values["systolic_mmhg"] <= values["diastolic_mmhg"] + 20:
        values["systolic_mmhg"] = values["diastolic_mmhg"] + rng.randint(24, 50)
    return Vitals(**values)


def _ordinary_names(patient: Patient, rng: Random) -> tuple[str, ...]:
    if patient.pregnancy is not Pregnancy.UNKNOWN:
        return (rng.choice(("systolic_mmhg", "temp_celsius", "pulse_per_minute")),)
    choices = ["temp_celsius", "spo2_percent"]
    if patient.age_days is not None and patient.age_days >= 14 * 365:
        choices += ["systolic_mmhg", "pulse_per_minute", "respiratory_rate_per_minute"]
    elif patient.age_days is not None and 180 <= patient.age_days < 1825:
        choices += ["muac_mm"]
    return (rng.choice(choices),)


def _number(name: str, draft: Draft, rng: Random) -> float:
    """A value within the draft's bounds; ordinary where it is free."""
    bounds = RANGES[name]
    low, high = bounds.ordinary
    if name in draft.at_least or name in draft.at_most:
        low = draft.at_least.get(name, bounds.possible[0])
        high = draft.at_most.get(name, bounds.possible[1])
        # Near a threshold twice as often: that is what has to be learnt.
        near = rng.random() < 0.5
        width = (high - low) * (0.25 if near else 1.0)
        low, high = (low, low + width) if name in draft.at_least else (high - width, high)
    if name in {"temp_celsius", "haemoglobin_g_per_dl"}:
        return round(rng.uniform(low, high), 1)
    if name in {"weight_grams", "blood_loss_ml"}:
        return round(rng.uniform(low, high) / 50) * 50
    return int(rng.uniform(low, high + 0.999))


@cache
def _rules_by_condition(*, mild: bool) -> Mapping[str, list[Rule]]:
    """All rules, or the mild ones alone, by the condition that they name."""
    grouped: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules():
        if not mild or rule.urgency <= Urgency.ROUTINE:
            grouped[rule.condition].append(rule)
    return grouped


@cache
def _raw_terms() -> Mapping[str, Any]:
    """The uncompiled term of each rule, by rule id."""
    files = sorted(room_file("tables", "rules").iterdir(), key=lambda file: file.name)
    tables = [read_toml(file) for file in files if file.name.endswith(".toml")]
    return {row["id"]: row["when"] for table in tables for row in table["rule"]}
