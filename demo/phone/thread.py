"""One conversation as the phone's page shows it. Pure: messages in, plain values out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from demo.phone.keywords import keyword_of
from demo.phone.message import Channel, Direction, Message, Status, channel_of
from demo.phone.segments import measure

AWAITED_SECONDS = 120  # after that, the dots of «is typing» would be a lie


def thread_json(messages: Sequence[Message], now: datetime) -> dict[str, Any]:
    """The bubbles of a conversation, oldest first, and whether a reply is still awaited."""
    asked_at: datetime | None = None
    bubbles = []
    for message in messages:
        if message.direction is Direction.INBOUND:
            asked_at = message.created_at
        bubbles.append(_bubble(message, asked_at))
    return {"messages": bubbles, "awaiting": _is_awaiting(messages, now)}


def _bubble(message: Message, asked_at: datetime | None) -> dict[str, Any]:
    mine = message.direction is Direction.INBOUND
    size = measure(message.body)
    is_sms = channel_of(message.sender) is Channel.SMS
    return {
        "sid": message.sid,
        "mine": mine,
        "body": message.body,
        "photo": bool(message.media),
        "at": message.created_at.isoformat(),
        "characters": size.characters,
        "segments": message.segments if is_sms else None,
        "encoding": size.encoding.value if is_sms else None,
        "status": message.webhook if mine else message.status.value,
        "error": message.error_code,
        "seconds": None if mine else _seconds(asked_at, message.created_at),
    }


def _seconds(start: datetime | None, end: datetime) -> float | None:
    return None if start is None else round((end - start).total_seconds(), 1)


def _is_awaiting(messages: Sequence[Message], now: datetime) -> bool:
    if not messages or messages[-1].direction is not Direction.INBOUND:
        return False
    last = messages[-1]
    delivered = last.webhook in ("pending", "accepted") and last.status is Status.RECEIVED
    fresh = (now - last.created_at).total_seconds() < AWAITED_SECONDS
    return delivered and fresh and keyword_of(last.body) is None
