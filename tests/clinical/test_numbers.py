"""Measurements read from text: labels, units, inference, and what no one can measure."""

from __future__ import annotations

import pytest

from clinical.reader import read_text
from clinical.reader.numbers import measurements_in, vitals_of


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("175/112 33w", "systolic_mmhg", 175),
        ("175/112 33w", "diastolic_mmhg", 112),
        ("bp 160 / 110", "diastolic_mmhg", 110),
        ("BP: 90/60", "systolic_mmhg", 90),
        ("ta 17/11", "systolic_mmhg", 170),
        ("tension 16 / 10", "diastolic_mmhg", 100),
        ("presha 180/120", "systolic_mmhg", 180),
        ("140 over 95", "diastolic_mmhg", 95),
        ("64 bpm breath 3mth", "respiratory_rate_per_minute", 64),
        ("rr 62", "respiratory_rate_per_minute", 62),
        ("rr=58/min", "respiratory_rate_per_minute", 58),
        ("breathing 56 per minute", "respiratory_rate_per_minute", 56),
        ("counted 61 breaths", "respiratory_rate_per_minute", 61),
        ("resp rate 44", "respiratory_rate_per_minute", 44),
        ("anapumua haraka 65", "respiratory_rate_per_minute", 65),
        ("respire vite 58 par minute", "respiratory_rate_per_minute", 58),
        ("t 39.5", "temp_celsius", 39.5),
        ("temp 102f", "temp_celsius", 38.9),
        ("temp 38,4", "temp_celsius", 38.4),
        ("fever 39", "temp_celsius", 39.0),
        ("hot 38.9c", "temp_celsius", 38.9),
        ("40 degrees", "temp_celsius", 40.0),
        ("34.8", "temp_celsius", 34.8),
        ("muac 11.2", "muac_mm", 112),
        ("muac 112", "muac_mm", 112),
        ("muac 11.2cm", "muac_mm", 112),
        ("muac: 118 mm", "muac_mm", 118),
        ("pb 108", "muac_mm", 108),
        ("muac 10.9 18 months", "muac_mm", 109),
        ("spo2 88", "spo2_percent", 88),
        ("sats 85%", "spo2_percent", 85),
        ("saturation 91 %", "spo2_percent", 91),
        ("pulse 140", "pulse_per_minute", 140),
        ("spo2 98 pulse 156", "pulse_per_minute", 156),
        ("hr 120", "pulse_per_minute", 120),
        ("pouls 130", "pulse_per_minute", 130),
        ("hb 6", "haemoglobin_g_per_dl", 6.0),
        ("hb 6.8 g/dl", "haemoglobin_g_per_dl", 6.8),
        ("hb 65 g/l", "haemoglobin_g_per_dl", 6.5),
        ("sugar 35", "glucose_mg_per_dl", 35),
        ("sugar 2.1", "glucose_mg_per_dl", 38),
        ("rbs 22 mmol/l", "glucose_mg_per_dl", 396),
        ("glycemie 0,4 g/l", "glucose_mg_per_dl", 40),
        ("sukari 45 mg/dl", "glucose_mg_per_dl", 45),
        ("weight 2.1 kg", "weight_grams", 2100),
        ("birth weight 1800g", "weight_grams", 1800),
        ("poids 3 kg", "weight_grams", 3000),
        ("lost 800 ml of blood", "blood_loss_ml", 800),
    ],
)
def test_reads(text: str, field: str, value: float) -> None:
    assert getattr(vitals_of(measurements_in(text)), field) == value


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("BP 1600/10", "implausible:systolic_mmhg"),
        ("temp 390", "implausible:temp_celsius"),
        ("pulse 999", "implausible:pulse_per_minute"),
        ("spo2 150", "implausible:spo2_percent"),
        ("age 400 years", "implausible:age_days"),
        ("bp 80/120", "implausible:systolic_mmhg"),
    ],
)
def test_impossible_value_is_noted_and_not_used(text: str, note: str) -> None:
    reading = read_text(text)
    assert note in reading.notes
    assert reading.vitals == type(reading.vitals)()
    assert reading.patient.age_days is None


@pytest.mark.parametrize(
    "text",
    [
        "fever 3 days",
        "fever 3/7",
        "cough 3/52",
        "12/05/2024 visit",
        "breathing fast 3 days",
        "tel 0712345678",
        "waited 1 hr 30 min",
        "counted 12 children",
        "muac green age 24 months",
        "diabetic on sugar drugs age 60",
        "g2 p1 34/40",
    ],
)
def test_durations_dates_and_phones_are_no_measurement(text: str) -> None:
    assert measurements_in(text) == ()


def test_of_two_readings_the_more_telling_is_kept() -> None:
    vitals = vitals_of(measurements_in("bp 170/110 then bp 140/90"))
    assert (vitals.systolic_mmhg, vitals.diastolic_mmhg) == (170, 110)


def test_measured_fever_wins_over_denied_fever_and_is_told() -> None:
    reading = read_text("no fever temp 39.5")
    assert {f.presence for f in reading.findings if f.code == "fever"} == {"PRESENT", "ABSENT"}
    assert "contradiction:fever" in reading.notes
    [measured] = [f for f in reading.findings if f.code == "fever" and f.presence == "PRESENT"]
    assert measured.evidence is not None
    assert "39.5" in measured.evidence.text


def test_normal_temperature_makes_no_fever() -> None:
    assert not [f for f in read_text("temp 36.8").findings if f.code == "fever"]
