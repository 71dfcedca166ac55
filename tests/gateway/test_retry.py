from datetime import UTC, datetime, timedelta

import pytest

from gateway.channel import Failure, SendError
from gateway.retry import MAX_SEND_ATTEMPTS, NextStep, backoff, decide_retry

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=4)


@pytest.mark.parametrize(
    ("failure", "step"),
    [
        (Failure.NOT_PROCESSED, NextStep.RETRY),
        (Failure.UNCERTAIN, NextStep.LOOK_UP),
        (Failure.OPTED_OUT, NextStep.GIVE_UP),
        (Failure.OUTSIDE_WINDOW, NextStep.GIVE_UP),
        (Failure.REFUSED, NextStep.GIVE_UP),
    ],
)
def test_the_failure_decides_the_step(failure, step):
    assert decide_retry(SendError(failure), 1, NOW, expires_at=LATER).step is step


def test_nothing_is_tried_after_it_expires():
    soon = NOW + timedelta(seconds=1)
    decision = decide_retry(SendError(Failure.NOT_PROCESSED), 3, NOW, expires_at=soon)
    assert decision.step is NextStep.GIVE_UP


def test_attempts_have_an_end():
    error = SendError(Failure.NOT_PROCESSED)
    assert decide_retry(error, MAX_SEND_ATTEMPTS, NOW, expires_at=LATER).step is NextStep.GIVE_UP


def test_a_look_up_waits_until_the_provider_lists_the_message():
    decision = decide_retry(SendError(Failure.UNCERTAIN), 1, NOW, expires_at=LATER)
    assert decision.at - NOW >= timedelta(seconds=5)


def test_waits_never_shrink():
    waits = [backoff(attempt) for attempt in range(1, 20)]
    assert waits == sorted(waits)


def test_an_error_shows_no_text():
    assert str(SendError(Failure.REFUSED, code=21617)) == "refused (code 21617, )"
