"""The typed clients, sync and async: answers, typed errors, deadline, retries, all addresses."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest

from chewie.client import AsyncTriageClient, TriageClient, TriageError, request_for
from chewie.triage.v1 import triage_pb2 as pb
from chewie.triage.v1.triage_pb2_grpc import (
    TriageServiceServicer,
    add_TriageServiceServicer_to_server,
)
from inference_svc.errors import Failure
from tests.client.conftest import TOKEN
from tests.inference_svc.process import ServiceProcess

FITS = "2yr old fitting and won't drink anything"
Script = Callable[[pb.AssessRequest, Any], pb.AssessResponse]


class Scripted(TriageServiceServicer):  # type: ignore[misc]
    """Answers each call by the next step of a script; keeps the requests."""

    def __init__(self, *steps: Script) -> None:
        self.steps = list(steps)
        self.seen: list[pb.AssessRequest] = []

    def Assess(self, request: pb.AssessRequest, context: Any) -> pb.AssessResponse:  # noqa: N802
        self.seen.append(request)
        return (self.steps.pop(0) if self.steps else answers)(request, context)


def answers(request: pb.AssessRequest, context: Any) -> pb.AssessResponse:
    return pb.AssessResponse(assessment=pb.Assessment(urgency=pb.URGENCY_ROUTINE))


def fails(code: grpc.StatusCode, *, retry_after: float | None = None) -> Script:
    def step(request: pb.AssessRequest, context: Any) -> pb.AssessResponse:
        failure = Failure(code=code, reason="X", message="m", retry_after_seconds=retry_after)
        context.set_trailing_metadata(failure.trailing_metadata())
        context.abort(code, "m")
        raise AssertionError

    return step


@contextlib.contextmanager
def scripted(*steps: Script) -> Iterator[tuple[Scripted, str]]:
    servicer = Scripted(*steps)
    server = grpc.server(futures.ThreadPoolExecutor(4))
    add_TriageServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield servicer, f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()


def test_sync_client_answers_streams_and_tells_info(service: ServiceProcess) -> None:
    with TriageClient(service.target) as client:
        answer = client.assess(request_for(FITS), timeout_seconds=20)
        steps = list(client.assess_stream(request_for(FITS), timeout_seconds=20))
        info = client.info(timeout_seconds=20)
    assert answer.urgency == steps[-1].assessment.urgency == pb.URGENCY_EMERGENCY
    assert info.guideline_version == answer.provenance.guideline_version


def test_async_client_answers_streams_and_tells_info(service: ServiceProcess) -> None:
    async def scenario() -> None:
        async with AsyncTriageClient(service.target) as client:
            answer = await client.assess(request_for(FITS), timeout_seconds=20)
            stream = client.assess_stream(request_for(FITS), timeout_seconds=20)
            steps = [step async for step in stream]
            info = await client.info(timeout_seconds=20)
        assert answer.urgency == steps[-1].assessment.urgency == pb.URGENCY_EMERGENCY
        assert info.languages

    asyncio.run(scenario())


def test_wrong_field_is_told_by_name(service: ServiceProcess) -> None:
    with TriageClient(service.target) as client, pytest.raises(TriageError) as caught:
        client.assess(request_for("x", temperature=7), timeout_seconds=20)
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.reason == "INVALID_REQUEST"
    assert [one.field for one in caught.value.fields] == ["options.temperature"]
    assert caught.value.retry_after_seconds is None


@pytest.mark.parametrize(
    ("token", "reason"), [(None, "BAD_TOKEN"), ("chewie_other", "BAD_TOKEN"), (TOKEN.token, "")]
)
def test_token_lets_in(guarded_service: ServiceProcess, token: str | None, reason: str) -> None:
    with TriageClient(guarded_service.target, token=token) as client:
        try:
            client.assess(request_for(FITS), timeout_seconds=20)
            ended = ""
        except TriageError as error:
            ended = error.reason
    assert ended == reason


def test_passing_failures_are_tried_again_with_the_same_id() -> None:
    steps = (
        fails(grpc.StatusCode.UNAVAILABLE, retry_after=0.05),
        fails(grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after=0.05),
    )
    with scripted(*steps) as (servicer, target), TriageClient(target) as client:
        answer = client.assess(request_for(FITS), timeout_seconds=20)
    assert answer.urgency == pb.URGENCY_ROUTINE
    ids = [request.request_id for request in servicer.seen]
    assert len(ids) == 3
    assert len(set(ids)) == 1
    assert ids[0]


def test_lasting_failure_is_told_after_the_last_try() -> None:
    steps = [fails(grpc.StatusCode.UNAVAILABLE, retry_after=0.01)] * 9
    with (
        scripted(*steps) as (servicer, target),
        TriageClient(target, max_attempts=2) as client,
        pytest.raises(TriageError) as caught,
    ):
        client.assess(request_for(FITS), timeout_seconds=20)
    assert len(servicer.seen) == 2
    assert caught.value.retry_after_seconds == 0.01


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAUTHENTICATED]
)
def test_lasting_errors_are_not_tried_again(code: grpc.StatusCode) -> None:
    with (
        scripted(fails(code)) as (servicer, target),
        TriageClient(target) as client,
        pytest.raises(TriageError),
    ):
        client.assess(request_for(FITS), timeout_seconds=20)
    assert len(servicer.seen) == 1


def test_deadline_covers_all_tries() -> None:
    steps = [fails(grpc.StatusCode.UNAVAILABLE, retry_after=30)] * 9
    with (
        scripted(*steps) as (_, target),
        TriageClient(target) as client,
        pytest.raises(TriageError) as caught,
    ):
        client.assess(request_for(FITS), timeout_seconds=0.5)
    assert caught.value.code in {
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNAVAILABLE,
    }


def test_calls_go_to_every_address_in_turn() -> None:
    with scripted() as (one, first), scripted() as (two, second):
        target = f"ipv4:{first},{second}"
        with TriageClient(target) as client:
            for _ in range(20):
                client.assess(request_for(FITS), timeout_seconds=20)
    assert min(len(one.seen), len(two.seen)) >= 5


def test_away_service_is_told_as_unavailable() -> None:
    with (
        TriageClient("127.0.0.1:1", max_attempts=1) as client,
        pytest.raises(TriageError) as caught,
    ):
        client.assess(request_for(FITS), timeout_seconds=5)
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("attempts", [0, 6])
def test_number_of_tries_is_bounded(attempts: int) -> None:
    with pytest.raises(ValueError, match="max_attempts: expected 1 to 5"):
        TriageClient("127.0.0.1:1", max_attempts=attempts)


def test_request_of_the_caller_is_not_changed(service: ServiceProcess) -> None:
    request = request_for(FITS)
    with TriageClient(service.target) as client:
        client.assess(request, timeout_seconds=20)
    assert request.request_id == ""
