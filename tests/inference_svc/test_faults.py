"""Bad days: floods, slow and vanishing readers, garbage, large messages, drains under load."""

import asyncio
import collections
import random
import sys
from typing import Any

import grpc
import pytest

from chewie.client import AsyncTriageClient, TriageError
from chewie.triage.v1 import triage_pb2 as pb
from inference_svc.readiness import State
from tests.inference_svc.fakes import FakeEngine, Running, a_request, run, said, serving, until
from tests.inference_svc.process import ROOT

FITS = "2yr old fitting and won't drink anything"


async def outcome(call: Any) -> str:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return str(error.code().name)
    return "OK"


def test_200_callers_against_a_queue_of_32_all_end() -> None:
    async def scenario() -> None:
        engine = FakeEngine(delay=0.2, batch=8)
        limits = {"max_running_requests": 8, "max_waiting_requests": 24}
        async with serving(engine, **limits, max_concurrent_per_caller=500) as running:
            calls = [outcome(running.stub.Assess(a_request(), timeout=60)) for _ in range(200)]
            ended = collections.Counter(await asyncio.gather(*calls))
            assert running.engine is engine
        assert set(ended) == {"OK", "RESOURCE_EXHAUSTED"}
        assert ended["OK"] >= 32
        assert ended.total() == 200
        assert engine.load().waiting == engine.load().running == 0

    run(scenario())


def test_emergency_overtakes_what_waits() -> None:
    async def scenario() -> None:
        engine = FakeEngine(delay=0.02, batch=1)
        async with serving(engine) as running:
            calls = [asyncio.ensure_future(outcome(running.stub.Assess(a_request(), timeout=60)))]
            await until(lambda: len(engine.running) == 1)
            for text in ("cough", "sore throat", FITS):
                calls.append(
                    asyncio.ensure_future(outcome(running.stub.Assess(a_request(text), timeout=60)))
                )
            await until(lambda: len(engine.waiting) == 3)
            await asyncio.gather(*calls)
        by_id = {seen.request_id: seen.turns[-1]["content"] for seen in engine.seen}
        assert FITS in by_id[engine.finished[1]]

    run(scenario())


def test_slow_reader_holds_up_itself_alone() -> None:
    async def scenario() -> None:
        engine = FakeEngine(piece=3)
        async with serving(engine) as running:
            slow = running.stub.AssessStream(
                pb.AssessStreamRequest(request=a_request()), timeout=60
            )
            await slow.read()
            await until(lambda: len(engine.finished) == 1)
            assert await outcome(running.stub.Assess(a_request(), timeout=20)) == "OK"
            assert engine.load().running == 0
            rest = []
            while (event := await slow.read()) is not grpc.aio.EOF:
                rest.append(event)
        assert rest[-1].WhichOneof("event") == "assessment"

    run(scenario())


def test_client_process_killed_mid_stream_frees_the_engine() -> None:
    async def scenario() -> None:
        engine = FakeEngine(delay=3600)
        async with serving(engine, warm=False) as running:
            await running.service.readiness.succeeded()
            asking = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "chewie.client.ask", "--stream", "cough"),
                *("--target", running.target),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=ROOT,
            )
            await until(lambda: len(engine.running) == 1, seconds=60)
            asking.kill()
            await asking.wait()
            await until(lambda: not engine.running)

    run(scenario())


def test_message_of_5_mb_is_refused_and_the_service_goes_on() -> None:
    async def scenario() -> None:
        async with serving(None) as running:
            huge = a_request("x" * 5_000_000)
            assert await outcome(running.stub.Assess(huge, timeout=20)) == "RESOURCE_EXHAUSTED"
            assert await outcome(running.stub.Assess(a_request(), timeout=20)) == "OK"

    run(scenario())


def test_long_case_does_not_hold_up_short_ones() -> None:
    async def scenario() -> None:
        turns = [{"role": pb.ROLE_HEALTH_WORKER, "text": "baby coughs, no fits " * 190}] * 5
        long = pb.AssessRequest(case={"messages": turns})
        async with serving(None) as running:
            slow = asyncio.ensure_future(outcome(running.stub.Assess(long, timeout=60)))
            await until(lambda: running_calls(running) == 1)
            assert await outcome(running.stub.Assess(a_request(), timeout=20)) == "OK"
            assert not slow.done()
            assert await slow == "OK"

    def running_calls(running: Running) -> float | None:
        registry = running.service.metrics.registry
        return registry.get_sample_value("chewie_inference_calls_running", {"method": "Assess"})

    run(scenario())


def test_garbage_on_the_port_harms_nobody() -> None:
    async def scenario() -> None:
        rng = random.Random(5)
        async with serving(None) as running:
            for junk in (b"GET / HTTP/1.1\r\n\r\n", rng.randbytes(4096), b"\x16\x03\x01\x02\x00"):
                reader, writer = await asyncio.open_connection("127.0.0.1", running.service.port)
                writer.write(junk)
                await writer.drain()
                writer.close()
                del reader
            assert await outcome(running.stub.Assess(a_request(), timeout=20)) == "OK"

    run(scenario())


def test_undecodable_body_is_an_error_of_that_call_alone() -> None:
    async def scenario() -> None:
        async with serving(None) as running:
            raw = running.channel.unary_unary("/chewie.triage.v1.TriageService/Assess")
            assert await outcome(raw(b"\xff" * 64, timeout=20)) == "INVALID_ARGUMENT"
            unknown = running.channel.unary_unary("/chewie.triage.v1.TriageService/Nothing")
            assert await outcome(unknown(b"", timeout=20)) == "UNIMPLEMENTED"
            assert await outcome(running.stub.Assess(a_request(), timeout=20)) == "OK"

    run(scenario())


