"""The engine's process killed in flight: callers are told to retry, the process ends, a new one
serves; and SIGTERM under load loses no call that was accepted."""

import concurrent.futures
import signal
from pathlib import Path

import psutil
import pytest

from chewie.client import TriageClient, TriageError
from tests.inference_svc.engine.conftest import START_SECONDS
from tests.inference_svc.fakes import a_request
from tests.inference_svc.process import ServiceProcess, running

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


def engine_process(service: ServiceProcess) -> psutil.Process:
    """EngineCore: the child that holds the model."""
    children = psutil.Process(service.pid).children()
    found = [child for child in children if "EngineCore" in child.name() or child.children()]
    return found[0] if found else max(children, key=lambda child: child.memory_info().rss)


def ask(client: TriageClient, number: int) -> tuple[str, bool]:
    """How a call ended, and whether it came with a hint when to retry."""
    try:
        client.assess(a_request(f"child {number} yrs cough"), timeout_seconds=60)
    except TriageError as error:
        return error.reason or error.code.name, error.retry_after_seconds is not None
    return "OK", False


def test_engine_killed_in_flight_and_restart_that_drains(text_checkpoint: Path) -> None:
    settings = {"ENGINE": "vllm", "MODEL_PATH": str(text_checkpoint), "DRAIN_GRACE_SECONDS": "120"}
    # Calls that are on their way when the signal comes are accepted during the pause.
    draining = {**settings, "DRAIN_PAUSE_SECONDS": "5"}
    with (
        running(start_seconds=START_SECONDS, **settings) as service,
        TriageClient(service.target, max_attempts=1) as client,
        concurrent.futures.ThreadPoolExecutor(16) as pool,
    ):
        calls = [pool.submit(ask, client, number) for number in range(2, 18)]
        while not client.info(timeout_seconds=60).load.running_requests:
            assert not all(call.done() for call in calls), "answered before the kill"
        engine_process(service).kill()
        ended = {call.result(90) for call in calls}
        assert ("ENGINE_DEAD", True) in ended
        assert ended <= {("OK", False), ("ENGINE_DEAD", True), ("UNAVAILABLE", False)}
        assert service.ended(seconds=60) == 3
        assert any(line["event"] == "engine_dead" for line in service.events)

    with (
        running(start_seconds=START_SECONDS, **draining) as service,
        TriageClient(service.target, max_attempts=1) as client,
        concurrent.futures.ThreadPoolExecutor(16) as pool,
    ):
        calls = [pool.submit(ask, client, number) for number in range(2, 18)]
        while not client.info(timeout_seconds=60).load.running_requests:
            assert not all(call.done() for call in calls), "answered before the signal"
        service.signal(signal.SIGTERM)
        assert {call.result(90) for call in calls} == {("OK", False)}
        assert service.ended(seconds=60) == 0
