from datetime import UTC, datetime

import pytest

from demo.phone.message import Direction, Message, Status
from demo.phone.store import MessageStore


def a_message(sid: str) -> Message:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Message(
        sid=sid,
        direction=Direction.INBOUND,
        sender="+447700900101",
        recipient="+447700900500",
        body="hello",
        status=Status.RECEIVED,
        created_at=moment,
        updated_at=moment,
    )


def test_oldest_messages_leave_when_the_store_is_full() -> None:
    store = MessageStore(capacity=3)
    for number in range(10):
        store.add(a_message(f"SM{number}"))
    assert [message.sid for message in store.select(lambda _: True)] == ["SM7", "SM8", "SM9"]
    assert store.update("SM0", body="") is None


def test_waiting_ends_when_the_condition_holds_or_the_time_is_over() -> None:
    store = MessageStore(capacity=3)
    assert not store.wait_for(lambda: store.version > 0, 0.01)
    store.add(a_message("SM1"))
    assert store.wait_for(lambda: store.version > 0, 0.01)


def test_store_needs_room_for_a_message() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        MessageStore(capacity=0)


def test_numbers_and_texts_stay_out_of_a_messages_repr() -> None:
    assert "+4477" not in repr(a_message("SM1"))
    assert "hello" not in repr(a_message("SM1"))
