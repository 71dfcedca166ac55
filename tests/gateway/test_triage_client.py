"""The gateway's side of the contract, over real gRPC."""

import importlib.util
from pathlib import Path

import pytest

from chewie.triage.v1 import triage_pb2 as pb
from clinical.assessment import AnswerSource, ReferralLevel, Source, Urgency
from clinical.case import (
    AgeGroup,
    Case,
    Finding,
    Message,
    Patient,
    Pregnancy,
    Presence,
    Role,
    Sex,
    Vitals,
)
from gateway.assessing import assess_case
from gateway.settings import settings_from
from gateway.triage_client import (
    TriageService,
    TriageUnavailableError,
    answer_from_proto,
    case_to_proto,
)


@pytest.fixture(scope="module")
def service():
    path = Path(__file__).with_name("rules_service.py")
    spec = importlib.util.spec_from_file_location("rules_service", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server, port = module.serve(0)
    yield f"127.0.0.1:{port}"
    server.stop(None)


def client_of(target, gateway_environ):
    return TriageService(settings_from(gateway_environ(inference_target=target)))


FITTING = Case(messages=(Message(text="2yr old fitting"),))


def test_the_service_answers_over_grpc(service, gateway_environ):
    client = client_of(service, gateway_environ)
    answer = client.assess(FITTING, language="en", request_id="inbox-1", timeout_seconds=60)
    client.close()
    assert answer.assessment.urgency is Urgency.EMERGENCY
    assert answer.assessment.referral.level is ReferralLevel.HOSPITAL
    assert answer.provenance.model == "rules-service"


def test_a_service_that_is_away_is_told_as_such(gateway_environ):
    client = client_of("127.0.0.1:9", gateway_environ)
    with pytest.raises(TriageUnavailableError) as caught:
        client.assess(FITTING, language="en", request_id="inbox-1", timeout_seconds=1)
    client.close()
    assert caught.value.reason in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
    assert "fitting" not in str(caught.value)


def test_then_the_rules_answer(gateway_environ):
    client = client_of("127.0.0.1:9", gateway_environ)
    answer = assess_case(client, FITTING, language="en", request_id="inbox-1", deadline_seconds=0.5)
    client.close()
    assert answer.assessment.urgency is Urgency.EMERGENCY
    assert answer.assessment.source is AnswerSource.RULES_ONLY
    assert answer.provenance.fallback_reason


def test_a_case_goes_over_the_wire_with_what_is_known_only():
    case = Case(
        messages=(Message(text="hot"), Message(role=Role.ASSISTANT, text="Fits?")),
        patient=Patient(
            age_days=426,
            age_group=AgeGroup.CHILD,
            sex=Sex.FEMALE,
            pregnancy=Pregnancy.NOT_PREGNANT,
        ),
        vitals=Vitals(temp_celsius=39.5, muac_mm=120),
        findings=(Finding(code="fever"), Finding(code="cough", presence=Presence.ABSENT)),
    )
    wire = case_to_proto(case)
    assert [m.role for m in wire.messages] == [pb.ROLE_HEALTH_WORKER, pb.ROLE_ASSISTANT]
    assert (wire.patient.age_days, wire.patient.sex) == (426, pb.SEX_FEMALE)
    assert wire.patient.age_group == pb.AGE_GROUP_CHILD
    assert not wire.patient.HasField("gestation_weeks")
    assert wire.vitals.temp_celsius == 39.5
    assert not wire.vitals.HasField("spo2_percent")
    assert [f.presence for f in wire.findings] == [pb.PRESENCE_PRESENT, pb.PRESENCE_ABSENT]


def test_an_unknown_case_is_an_empty_one():
    assert case_to_proto(Case()) == pb.Case(patient=pb.Patient())


def test_a_long_conversation_keeps_its_newest_messages():
    case = Case(messages=tuple(Message(text=str(n)) for n in range(60)))
    assert [m.text for m in case_to_proto(case).messages] == [str(n) for n in range(20, 60)]


def test_an_answer_comes_back_whole():
    wire = pb.Assessment(
        urgency=pb.URGENCY_URGENT,
        summary="Short.",
        danger_signs=[pb.DangerSign(code="fever_7_days", source=pb.SIGN_SOURCE_MODEL)],
        conditions=[pb.Condition(code="malaria", name="malaria")],
        actions=[pb.Action(code="test_malaria", text="Test")],
        referral=pb.Referral(needed=True, within_hours=24, level=pb.REFERRAL_LEVEL_HEALTH_CENTRE),
        questions=[
            pb.Question(
                code="general_danger_signs",
                options=[pb.QuestionOption(code="none_of_these"), pb.QuestionOption(code="fits")],
            )
        ],
        provenance=pb.Provenance(
            model="m", demo=True, source=pb.ANSWER_SOURCE_MODEL_AND_RULES, raised_by_rules=True
        ),
    )
    answer = answer_from_proto(wire)
    given = answer.assessment
    assert (given.urgency, given.summary) == (Urgency.URGENT, "Short.")
    assert given.danger_signs[0].source is Source.MODEL
    assert given.conditions == ("malaria",)
    assert given.referral.within_hours == 24
    assert given.questions[0].options == ("none_of_these", "fits")
    assert given.source is AnswerSource.MODEL_AND_RULES
    assert given.raised_by_rules
    assert answer.provenance.demo
    assert answer.texts == {"malaria": "malaria", "test_malaria": "Test"}


def test_no_urgency_is_never_safe():
    given = answer_from_proto(pb.Assessment()).assessment
    assert given.urgency is Urgency.UNSPECIFIED


def test_an_answer_without_urgency_is_answered_by_the_rules(triage):
    triage.answers = [answer_from_proto(pb.Assessment(summary="All is well."))]
    answer = assess_case(triage, FITTING, language="en", request_id="x", deadline_seconds=1)
    assert answer.assessment.urgency is Urgency.EMERGENCY
    assert answer.assessment.summary != "All is well."
