"""What becomes of a sent message, as a plan of statuses and callbacks. Decides, does not act."""

from collections.abc import Sequence
from dataclasses import dataclass

from demo.phone.message import Channel, Status

WHATSAPP_WINDOW_SECONDS = 24 * 3600
ERROR_VALIDITY_EXPIRED = 30036
ERROR_OUTSIDE_WHATSAPP_WINDOW = 63016


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of status, `after_seconds` after the message was accepted."""

    after_seconds: float
    status: Status
    error_code: int | None = None


def plan_delivery(
    *,
    channel: Channel,
    step_seconds: float,
    validity_seconds: int,
    late_by_seconds: float = 0.0,
    fails_with: int | None = None,
    outside_window: bool = False,
) -> tuple[Step, ...]:
    """The statuses a message goes through. Failure beats lateness; lateness counts for validity."""
    queued = Step(after_seconds=0.0, status=Status.QUEUED)
    if outside_window:
        failed = _failed(step_seconds, Status.UNDELIVERED, ERROR_OUTSIDE_WHATSAPP_WINDOW)
        return (queued, failed)
    if late_by_seconds > validity_seconds:
        return (queued, _failed(validity_seconds, Status.FAILED, ERROR_VALIDITY_EXPIRED))
    sent = Step(after_seconds=step_seconds + late_by_seconds, status=Status.SENT)
    last = sent.after_seconds + step_seconds
    if fails_with is not None:
        return (queued, sent, _failed(last, Status.UNDELIVERED, fails_with))
    delivered = Step(after_seconds=last, status=Status.DELIVERED)
    if channel is Channel.SMS:
        return (queued, sent, delivered)
    read = Step(after_seconds=last + step_seconds, status=Status.READ)
    return (queued, sent, delivered, read)


def _failed(after_seconds: float, status: Status, error_code: int) -> Step:
    return Step(after_seconds=after_seconds, status=status, error_code=error_code)


def callbacks_at(
    statuses: Sequence[Status], *, lost: bool, duplicated: bool, reordered: bool
) -> list[list[Status]]:
    """For each step of a message, the statuses that the application is told of at that step."""
    if lost:
        return [[] for _ in statuses]
    told = [[status] * (2 if duplicated else 1) for status in statuses]
    if not reordered:
        return told
    backwards = [status for group in reversed(told) for status in group]
    return [*([] for _ in statuses[1:]), backwards]
