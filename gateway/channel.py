"""What the gateway needs of a messaging provider, and how its failures are judged. No I/O.

A second provider implements `Provider` and adds nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.inbound import Channel, InboundMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """A reply as it is handed to the provider. `outbox_id` comes back in status callbacks."""

    outbox_id: int
    channel: Channel
    address: str = field(repr=False)
    body: str = field(repr=False)
    validity_seconds: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the message."""

    message_sid: str
    status: str


class Failure(StrEnum):
    """What a failed send means for the next step."""

    NOT_PROCESSED = "not_processed"  # certainly not sent: try again later
    UNCERTAIN = "uncertain"  # perhaps sent: look it up before trying again
    OPTED_OUT = "opted_out"  # the receiver said STOP: remember
    OUTSIDE_WINDOW = "outside_window"  # WhatsApp's 24 h are over
    REFUSED = "refused"  # will never be taken as it is


class SendError(Exception):
    """A send that failed. Carries the policy and the provider's code, never text or number."""

    def __init__(self, failure: Failure, *, code: int | None = None, reason: str = "") -> None:
        super().__init__(f"{failure.value} (code {code}, {reason})")
        self.failure = failure
        self.code = code
        self.reason = reason


class Provider(Protocol):
    """One messaging provider."""

    def send(self, message: OutboundMessage) -> Accepted:
        """Hands over one message. Raises SendError."""

    def find_sent(
        self, message: OutboundMessage, since: datetime, known: frozenset[str]
    ) -> Accepted | None:
        """A message to this address with this body that was taken since then. Raises SendError.

        `known` are provider ids that belong to other replies.
        """

    def redact(self, message_sid: str) -> None:
        """Blanks the body of a message at the provider. Raises SendError."""

    def received_since(self, since: datetime) -> Iterable[InboundMessage]:
        """Messages that came in at the provider since then. Raises SendError."""
