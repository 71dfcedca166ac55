"""The numbers that the rules must hold on the repository's texts. A lower number is a defect."""

from functools import cache
from pathlib import Path

import pytest

from clinical.evaluate.arms import ARMS
from clinical.evaluate.cases import read_cases
from clinical.evaluate.guideline import conditions_by_rule
from clinical.evaluate.measure import Report, answer_cases, measure

DATA = Path(__file__).parents[3] / "clinical" / "evaluation"


@cache
def report_of(name: str, arm: str) -> Report:
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as lines:
        cases = read_cases(lines)
    return measure(answer_cases(cases, ARMS[arm], conditions_by_rule=conditions_by_rule()))


@pytest.mark.parametrize("arm", sorted(ARMS))
def test_controls_are_rarely_sent_in(arm: str) -> None:
    share = report_of("benign_controls", arm).metrics["over_triage_today"].share
    assert share is not None
    assert share <= 0.20


def test_referral_is_appropriate_in_the_scenarios() -> None:
    share = report_of("scenarios", "rules").metrics["referral_appropriate"].share
    assert share is not None
    assert share >= 0.96


@pytest.mark.parametrize("name", ["explicit_danger_signs", "benign_controls", "scenarios"])
def test_no_arm_lets_a_dose_through(name: str) -> None:
    for arm in ARMS:
        assert report_of(name, arm).metrics["dose_errors"].hits == 0


@pytest.mark.parametrize("arm", sorted(ARMS))
def test_no_explicit_danger_sign_is_missed(arm: str) -> None:
    assert report_of("explicit_danger_signs", arm).missed_ids == ()


@pytest.mark.parametrize("arm", sorted(ARMS))
def test_controls_are_rarely_judged_too_urgent(arm: str) -> None:
    share = report_of("benign_controls", arm).metrics["over_triage"].share
    assert share is not None
    assert share <= 0.20
