"""Protobuf and domain: every field crosses, unknown stays unknown, absent is never zero."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chewie.triage.v1 import triage_pb2 as pb
from clinical.assessment import (
    AnswerSource,
    Assessment,
    DangerSign,
    Question,
    Referral,
    ReferralLevel,
    Source,
    Urgency,
)
from clinical.case import (
    AgeGroup,
    Case,
    Evidence,
    Finding,
    Message,
    Patient,
    Pregnancy,
    Presence,
    Role,
    Sex,
    Vitals,
)
from inference_svc import wire
from inference_svc.engine import TokenUsage
from tests.inference_svc.fakes import IDENTITY

cases = st.builds(
    Case,
    messages=st.lists(
        st.builds(Message, role=st.sampled_from(Role), text=st.text(min_size=1, max_size=20)),
        max_size=3,
    ).map(tuple),
    patient=st.builds(
        Patient,
        age_days=st.none() | st.integers(0, 47_500),
        age_group=st.sampled_from(AgeGroup),
        sex=st.sampled_from(Sex),
        pregnancy=st.sampled_from(Pregnancy),
        gestation_weeks=st.none() | st.integers(1, 45),
    ),
    vitals=st.builds(
        Vitals,
        temp_celsius=st.none() | st.integers(250, 450).map(lambda tenths: tenths / 10),
        blood_loss_ml=st.none() | st.integers(0, 6000),
        spo2_percent=st.none() | st.integers(30, 100),
    ),
    findings=st.lists(
        st.builds(
            Finding, code=st.sampled_from(["cough", "fever"]), presence=st.sampled_from(Presence)
        ),
        max_size=3,
    ).map(tuple),
)


@given(cases)
def test_case_survives_the_wire(case: Case) -> None:
    sent = pb.Case.FromString(wire.case_to_proto(case).SerializeToString())
    assert wire.case_from_proto(sent) == case


def test_every_vital_of_the_domain_is_on_the_wire() -> None:
    assert set(wire.VITAL_NAMES) == {field.name for field in dataclasses.fields(Vitals)}


def test_absent_vital_is_not_zero_and_zero_is_not_absent() -> None:
    assert wire.vitals_from_proto(pb.Vitals()) == Vitals()
    assert wire.vitals_from_proto(pb.Vitals(blood_loss_ml=0)).blood_loss_ml == 0


@pytest.mark.parametrize(
    ("domain", "enum", "prefix"),
    [
        (Urgency, pb.Urgency, "URGENCY_"),
        (Role, pb.Role, "ROLE_"),
        (Presence, pb.Presence, "PRESENCE_"),
        (Sex, pb.Sex, "SEX_"),
        (Pregnancy, pb.Pregnancy, "PREGNANCY_"),
        (AgeGroup, pb.AgeGroup, "AGE_GROUP_"),
        (ReferralLevel, pb.ReferralLevel, "REFERRAL_LEVEL_"),
        (Source, pb.SignSource, "SIGN_SOURCE_"),
        (AnswerSource, pb.AnswerSource, "ANSWER_SOURCE_"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_enums_have_the_same_names_on_both_sides(domain: type, enum: type, prefix: str) -> None:
    unset = {"UNSPECIFIED", "UNKNOWN"}
    ours = {one.name for one in domain} - unset  # type: ignore[attr-defined]
    theirs = {name.removeprefix(prefix) for name in enum.keys()} - unset  # type: ignore[attr-defined] # noqa: SIM118
    assert ours == theirs


FULL = Assessment(
    urgency=Urgency.EMERGENCY,
    summary="fits",
    danger_signs=(
        DangerSign(
            code="convulsions",
            source=Source.RULE,
            rule_id="IMCI-GDS-01",
            evidence=Evidence(message=0, start=0, end=4, text="fits"),
        ),
        DangerSign(code="stridor", source=Source.MODEL),
    ),
    conditions=("meningitis",),
    actions=("refer_now",),
    referral=Referral(
        needed=True, within_hours=0, level=ReferralLevel.HOSPITAL, reason="convulsions"
    ),
    source=AnswerSource.MODEL_AND_RULES,
    raised_by_rules=True,
    rule_ids=("IMCI-GDS-01",),
    notes=("implausible:systolic_mmhg",),
)


def told(assessment: Assessment) -> pb.Assessment:
    return wire.assessment_to_proto(
        assessment,
        language="en",
        identity=IDENTITY,
        fallback_reason="length",
        usage=TokenUsage(prompt_tokens=9, queue_ms=4),
        total_ms=12,
    )


def test_assessment_survives_the_wire_but_for_where_the_words_stand() -> None:
    bare = dataclasses.replace(
        FULL,
        danger_signs=tuple(dataclasses.replace(sign, evidence=None) for sign in FULL.danger_signs),
    )
    assert wire.assessment_from_proto(told(FULL)) == bare


def test_codes_come_with_texts_signs_with_words_and_usage_with_times() -> None:
    answer = told(FULL)
    assert answer.conditions[0].name
    assert answer.actions[0].text
    assert answer.danger_signs[0].evidence == "fits"
    assert (answer.usage.prompt_tokens, answer.usage.queue_ms, answer.usage.total_ms) == (9, 4, 12)
    assert answer.provenance.fallback_reason == "length"


def test_referral_without_hours_is_not_now() -> None:
    answer = told(Assessment(urgency=Urgency.HOME))
    assert not answer.referral.HasField("within_hours")
    assert told(FULL).referral.HasField("within_hours")


def test_question_comes_with_numbered_options() -> None:
    from clinical import questions_for

    asked = questions_for(Case(messages=(Message(text="child 2 years cough"),)))
    assert asked
    answer = told(Assessment(urgency=Urgency.ROUTINE, questions=asked))
    assert all(one.text for one in answer.questions)
    assert [len(one.options) for one in answer.questions] == [len(one.options) for one in asked]
    assert isinstance(asked[0], Question)
