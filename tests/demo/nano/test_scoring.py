"""Counting answers against what was due."""

from __future__ import annotations

from dataclasses import replace

from clinical.assessment import Assessment, DangerSign, Source, Urgency
from demo.nano.scoring import Outcome, score
from inference_svc.output import ModelAnswer, Unusable, UnusableReason

DUE = ModelAnswer(
    summary="Child: fits.",
    danger_signs=("convulsions",),
    conditions=("severe_malaria",),
    urgency=Urgency.EMERGENCY,
    actions=("refer_now",),
)
SERVED = Assessment(
    urgency=Urgency.EMERGENCY,
    danger_signs=(DangerSign(code="convulsions", source=Source.RULE),),
)


def test_a_right_answer_counts_in_every_row():
    scores = score([Outcome(expected=DUE, model=DUE, final=SERVED)])
    assert scores.valid_json == scores.urgency_right == scores.condition_first_right == 1
    assert scores.danger_signs_named == scores.danger_signs_due == scores.service_urgency_right == 1
    assert scores.service_danger_signs_missed == scores.service_emergencies_missed == 0


def test_a_low_answer_is_too_low_and_its_sign_is_missed():
    low = replace(DUE, urgency=Urgency.HOME, danger_signs=())
    scores = score([Outcome(expected=DUE, model=low, final=Assessment(urgency=Urgency.HOME))])
    assert scores.urgency_right == scores.danger_signs_named == 0
    assert scores.urgency_too_low == scores.service_urgency_too_low == 1
    assert scores.service_danger_signs_missed == scores.service_emergencies_missed == 1


def test_an_unusable_answer_is_not_valid_and_counts_nowhere_as_right():
    unusable = Unusable(reason=UnusableReason.LENGTH)
    scores = score([Outcome(expected=DUE, model=unusable, final=SERVED)])
    assert scores.cases == 1
    assert scores.valid_json == scores.urgency_right == scores.danger_signs_named == 0
    assert scores.service_urgency_right == 1
