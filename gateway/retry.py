"""What to do after a failure, as a value. Pure: time and attempt are arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.channel import Failure, SendError

BACKOFF_SECONDS = (1, 2, 5, 15, 30, 60, 120, 300)
MAX_SEND_ATTEMPTS = 40
# Twilio lists a message it took within this time; see «The window of uncertainty» in the README.
LOOK_UP_AFTER_SECONDS = 5


class NextStep(StrEnum):
    """What follows a failed send."""

    RETRY = "retry"
    LOOK_UP = "look_up"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """The next step, and not before when."""

    step: NextStep
    at: datetime


def backoff(attempt: int) -> timedelta:
    """Wait after the given attempt, the first being 1."""
    return timedelta(seconds=BACKOFF_SECONDS[min(max(attempt, 1), len(BACKOFF_SECONDS)) - 1])


def decide_retry(
    error: SendError, attempt: int, now: datetime, *, expires_at: datetime
) -> RetryDecision:
    """Retries what may still be sent, looks up what may have been, gives up on the rest.

    A reply is not tried again once it would arrive after `expires_at`.
    """
    if error.failure is Failure.UNCERTAIN:
        wait = max(backoff(attempt), timedelta(seconds=LOOK_UP_AFTER_SECONDS))
        return RetryDecision(NextStep.LOOK_UP, now + wait)
    at = now + backoff(attempt)
    spent = attempt >= MAX_SEND_ATTEMPTS or at >= expires_at
    if error.failure is not Failure.NOT_PROCESSED or spent:
        return RetryDecision(NextStep.GIVE_UP, now)
    return RetryDecision(NextStep.RETRY, at)
