"""The contract over a real gRPC server: answers, steps, info, ids, and every error by the table."""

import asyncio
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from chewie.triage.v1 import triage_pb2 as pb
from clinical import LANGUAGES
from clinical.assessment import Urgency
from inference_svc.engine import EngineUnavailableError, PromptRejectedError
from inference_svc.output import from_codes_json
from inference_svc.servicer import MODEL_ANSWER_KEY
from tests.inference_svc.fakes import (
    IDENTITY,
    FakeEngine,
    Running,
    a_request,
    run,
    said,
    serving,
    until,
)

FITS = "2yr old fitting and won't drink anything"


async def failure(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


def details(error: grpc.aio.AioRpcError, kind: Any) -> Any:
    status = rpc_status.from_call(error)
    assert status is not None
    for detail in status.details:
        if detail.Is(kind.DESCRIPTOR):
            found = kind()
            detail.Unpack(found)
            return found
    return None


async def events(running: Running, request: Any) -> list[Any]:
    call = running.stub.AssessStream(pb.AssessStreamRequest(request=request), timeout=20)
    return [event async for event in call]


def test_assess_answers_with_texts_provenance_and_usage() -> None:
    async def scenario() -> None:
        async with serving(FakeEngine()) as running:
            answer = (await running.stub.Assess(a_request(), timeout=20)).assessment
        assert answer.urgency == pb.URGENCY_HOME
        assert [one.code for one in answer.conditions] == ["cough_or_cold"]
        assert answer.conditions[0].name == "cough or cold"
        assert answer.actions[0].text
        assert answer.provenance.source == pb.ANSWER_SOURCE_MODEL_AND_RULES
        assert answer.provenance.model == IDENTITY.model
        assert answer.provenance.prompt_version == IDENTITY.prompt_version
        assert answer.usage.cached_tokens == 1600

    run(scenario())


def test_engine_none_serves_by_the_rules_and_says_so() -> None:
    async def scenario() -> None:
        async with serving(None) as running:
            answer = (await running.stub.Assess(a_request(FITS), timeout=20)).assessment
        assert answer.urgency == pb.URGENCY_EMERGENCY
        assert answer.provenance.source == pb.ANSWER_SOURCE_RULES_ONLY
        assert answer.provenance.fallback_reason == "engine_none"
        assert {sign.source for sign in answer.danger_signs} == {pb.SIGN_SOURCE_RULE}
        assert all(sign.rule_id and sign.evidence for sign in answer.danger_signs)
        assert answer.referral.needed
        assert answer.referral.within_hours == 0

    run(scenario())


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_come_in_the_language_asked_for(language: str) -> None:
    async def scenario() -> None:
        async with serving(None) as running:
            tagged = a_request(FITS, language=f"{language}-XX")
            texts = {
                action.code: action.text
                for action in (await running.stub.Assess(tagged, timeout=20)).assessment.actions
            }
            english = (await running.stub.Assess(a_request(FITS), timeout=20)).assessment.actions
        differ = any(texts[action.code] != action.text for action in english)
        assert differ is (language != "en")

    run(scenario())


def test_stream_goes_accepted_findings_sentences_then_one_assessment() -> None:
    async def scenario() -> None:
        text = said(summary="Child with a cold. Drinks well. Give 5 ml twice a day.")
        async with serving(FakeEngine(text=text, piece=7)) as running:
            steps = await events(running, a_request(request_id="abc"))
        kinds = [step.WhichOneof("event") for step in steps]
        assert kinds == ["accepted", "rule_findings", *["summary_delta"] * 2, "assessment"]
        assert steps[0].accepted.request_id == "abc"
        told = [step.summary_delta.text for step in steps[2:-1]]
        assert told == ["Child with a cold.", "Drinks well."]
        assert {finding.code for finding in steps[1].rule_findings.findings} >= {"runny_nose"}

    run(scenario())


def test_stream_sends_no_sentence_once_the_rules_say_emergency() -> None:
    async def scenario() -> None:
        async with serving(FakeEngine(piece=5)) as running:
            steps = await events(running, a_request(FITS))
        kinds = [step.WhichOneof("event") for step in steps]
        assert kinds == ["accepted", "rule_findings", "assessment"]
        signs = [sign.code for sign in steps[1].rule_findings.danger_signs]
        assert "convulsions" in signs
        assert steps[-1].assessment.urgency == pb.URGENCY_EMERGENCY

    run(scenario())


def test_rule_findings_arrive_before_the_model_has_answered() -> None:
    async def scenario() -> None:
        engine = FakeEngine(delay=3600)
        async with serving(engine, warm=False) as running:
            await running.service.readiness.succeeded()
            call = running.stub.AssessStream(
                pb.AssessStreamRequest(request=a_request(FITS)), timeout=20
            )
            first, second = await call.read(), await call.read()
            assert first.accepted.request_id
            assert second.rule_findings.danger_signs
            call.cancel()
            await until(lambda: not engine.running)

    run(scenario())


def test_service_info_tells_versions_limits_and_load() -> None:
    async def scenario() -> None:
        async with serving(FakeEngine(), max_waiting_requests=7) as running:
            info = await running.stub.GetServiceInfo(pb.GetServiceInfoRequest(), timeout=20)
        assert info.guideline_version == IDENTITY.guideline_version
        assert tuple(info.languages) == LANGUAGES
        assert info.limits.max_queued_requests == 16 + 7
        assert info.limits.max_message_characters == 4000
        assert info.load.running_requests == 0
        assert info.service_version

    run(scenario())


def test_options_reach_the_engine_within_bounds() -> None:
    async def scenario() -> None:
        engine = FakeEngine()
        async with serving(engine) as running:
            for asked in (
                {"max_output_tokens": 64, "temperature": 0.5},
                {"max_output_tokens": 999},
            ):
                await running.stub.Assess(a_request(options=asked), timeout=20)
        assert [seen.max_output_tokens for seen in engine.seen] == [64, 320]
        assert [seen.temperature for seen in engine.seen] == [0.5, 0.0]

    run(scenario())


def test_same_request_id_is_assessed_once_by_either_method() -> None:
    async def scenario() -> None:
        engine = FakeEngine(delay=0.02)
        async with serving(engine) as running:
            request = a_request(request_id="r-1")
            first, second = await asyncio.gather(
                running.stub.Assess(request, timeout=20), running.stub.Assess(request, timeout=20)
            )
            third = (await events(running, request))[-1]
        assert first == second
        assert first.assessment == third.assessment
        assert len(engine.seen) == 1

    run(scenario())


def test_same_request_id_with_another_body_is_refused() -> None:
    async def scenario() -> None:
        async with serving(FakeEngine()) as running:
            await running.stub.Assess(a_request(request_id="r-1"), timeout=20)
            error = await failure(
                running.stub.Assess(a_request(FITS, request_id="r-1"), timeout=20)
            )
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        fields = details(error, error_details_pb2.BadRequest).field_violations
        assert [one.field for one in fields] == ["request_id"]

    run(scenario())


WRONG: dict[str, tuple[Any, str]] = {
    "no case": (pb.AssessRequest(), "case"),
    "empty case": (pb.AssessRequest(case=pb.Case()), "case"),
    "empty text": (a_request(""), "case.messages[0].text"),
    "long text": (a_request("x" * 4001), "case.messages[0].text"),
    "no role": (pb.AssessRequest(case={"messages": [{"text": "x"}]}), "case.messages[0].role"),
    "only ours": (
        pb.AssessRequest(case={"messages": [{"text": "x", "role": pb.ROLE_ASSISTANT}]}),
        "case.messages",
    ),
    "vital": (a_request(case={"vitals": {"spo2_percent": 900}}), "case.vitals.spo2_percent"),
    "age": (a_request(case={"patient": {"age_days": -1}}), "case.patient.age_days"),
    "finding": (
        a_request(case={"findings": [{"code": "no_such_code", "presence": 1}]}),
        "case.findings[0].code",
    ),
    "presence": (a_request(case={"findings": [{"code": "cough"}]}), "case.findings[0].presence"),
    "request id": (a_request(request_id="a b"), "request_id"),
    "language": (a_request(language="english!"), "language"),
    "priority": (a_request(priority=99), "priority"),
    "temperature": (a_request(options={"temperature": 3}), "options.temperature"),
    "tokens": (a_request(options={"max_output_tokens": 5}), "options.max_output_tokens"),
}


@pytest.mark.parametrize(("request_", "field"), WRONG.values(), ids=WRONG.keys())
def test_wrong_request_is_refused_with_its_field(request_: Any, field: str) -> None:
    async def scenario() -> None:
        async with serving(None) as running:
            for call, prefix in (
                (running.stub.Assess(request_, timeout=20), ""),
                (anext(aiter(stream(running))), "request."),
            ):
                error = await failure(call)
                assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
                found = details(error, error_details_pb2.BadRequest).field_violations
                assert prefix + field in [one.field for one in found]
                assert all(one.description for one in found)

    def stream(running: Running) -> Any:
        return running.stub.AssessStream(pb.AssessStreamRequest(request=request_), timeout=20)

    run(scenario())


ENGINE_FAILURES = {
    "failed": (FakeEngine(error=EngineUnavailableError()), grpc.StatusCode.UNAVAILABLE, True),
    "error": (FakeEngine(finish_reason="error"), grpc.StatusCode.UNAVAILABLE, True),
    "dead": (FakeEngine(dead=True), grpc.StatusCode.UNAVAILABLE, True),
    "full": (FakeEngine(places=0), grpc.StatusCode.RESOURCE_EXHAUSTED, True),
    "aborted": (FakeEngine(finish_reason="abort"), grpc.StatusCode.CANCELLED, False),
    "rejected": (
        FakeEngine(error=PromptRejectedError("too long")),
        grpc.StatusCode.INVALID_ARGUMENT,
        False,
    ),
    "bug": (FakeEngine(error=ZeroDivisionError("SECRET")), grpc.StatusCode.INTERNAL, False),
}


@pytest.mark.parametrize(("engine", "code", "retry"), ENGINE_FAILURES.values(), ids=ENGINE_FAILURES)
def test_engine_failures_follow_the_table(
    engine: FakeEngine, code: grpc.StatusCode, retry: bool
) -> None:
    async def scenario() -> None:
        async with serving(engine, warm=False) as running:
            await running.service.readiness.succeeded()
            error = await failure(running.stub.Assess(a_request(), timeout=20))
        assert error.code() is code
        assert (details(error, error_details_pb2.RetryInfo) is not None) is retry
        assert "SECRET" not in str(error)
        assert "runny" not in str(error)

    run(scenario())


def test_stream_finds_the_queue_full_before_it_is_accepted_so_that_clients_retry() -> None:
    async def scenario() -> None:
        engine = FakeEngine(delay=0.1)
        limits = {"max_running_requests": 1, "max_waiting_requests": 0}
        async with serving(engine, **limits) as running:
            under_way = a_request(request_id="r-1")
            first = asyncio.ensure_future(running.stub.Assess(under_way, timeout=20))
            await until(lambda: len(engine.running) == 1)
            refused = running.stub.AssessStream(
                pb.AssessStreamRequest(request=a_request("cough")), timeout=20
            )
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await refused.read()
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            joined = await events(running, under_way)
            emergency = await events(running, a_request(FITS))
            assert joined[-1].assessment == (await first).assessment
        assert emergency[-1].assessment.urgency == pb.URGENCY_EMERGENCY

    run(scenario())


@pytest.mark.parametrize(
    ("given", "told"), [("visit-7", "visit-7"), ("", None), ("Amina has fits", None)]
)
def test_error_names_the_call_as_the_log_does(given: str, told: str | None) -> None:
    async def scenario() -> None:
        async with serving(None) as running:
            wrong = a_request(language="!", request_id=given)
            error = await failure(running.stub.Assess(wrong, timeout=20))
        named = details(error, error_details_pb2.RequestInfo).request_id
        assert named == told or (told is None and len(named) == 32)

    run(scenario())


def test_nothing_is_answered_before_the_first_generation() -> None:
    async def scenario() -> None:
        async with serving(FakeEngine(), warm=False) as running:
            error = await failure(running.stub.Assess(a_request(), timeout=20))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert details(error, error_details_pb2.RetryInfo).retry_delay.seconds == 5

    run(scenario())


def test_too_little_time_is_refused_at_admission() -> None:
    async def scenario() -> None:
        engine = FakeEngine()
        async with serving(engine, min_time_left_seconds=30) as running:
            error = await failure(running.stub.Assess(a_request(), timeout=20))
            assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            assert details(error, error_details_pb2.ErrorInfo).reason == "TOO_LITTLE_TIME"
        assert engine.seen == []

    run(scenario())


def test_call_without_deadline_ends_at_the_services_own() -> None:
    async def scenario() -> None:
        engine = FakeEngine(delay=3600)
        async with serving(engine, warm=False, default_deadline_seconds=0.2) as running:
            await running.service.readiness.succeeded()
            error = await failure(running.stub.Assess(a_request()))
            assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            await until(lambda: not engine.running)

    run(scenario())


def test_passed_deadline_frees_the_engine() -> None:
    async def scenario() -> None:
        engine = FakeEngine(delay=3600)
        async with serving(engine, warm=False) as running:
            await running.service.readiness.succeeded()
            error = await failure(running.stub.Assess(a_request(), timeout=0.3))
            assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            await until(lambda: len(engine.seen) == 1 and not engine.running)

    run(scenario())


def test_client_that_leaves_frees_the_engine() -> None:
    async def scenario() -> None:
        engine = FakeEngine(delay=3600)
        async with serving(engine, warm=False) as running:
            await running.service.readiness.succeeded()
            stream = pb.AssessStreamRequest(request=a_request())
            for begin in (
                lambda: running.stub.Assess(a_request(), timeout=20),
                lambda: running.stub.AssessStream(stream, timeout=20),
            ):
                call = begin()
                await until(lambda: len(engine.running) == 1)
                call.cancel()
                await until(lambda: not engine.running)

    run(scenario())


def test_metrics_count_calls_and_why_the_rules_answered() -> None:
    async def scenario() -> None:
        async with serving(FakeEngine(finish_reason="length")) as running:
            await running.stub.Assess(a_request(FITS), timeout=20)
            await failure(running.stub.Assess(a_request(""), timeout=20))
            registry = running.service.metrics.registry

        def value(name: str, **labels: str) -> float | None:
            return registry.get_sample_value(f"chewie_inference_{name}", labels)

        assert value("calls_total", method="Assess", code="OK") == 1
        assert value("calls_total", method="Assess", code="INVALID_ARGUMENT") == 1
        assert value("fallbacks_total", reason="length") == 1
        assert value("assessments_total", urgency="EMERGENCY", source="RULES_ONLY") == 1
        assert value("tokens_total", kind="cached") == 1600
        assert value("calls_running", method="Assess") == 0
        assert value("serving") == 1

    run(scenario())


@pytest.mark.parametrize("told", [False, True])
def test_the_models_own_choice_is_told_only_where_the_setting_asks_for_it(told: bool) -> None:
    async def scenario() -> None:
        async with serving(FakeEngine(), tell_model_answer=told) as running:
            call = running.stub.Assess(a_request(FITS), timeout=20)
            answer = (await call).assessment
            trailers = dict(await call.trailing_metadata())
        assert answer.urgency == pb.URGENCY_EMERGENCY  # the net raised what the model chose
        assert (MODEL_ANSWER_KEY in trailers) is told
        if told:
            chosen = from_codes_json(str(trailers[MODEL_ANSWER_KEY]))
            assert chosen.urgency is Urgency.HOME
            assert not chosen.summary

    run(scenario())
