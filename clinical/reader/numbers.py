"""Measurements from free text: patterns first, units inferred, impossible values told apart.

Works on folded text; offsets are those of the original. Does not judge what a value means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from clinical.case import Vitals
from clinical.reader.vital_forms import BARE_TEMPERATURE, BLOOD_PRESSURE, VITAL_FORMS


class Measurement(NamedTuple):
    """One value as read. `vital` is a field of Vitals; [start, end) is its place."""

    vital: str
    value: float
    start: int
    end: int
    plausible: bool


# What a person alive can measure; outside it the value is told and never used.
PLAUSIBLE = {
    "temp_celsius": (28.0, 43.5),
    "respiratory_rate_per_minute": (4, 150),
    "pulse_per_minute": (15, 300),
    "systolic_mmhg": (40, 300),
    "diastolic_mmhg": (20, 200),
    "spo2_percent": (30, 100),
    "muac_mm": (50, 500),
    "weight_grams": (300, 300_000),
    "glucose_mg_per_dl": (5, 1_500),
    "haemoglobin_g_per_dl": (1.0, 25.0),
    "blood_loss_ml": (1, 6_000),
}
# Between two readings the one further from here is kept: in doubt, raise.
_USUAL = {
    "temp_celsius": 36.9,
    "respiratory_rate_per_minute": 25,
    "pulse_per_minute": 90,
    "systolic_mmhg": 118,
    "diastolic_mmhg": 75,
    "spo2_percent": 100,
    "muac_mm": 300,
    "weight_grams": 1_000_000,
    "glucose_mg_per_dl": 105,
    "haemoglobin_g_per_dl": 14,
    "blood_loss_ml": 0,
}


_CENTIMETRES_OF_MERCURY = 30  # «TA 16/11» is how French writes 160/110


_GAINED = re.compile(r"\b(?:gain\w*|put on|prend|pris|ameongez\w*|kaongez\w*)\b[^.;\n]*$")


_WITH_DECIMALS = frozenset({"temp_celsius", "haemoglobin_g_per_dl"})


def _number(raw: str) -> float:
    return float(raw.replace(",", "."))


def _is_plausible(vital: str, value: float) -> bool:
    low, high = PLAUSIBLE[vital]
    return low <= value <= high


def _forms_in(folded: str) -> Iterator[Measurement]:
    for form in VITAL_FORMS:
        for match in form.pattern.finditer(folded):
            if form.vital == "weight_grams" and _GAINED.search(folded[: match.end()][-32:]):
                continue
            unit = (match.group(2) or "") if form.pattern.groups > 1 else ""
            value = form.convert(_number(match.group(1)), unit)
            yield Measurement(
                form.vital, value, match.start(), match.end(), _is_plausible(form.vital, value)
            )
    for match in BARE_TEMPERATURE.finditer(folded):
        yield Measurement("temp_celsius", _number(match.group(1)), match.start(), match.end(), True)


def _pressures_in(folded: str) -> Iterator[Measurement]:
    for match in BLOOD_PRESSURE.finditer(folded):
        high, low = float(match["high"]), float(match["low"])
        start, end = match.start(), match.end()
        if match["label"] is None:
            start = match.start("high")
            if match["between"] == "-" or not (
                60 <= high <= 300 and 30 <= low <= 200 and high > low
            ):
                continue
        elif high <= _CENTIMETRES_OF_MERCURY and low <= _CENTIMETRES_OF_MERCURY and high > low:
            high, low = high * 10, low * 10
        plausible = (
            _is_plausible("systolic_mmhg", high)
            and _is_plausible("diastolic_mmhg", low)
            and high > low
        )
        yield Measurement("systolic_mmhg", high, start, end, plausible)
        if plausible:
            yield Measurement("diastolic_mmhg", low, start, end, True)


def measurements_in(folded: str) -> tuple[Measurement, ...]:
    """Every measurement of a folded text; of readings that overlap the first form wins."""
    found: list[Measurement] = []
    taken: list[tuple[int, int, str]] = []
    if not any(c.isdigit() for c in folded):
        return ()
    for m in (*_pressures_in(folded), *_forms_in(folded)):
        if any(m.start < end and start < m.end and not _pair(m, v) for start, end, v in taken):
            continue
        found.append(m)
        taken.append((m.start, m.end, m.vital))
    return tuple(found)


def _pair(measurement: Measurement, other: str) -> bool:
    return {measurement.vital, other} == {"systolic_mmhg", "diastolic_mmhg"}


def vitals_of(measurements: tuple[Measurement, ...]) -> Vitals:
    """The vitals to use: of several readings of one, the most telling."""
    chosen: dict[str, float] = {}
    for m in measurements:
        if not m.plausible:
            continue
        before = chosen.get(m.vital)
        usual = _USUAL[m.vital]
        if before is None or abs(m.value - usual) > abs(before - usual):
            chosen[m.vital] = m.value
    whole = {name: round(v) for name, v in chosen.items() if name not in _WITH_DECIMALS}
    return Vitals(
        **whole,
        temp_celsius=chosen.get("temp_celsius"),
        haemoglobin_g_per_dl=chosen.get("haemoglobin_g_per_dl"),
    )
