from typing import Any

import pytest

from clinical.assessment import Urgency
from clinical.tables import TableError, urgency_frames
from clinical.tables.frames import frame_of

A_FRAME: dict[str, Any] = {"first": ["refer_now"], "last": [], "refer": True, "level": "HOSPITAL"}


def test_an_emergency_refers_now_and_first() -> None:
    frame = urgency_frames()[Urgency.EMERGENCY]
    assert (frame.first[0], frame.within_hours, frame.refer) == ("refer_now", 0, True)


def test_urgent_refers_within_a_day() -> None:
    assert urgency_frames()[Urgency.URGENT].within_hours == 24


@pytest.mark.parametrize("urgency", [Urgency.HOME, Urgency.ROUTINE])
def test_below_urgent_nothing_is_referred(urgency: Urgency) -> None:
    frame = urgency_frames()[urgency]
    assert (frame.refer, frame.within_hours) == (False, None)


def test_a_frame_with_a_milder_action_is_refused() -> None:
    with pytest.raises(TableError, match="home_care not permitted at EMERGENCY"):
        frame_of("EMERGENCY", {**A_FRAME, "last": ["home_care"]})