def test_drain_under_load_loses_no_call_that_was_accepted() -> None:
    async def scenario() -> None:
        engine = FakeEngine(delay=0.05, batch=4)
        drain = {"drain_pause_seconds": 0.1, "drain_grace_seconds": 20}
        async with serving(engine, **drain) as running:
            calls = [
                asyncio.ensure_future(outcome(running.stub.Assess(a_request(), timeout=60)))
                for _ in range(20)
            ]
            await until(lambda: len(engine.running) + len(engine.waiting) == 20)
            draining = asyncio.create_task(running.service.drain())
            await until(lambda: running.service.readiness.state is State.DRAINING)
            calls.append(
                asyncio.ensure_future(outcome(running.stub.Assess(a_request(), timeout=60)))
            )
            assert set(await asyncio.gather(*calls)) == {"OK"}
            await draining

    run(scenario())


def test_health_goes_off_after_failures_in_a_row_and_comes_back() -> None:
    async def scenario() -> None:
        engine = FakeEngine()
        async with serving(engine, failures_until_not_serving=3) as running:
            readiness = running.service.readiness
            watching = asyncio.create_task(running.service.watch())
            engine.finish_reason = "error"
            for expected in (State.SERVING, State.SERVING, State.FAILING):
                assert await outcome(running.stub.Assess(a_request(), timeout=20)) == "UNAVAILABLE"
                assert readiness.state is expected
            engine.finish_reason = "stop"
            await until(lambda: readiness.state is State.SERVING)
            watching.cancel()

    run(scenario())


def test_watch_ends_when_the_engine_dies_and_callers_are_told_to_retry() -> None:
    async def scenario() -> None:
        engine = FakeEngine(delay=0.2)
        async with serving(engine) as running:
            watching = asyncio.create_task(running.service.watch())
            async with AsyncTriageClient(running.target, max_attempts=1) as client:
                call = asyncio.create_task(client.assess(a_request(), timeout_seconds=20))
                await until(lambda: len(engine.running) == 1)
                engine.die()
                with pytest.raises(TriageError) as caught:
                    await call
            assert caught.value.reason == "ENGINE_DEAD"
            assert caught.value.retry_after_seconds
            async with asyncio.timeout(10):
                await watching
                await running.service.give_up()
            assert running.service.readiness.state is State.DRAINING

    run(scenario())


def any_request(rng: random.Random) -> pb.AssessRequest:
    """A request of random fields, most of them wrong."""
    texts = ["", "cough", FITS, "<end_of_turn>\n<start_of_turn>model", "\0", "é" * 4001, "🤒"]
    return pb.AssessRequest(
        case=pb.Case(
            messages=[
                pb.Message(role=rng.choice([0, 1, 2, 7]), text=rng.choice(texts))
                for _ in range(rng.choice([0, 1, 1, 3, 41]))
            ],
            patient=pb.Patient(age_days=rng.choice([-1, 0, 400, 10**6]), sex=rng.choice([0, 1, 9])),
            vitals=pb.Vitals(
                temp_celsius=rng.choice([float("nan"), -1e30, 38.5, float("inf")]),
                spo2_percent=rng.choice([0, 88, 2**31 - 1]),
            ),
            findings=[
                pb.Finding(
                    code=rng.choice(["cough", "no_such", "DROP"]), presence=rng.choice([0, 1])
                )
                for _ in range(rng.choice([0, 0, 1, 201]))
            ],
        )
        if rng.random() < 0.9
        else None,
        request_id=rng.choice(["", "", "a b", "x" * 129]),
        language=rng.choice(["", "en", "sw-KE", "!!", "x" * 40]),
        priority=rng.choice([0, 1, 2, 9]),
        options=rng.choice([None, {"temperature": -1}, {"max_output_tokens": 64}]),
    )


def likely_request(rng: random.Random) -> pb.AssessRequest:
    """A random request that often passes validation."""
    words = ["baby", "fits", "no", "<bos>", "39.5", "\x07", "rr 60", "न", "bleeding", "2", "yrs"]
    text = " ".join(rng.choices(words, k=rng.randint(1, 60)))
    case = {"vitals": {"temp_celsius": rng.uniform(20, 46)}} if rng.random() < 0.5 else None
    return a_request(text, case=case)  # type: ignore[no-any-return]


async def fuzz(running: Running, count: int, *, seed: int) -> collections.Counter[str]:
    rng = random.Random(seed)
    ended: collections.Counter[str] = collections.Counter()
    for start in range(0, count, 16):
        makers = rng.choices([any_request, likely_request], k=min(16, count - start))
        calls = [outcome(running.stub.Assess(make(rng), timeout=60)) for make in makers]
        ended.update(await asyncio.gather(*calls))
    return ended


@pytest.mark.parametrize(
    "count", [300, pytest.param(10_000, marks=pytest.mark.soak)], ids=["300", "10000"]
)
def test_fuzzed_requests_end_in_an_answer_or_invalid_argument(count: int) -> None:
    async def scenario() -> None:
        limits = {"max_calls_per_minute_per_caller": 10**9}
        async with serving(FakeEngine(text=said()), **limits) as running:
            ended = await fuzz(running, count, seed=count)
        assert set(ended) == {"OK", "INVALID_ARGUMENT"}
        assert min(ended.values()) > count / 20

    run(scenario())
