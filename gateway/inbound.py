"""A provider's form becomes an InboundMessage or a StatusUpdate. Pure: verifies nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MAX_BODY_CHARACTERS = 12_000  # three messages of the contract; more is never a text message
PROVIDER = "twilio"


class Channel(StrEnum):
    """How a message travels."""

    SMS = "sms"
    WHATSAPP = "whatsapp"


class IncompleteFormError(Exception):
    """The form names no sender, so that nobody can be answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """One message as it came in. `address` has no channel prefix; `text` may be empty.

    `sent_at` is the provider's time of a message that is taken in late; None: it comes now.
    """

    message_sid: str
    channel: Channel
    address: str = field(repr=False)
    text: str = field(repr=False)
    media_count: int = 0
    sent_at: datetime | None = None
    provider: str = PROVIDER


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """What became of one of our messages, as a callback says."""

    outbox_id: int | None
    message_sid: str
    status: str
    error_code: int | None


def inbound_from_form(form: Mapping[str, str]) -> InboundMessage:
    """The message of Twilio's form. Raises IncompleteFormError without a sender."""
    sender = clean_text(form.get("From", ""))[:200]
    # Only WhatsApp has people who show an id and no number.
    nameless = clean_text(form.get("ExternalUserId", ""))[:200]
    if not sender and not nameless:
        raise IncompleteFormError("expected the field From or ExternalUserId")
    channel, address = split_address(sender or nameless)
    if not address:
        address = nameless
    if not address:
        raise IncompleteFormError("expected an address behind the channel")
    if not sender:
        channel = Channel.WHATSAPP
    return InboundMessage(
        message_sid=_message_sid(form),
        channel=channel,
        address=address,
        text=clean_text(form.get("Body", ""))[:MAX_BODY_CHARACTERS],
        media_count=min(_number(form.get("NumMedia")) or 0, 99),
    )


def status_from_form(form: Mapping[str, str], outbox_id: str | None) -> StatusUpdate:
    """The status of Twilio's callback; `outbox_id` is our own id in the callback's URL."""
    return StatusUpdate(
        outbox_id=_number(outbox_id),
        message_sid=clean_text(form.get("MessageSid", ""))[:64],
        status=clean_text(form.get("MessageStatus", ""))[:32],
        error_code=_code(form.get("ErrorCode")),
    )


def split_address(sender: str) -> tuple[Channel, str]:
    """«whatsapp:+254…» is (WHATSAPP, «+254…»); anything else is SMS."""
    prefix, colon, rest = sender.partition(":")
    if colon and prefix.lower() == Channel.WHATSAPP:
        return Channel.WHATSAPP, rest
    return Channel.SMS, sender


def clean_text(text: str) -> str:
    """Without control characters and lone surrogates, which no later part can store or send."""
    kept = (c for c in text if c in "\n\t" or (ord(c) >= 32 and not 0x7F <= ord(c) < 0xA0))
    return "".join(kept).encode("utf-8", "ignore").decode("utf-8").strip()


def _message_sid(form: Mapping[str, str]) -> str:
    for name in ("MessageSid", "SmsMessageSid", "SmsSid"):
        if sid := clean_text(form.get(name, ""))[:64]:
            return sid
    # Without an id, the same form again is the same message.
    pairs = "\0".join(f"{key}={form[key]}" for key in sorted(form))
    return "form-" + hashlib.sha256(pairs.encode("utf-8", "replace")).hexdigest()[:40]


def _number(value: str | None) -> int | None:
    if value is None or not value.isascii() or not value.isdigit() or len(value) > 18:
        return None
    return int(value)


def _code(value: str | None) -> int | None:
    """Twilio's codes have five digits."""
    number = _number(value)
    return number if number is not None and number < 1_000_000 else None
