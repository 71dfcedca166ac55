import pytest

from demo.phone.delivery import callbacks_at, plan_delivery
from demo.phone.message import Channel, Status

Q, S, D, R = Status.QUEUED, Status.SENT, Status.DELIVERED, Status.READ


def _statuses(**changes: object) -> list[tuple[Status, int | None]]:
    given: dict[str, object] = {
        "channel": Channel.SMS,
        "step_seconds": 1.0,
        "validity_seconds": 100,
        **changes,
    }
    return [(step.status, step.error_code) for step in plan_delivery(**given)]  # type: ignore[arg-type]


def test_sms_ends_delivered_and_whatsapp_ends_read() -> None:
    assert _statuses() == [(Q, None), (S, None), (D, None)]
    assert _statuses(channel=Channel.WHATSAPP)[-1] == (R, None)


@pytest.mark.parametrize(
    ("changes", "last"),
    [
        ({"fails_with": 30003}, (Status.UNDELIVERED, 30003)),
        ({"late_by_seconds": 101.0}, (Status.FAILED, 30036)),
        ({"late_by_seconds": 99.0}, (D, None)),
        ({"outside_window": True, "channel": Channel.WHATSAPP}, (Status.UNDELIVERED, 63016)),
    ],
)
def test_message_that_cannot_arrive_says_why(
    changes: dict[str, object], last: tuple[Status, int | None]
) -> None:
    assert _statuses(**changes)[-1] == last


@pytest.mark.parametrize(
    ("lost", "duplicated", "reordered", "told"),
    [
        (False, False, False, [[Q], [S], [D]]),
        (False, True, False, [[Q, Q], [S, S], [D, D]]),
        (False, False, True, [[], [], [D, S, Q]]),
        (False, True, True, [[], [], [D, D, S, S, Q, Q]]),
        (True, True, True, [[], [], []]),
    ],
)
def test_callbacks_can_be_lost_doubled_and_reversed(
    lost: bool, duplicated: bool, reordered: bool, told: list[list[Status]]
) -> None:
    assert callbacks_at([Q, S, D], lost=lost, duplicated=duplicated, reordered=reordered) == told
