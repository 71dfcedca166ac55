"""A message in the network, and who may send it. Values only: no storage, no HTTP."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

WHATSAPP_PREFIX = "whatsapp:"
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164


class Channel(StrEnum):
    """The two ways a text can travel."""

    SMS = "sms"
    WHATSAPP = "whatsapp"


class Direction(StrEnum):
    """As the provider's REST resource names it, seen from the account."""

    INBOUND = "inbound"
    OUTBOUND = "outbound-api"
    REPLY = "outbound-reply"  # sent by the network itself: the answer to STOP


class Status(StrEnum):
    """The life of a message, in the provider's words."""

    RECEIVED = "received"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    UNDELIVERED = "undelivered"
    FAILED = "failed"


FINAL = frozenset(
    {Status.RECEIVED, Status.DELIVERED, Status.READ, Status.UNDELIVERED, Status.FAILED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One Twilio account with one number that takes SMS and WhatsApp."""

    sid: str
    auth_token: str = field(repr=False)
    number: str

    def address(self, channel: Channel) -> str:
        """Our own address on a channel, as it stands in `From` of a reply."""
        return address(self.number, channel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; `sender` and `recipient` are addresses (`+44…` or `whatsapp:+44…`)."""

    sid: str
    direction: Direction
    sender: str = field(repr=False)
    recipient: str = field(repr=False)
    body: str = field(repr=False)
    status: Status
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    segments: int = 1
    media: tuple[str, ...] = ()  # media sids
    error_code: int | None = None
    validity_seconds: int = 36_000
    status_callback: str | None = None
    profile_name: str = ""
    webhook: str = "pending"  # inbound only: "pending", "accepted", or why it was not
    accepted_at: datetime | None = None  # inbound only: when the application said 2xx


def address(number: str, channel: Channel) -> str:
    """The address of a number on a channel."""
    return f"{WHATSAPP_PREFIX}{number}" if channel is Channel.WHATSAPP else number


def channel_of(address_: str) -> Channel:
    """The channel an address belongs to."""
    return Channel.WHATSAPP if address_.startswith(WHATSAPP_PREFIX) else Channel.SMS


def is_address(text: str) -> bool:
    """Whether a text is a phone number in E.164 form, with or without `whatsapp:`."""
    return _NUMBER.fullmatch(text.removeprefix(WHATSAPP_PREFIX)) is not None
