"""Tokens on the wire: every method guarded, health open, limits per caller, priority by scope."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from chewie.client import AsyncTriageClient, TriageError
from chewie.triage.v1 import triage_pb2 as pb
from inference_svc.tokens import Scope, new_token
from tests.inference_svc.fakes import FakeEngine, Running, a_request, run, serving, until

FULL = new_token("gateway", frozenset(Scope))
PLAIN = new_token("clinic", frozenset({Scope.ASSESS}))


@pytest.fixture
def guarded(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "tokens"
    path.write_text(f"{FULL.line}\n{PLAIN.line}\n")
    return {"tokens_file": path, "demo": False, "reflection": True}


def client(running: Running, token: str | None) -> AsyncTriageClient:
    return AsyncTriageClient(running.target, token=token, max_attempts=1)


async def code_of(call: Any) -> grpc.StatusCode:
    with pytest.raises(TriageError) as caught:
        await call
    return caught.value.code


def test_each_method_needs_its_token_and_health_none(guarded: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with serving(None, **guarded) as running:
            async with client(running, None) as nobody, client(running, PLAIN.token) as clinic:
                assert await clinic.assess(a_request(), timeout_seconds=10)
                refused = grpc.StatusCode.UNAUTHENTICATED
                assert await code_of(nobody.assess(a_request(), timeout_seconds=10)) is refused
                stream = nobody.assess_stream(a_request(), timeout_seconds=10)
                assert await code_of(anext(stream)) is refused
                assert await code_of(nobody.info(timeout_seconds=10)) is refused
                denied = grpc.StatusCode.PERMISSION_DENIED
                assert await code_of(clinic.info(timeout_seconds=10)) is denied
            health = health_pb2_grpc.HealthStub(running.channel)
            answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=10)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING

    run(scenario())


def test_expired_token_is_refused(guarded: dict[str, Any]) -> None:
    async def scenario() -> None:
        expired = new_token("gateway", frozenset(Scope), datetime(2020, 1, 1, tzinfo=UTC))
        with guarded["tokens_file"].open("a") as tokens:
            tokens.write(expired.line + "\n")
        async with serving(None, **guarded) as running, client(running, expired.token) as late:
            refused = await code_of(late.assess(a_request(), timeout_seconds=10))
        assert refused is grpc.StatusCode.UNAUTHENTICATED

    run(scenario())


def test_reflection_needs_a_token_too(guarded: dict[str, Any]) -> None:
    async def services(running: Running, token: str) -> list[str]:
        stub = reflection_pb2_grpc.ServerReflectionStub(running.channel)
        call = stub.ServerReflectionInfo(
            iter([reflection_pb2.ServerReflectionRequest(list_services="")]),
            metadata=(("authorization", f"Bearer {token}"),),
            timeout=10,
        )
        return [one.name async for answer in call for one in answer.list_services_response.service]

    async def scenario() -> None:
        async with serving(None, **guarded) as running:
            assert "chewie.triage.v1.TriageService" in await services(running, FULL.token)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await services(running, PLAIN.token)
            assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED

    run(scenario())


def test_high_priority_needs_its_scope(guarded: dict[str, Any]) -> None:
    async def scenario() -> None:
        engine = FakeEngine()
        urgent = a_request(priority=pb.PRIORITY_HIGH)
        async with (
            serving(engine, **guarded) as running,
            client(running, FULL.token) as gateway,
            client(running, PLAIN.token) as clinic,
        ):
            await gateway.assess(urgent, timeout_seconds=10)
            denied = await code_of(clinic.assess(urgent, timeout_seconds=10))
        assert denied is grpc.StatusCode.PERMISSION_DENIED
        assert [seen.priority for seen in engine.seen] == [-5]

    run(scenario())


def test_one_callers_limit_does_not_touch_another(guarded: dict[str, Any]) -> None:
    async def scenario() -> None:
        engine = FakeEngine(delay=0.3)
        async with (
            serving(engine, **guarded, max_concurrent_per_caller=1) as running,
            client(running, FULL.token) as gateway,
            client(running, PLAIN.token) as clinic,
        ):
            first = asyncio.create_task(gateway.assess(a_request(), timeout_seconds=10))
            await until(lambda: len(engine.running) == 1)
            with pytest.raises(TriageError) as caught:
                await gateway.assess(a_request(), timeout_seconds=10)
            assert caught.value.reason == "CALLER_CONCURRENCY"
            assert caught.value.retry_after_seconds == 0.5
            assert await clinic.assess(a_request(), timeout_seconds=10)
            assert await first

    run(scenario())


def test_same_request_id_of_two_callers_is_two_calls(guarded: dict[str, Any]) -> None:
    async def scenario() -> None:
        engine = FakeEngine()
        async with serving(engine, **guarded) as running:
            for token in (FULL.token, PLAIN.token):
                async with client(running, token) as caller:
                    await caller.assess(a_request(request_id="same"), timeout_seconds=10)
        assert len(engine.seen) == 2

    run(scenario())
