"""Twilio by its official SDK: the only module that talks to it.

The SDK writes numbers into its log at INFO, so it is given a logger that is silent.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from gateway.channel import Accepted, Failure, OutboundMessage, SendError
from gateway.inbound import (
    MAX_BODY_CHARACTERS,
    Channel,
    InboundMessage,
    clean_text,
    split_address,
)
from gateway.settings import Settings

DEFAULT_API = "https://api.twilio.com"
STATUS_PATH = "/webhooks/twilio/status"
LOOK_UP_LIMIT = 50  # messages to one number within the window of an uncertain send

# Twilio's error codes that say more than the HTTP status does.
FAILURE_OF_CODE: dict[int, Failure] = {
    20429: Failure.NOT_PROCESSED,  # too many requests
    63018: Failure.NOT_PROCESSED,  # WhatsApp rate limit
    21611: Failure.NOT_PROCESSED,  # our sending queue is full
    30001: Failure.NOT_PROCESSED,  # queue overflow
    21610: Failure.OPTED_OUT,
    63016: Failure.OUTSIDE_WINDOW,
    21617: Failure.REFUSED,  # over 1,600 characters
}

_silent = logging.getLogger("gateway.twilio.silent")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False
_silent.setLevel(logging.CRITICAL)


class _RedirectedHttpClient(TwilioHttpClient):  # type: ignore[misc]
    """Sends every request of the SDK to another base URL: a local Twilio."""

    def __init__(self, base_url: str, timeout_seconds: float) -> None:
        super().__init__(timeout=timeout_seconds, logger=_silent)
        self._base = urlsplit(base_url)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        parts = urlsplit(url)
        moved = urlunsplit((self._base.scheme, self._base.netloc, parts.path, parts.query, ""))
        return super().request(method, moved, *args, **kwargs)


class TwilioChannel:
    """A `Provider` over Twilio's Messages resource."""

    def __init__(self, settings: Settings) -> None:
        timeout = settings.twilio_timeout_seconds
        if settings.twilio_api_base_url == DEFAULT_API:
            http: TwilioHttpClient = TwilioHttpClient(timeout=timeout, logger=_silent)
        else:
            http = _RedirectedHttpClient(settings.twilio_api_base_url, timeout)
        self._client = Client(
            settings.twilio_account_sid,
            settings.twilio_auth_tokens[0].get_secret_value(),
            http_client=http,
            environment={},
        )
        self._from = {
            Channel.SMS: settings.twilio_sms_from,
            Channel.WHATSAPP: settings.twilio_whatsapp_from,
        }
        self._status_url = settings.public_url + STATUS_PATH

    def send(self, message: OutboundMessage) -> Accepted:
        """See `Provider.send`."""
        try:
            sent = self._client.messages.create(
                to=_address(message.channel, message.address),
                from_=self._sender(message.channel),
                body=message.body,
                validity_period=message.validity_seconds,
                status_callback=f"{self._status_url}?m={message.outbox_id}",
            )
        except (TwilioException, requests.RequestException) as error:
            raise send_error_from(error) from None
        return Accepted(str(sent.sid), str(sent.status or "queued"))

    def find_sent(
        self, message: OutboundMessage, since: datetime, known: frozenset[str]
    ) -> Accepted | None:
        """See `Provider.find_sent`. Twilio's times have whole seconds."""
        earliest = since - timedelta(seconds=2)
        try:
            found = self._client.messages.list(
                to=_address(message.channel, message.address), limit=LOOK_UP_LIMIT
            )
        except (TwilioException, requests.RequestException) as error:
            raise send_error_from(error) from None
        for sent in found:
            is_new = sent.date_created is None or sent.date_created >= earliest
            if sent.body == message.body and is_new and sent.sid not in known:
                return Accepted(str(sent.sid), str(sent.status or "queued"))
        return None

    def redact(self, message_sid: str) -> None:
        """See `Provider.redact`."""
        try:
            self._client.messages(message_sid).update(body="")
        except (TwilioException, requests.RequestException) as error:
            raise send_error_from(error) from None

    def received_since(self, since: datetime) -> Iterable[InboundMessage]:
        """See `Provider.received_since`; both of our numbers, newest first as Twilio lists them."""
        for channel, ours in self._from.items():
            if not ours:
                continue
            try:
                yield from self._received_by(_address(channel, ours), since)
            except (TwilioException, requests.RequestException) as error:
                raise send_error_from(error) from None

    def _received_by(self, our_address: str, since: datetime) -> Iterator[InboundMessage]:
        listed = self._client.messages.stream(
            to=our_address, date_sent_after=since, page_size=200, limit=5_000
        )
        for item in listed:
            if item.direction != "inbound" or not item.sid or not item.from_:
                continue
            channel, address = split_address(item.from_)
            yield InboundMessage(
                message_sid=item.sid,
                channel=channel,
                address=address,
                text=clean_text(item.body or "")[:MAX_BODY_CHARACTERS],
                sent_at=item.date_sent or item.date_created,
                media_count=int(item.num_media or 0),
            )

    def _sender(self, channel: Channel) -> str:
        ours = self._from[channel]
        if not ours:
            raise SendError(Failure.REFUSED, reason=f"no number of ours for {channel.value}")
        return _address(channel, ours)


def send_error_from(error: Exception) -> SendError:
    """What an error of the SDK means. Never keeps its text, which may hold a number."""
    if isinstance(error, TwilioRestException):
        code = int(error.code) if error.code else None
        return SendError(_failure_of(int(error.status), code), code=code, reason="rest")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return SendError(Failure.NOT_PROCESSED, reason="connect timeout")
    if isinstance(error, requests.exceptions.ConnectionError) and _never_connected(error):
        return SendError(Failure.NOT_PROCESSED, reason="no connection")
    return SendError(Failure.UNCERTAIN, reason=type(error).__name__)


def _failure_of(status: int, code: int | None) -> Failure:
    if code in FAILURE_OF_CODE:
        return FAILURE_OF_CODE[code]
    if status == 429:
        return Failure.NOT_PROCESSED
    return Failure.UNCERTAIN if status >= 500 else Failure.REFUSED


def _never_connected(error: BaseException) -> bool:
    """Whether the connection was never made, so that nothing can have been sent."""
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        item = pending.pop()
        if id(item) in seen or not isinstance(item, BaseException):
            continue
        seen.add(id(item))
        if type(item).__name__ in {"NewConnectionError", "NameResolutionError"}:
            return True
        pending += [*item.args, getattr(item, "reason", None), item.__context__]
    return False


def _address(channel: Channel, address: str) -> str:
    return f"whatsapp:{address}" if channel is Channel.WHATSAPP else address
