"""What every engine must do, the scripted one and real vLLM alike, seen through the service."""

import concurrent.futures
import time
from collections.abc import Callable, Iterator

import grpc
import pytest

from chewie.client import TriageClient, TriageError
from chewie.triage.v1 import triage_pb2 as pb
from inference_svc.codes import action_codes, condition_codes, danger_sign_codes
from tests.inference_svc.fakes import FakeEngine, a_request, serving_in_thread
from tests.inference_svc.process import ServiceProcess

TEXTS = (
    "child 3 yrs runny nose eats and plays",
    "diarrhoea 3 days drinks well no blood 2yo",
    "preg 34wks bad headache, sees spots, bp 170/115",
    "man 60 chest pain sweating since 1 hour",
)


@pytest.fixture(params=["scripted", "vllm"])
def client(request: pytest.FixtureRequest) -> Iterator[TriageClient]:
    """A client that does not retry, of the service on each engine."""
    if request.param == "scripted":
        with (
            serving_in_thread(FakeEngine(delay=0.02, piece=20)) as target,
            TriageClient(target, max_attempts=1) as made,
        ):
            yield made
        return
    service: ServiceProcess = request.getfixturevalue("real_service")
    with TriageClient(service.target, max_attempts=1) as made:
        yield made


def held_until(condition: Callable[[], bool], *, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize("text", TEXTS)
def test_answer_holds_codes_of_the_tables_alone(client: TriageClient, text: str) -> None:
    answer = client.assess(a_request(text), timeout_seconds=60)
    assert answer.urgency != pb.URGENCY_UNSPECIFIED
    assert {one.code for one in answer.conditions} <= set(condition_codes())
    assert {one.code for one in answer.actions} <= set(action_codes())
    assert {one.code for one in answer.danger_signs} <= set(danger_sign_codes())
    assert answer.usage.output_tokens > 0


def test_options_reach_the_engine(client: TriageClient) -> None:
    short = a_request(TEXTS[0], options={"max_output_tokens": 16})
    answer = client.assess(short, timeout_seconds=60)
    assert answer.usage.output_tokens == 16
    assert answer.provenance.fallback_reason == "length"
    assert answer.provenance.source == pb.ANSWER_SOURCE_RULES_ONLY


def test_greedy_answers_repeat(client: TriageClient) -> None:
    first, second = (client.assess(a_request(TEXTS[1]), timeout_seconds=60) for _ in range(2))
    for answer in (first, second):
        answer.ClearField("usage")
    assert first == second


def test_stream_ends_in_one_assessment(client: TriageClient) -> None:
    steps = list(client.assess_stream(a_request(TEXTS[0]), timeout_seconds=60))
    kinds = [step.WhichOneof("event") for step in steps]
    assert kinds[:2] == ["accepted", "rule_findings"]
    assert kinds[-1] == "assessment"
    assert set(kinds[2:-1]) <= {"summary_delta"}


def test_sixteen_callers_are_answered_together(client: TriageClient) -> None:
    texts = [f"{text} day {day}" for text in TEXTS for day in range(1, 5)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda text: client.assess(a_request(text), timeout_seconds=60), texts)
        )
    assert len(answers) == 16
    assert all(answer.urgency for answer in answers)


def test_cancelled_and_late_calls_leave_the_engine_empty(client: TriageClient) -> None:
    def running() -> int:
        load = client.info(timeout_seconds=20).load
        return int(load.running_requests + load.waiting_requests)

    for _ in range(3):
        stream = client.assess_stream(a_request(TEXTS[3]), timeout_seconds=60)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        with pytest.raises(TriageError) as caught:
            client.assess(a_request(TEXTS[3]), timeout_seconds=0.06)
        assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
        assert held_until(lambda: running() == 0)
