"""A case written as a worker's message."""

from __future__ import annotations

from random import Random

import pytest

from clinical.case import Case, Finding, Patient, Pregnancy, Presence, Vitals
from demo.nano.texts import noisy, write_message
from demo.nano.wording import LANGUAGES, Split, denials, sign_wordings, wording

CASE = Case(
    patient=Patient(age_days=730),
    vitals=Vitals(temp_celsius=38.5, systolic_mmhg=170, diastolic_mmhg=115),
    findings=(Finding(code="fever"), Finding(code="cough", presence=Presence.ABSENT)),
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("split", Split)
def test_age_and_measurements_stand_in_every_message(language, split):
    for seed in range(60):
        text = write_message(CASE, language, Random(seed), split)
        assert "2" in text
        assert "38.5" in text
        assert "170/115" in text


def test_weeks_of_pregnancy_stand_in_the_message():
    mother = Case(patient=Patient(pregnancy=Pregnancy.PREGNANT, gestation_weeks=34))
    assert all("34" in write_message(mother, "en", Random(n), Split.TRAIN) for n in range(20))


def test_no_empty_parts_are_left_behind():
    for seed in range(100):
        text = write_message(Case(), "en", Random(seed), Split.TRAIN)
        assert "  " not in text
        assert ",," not in text
        assert "{" not in text


def test_slips_leave_numbers_alone():
    for seed in range(50):
        assert "170/115" in noisy("blood pressure 170/115 measured yesterday evening", Random(seed))


@pytest.mark.parametrize("language", LANGUAGES)
def test_held_out_wording_is_disjoint_from_training(language):
    code = "convulsions"
    train = set(sign_wordings(code, language, Split.TRAIN))
    held_out = set(sign_wordings(code, language, Split.HELD_OUT))
    assert train
    assert held_out == train or train.isdisjoint(held_out)


@pytest.mark.parametrize("language", LANGUAGES)
def test_held_out_frames_are_never_used_in_training(language):
    words = wording(language)
    held_out = set(words.of_split("frames", Split.HELD_OUT))
    assert held_out.isdisjoint(words.of_split("frames", Split.TRAIN))


def test_what_is_negative_already_is_not_negated_again():
    said = denials("not_able_to_drink", "en", Split.TRAIN)
    assert said
    assert not [text for text in said if text.startswith(("no cannot", "no won't", "no unable"))]
