"""Limits of one caller: at a time and per minute, refused with a hint that is true."""

import grpc
import pytest

from inference_svc.caller_limits import BURST_SECONDS, CallerLimits
from inference_svc.errors import CallError, Failure


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def refusal(limits: CallerLimits, caller: str = "a") -> Failure:
    with pytest.raises(CallError) as caught, limits.call(caller):
        pass
    return caught.value.failure


def test_calls_at_a_time_are_bounded_per_caller() -> None:
    limits = CallerLimits(concurrent=2, per_minute=600, clock=Clock())
    with limits.call("a"), limits.call("a"):
        failure = refusal(limits)
        assert failure.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert failure.reason == "CALLER_CONCURRENCY"
        with limits.call("b"):
            pass
    with limits.call("a"):
        pass


def test_place_is_given_back_when_a_call_fails() -> None:
    limits = CallerLimits(concurrent=1, per_minute=600, clock=Clock())
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), limits.call("a"):
            raise ZeroDivisionError


def test_rate_is_bounded_and_the_hint_is_true() -> None:
    clock = Clock()
    limits = CallerLimits(concurrent=9, per_minute=60, clock=clock)
    for _ in range(int(BURST_SECONDS)):
        with limits.call("a"):
            pass
    failure = refusal(limits)
    assert failure.reason == "CALLER_RATE"
    assert failure.retry_after_seconds == pytest.approx(1.0)
    clock.now += failure.retry_after_seconds or 0
    with limits.call("a"):
        pass
