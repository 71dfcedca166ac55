"""Twilio's own forms of a message: REST JSON, error bodies, webhook and callback fields. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from demo.phone.message import (
    WHATSAPP_PREFIX,
    Account,
    Channel,
    Direction,
    Message,
    Status,
    channel_of,
)

API_VERSION = "2010-04-01"

ERROR_MESSAGES: Mapping[int, str] = {
    20001: "Parameter is not valid",
    20003: "Authenticate",
    20009: "Cannot change this resource before it has reached a final state",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    20503: "Service unavailable",
    21211: "The 'To' number is not a valid phone number.",
    21212: "The 'From' number is not a valid phone number.",
    21266: "'To' and 'From' number cannot be the same",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided is not a valid message-capable number "
    "for this destination.",
    21610: "Attempt to send to unsubscribed recipient",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21910: "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel",
}


def error_body(code: int, status: int) -> dict[str, Any]:
    """The JSON of a refused request."""
    return {
        "code": code,
        "message": ERROR_MESSAGES[code],
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


def message_json(message: Message, account: Account) -> dict[str, Any]:
    """The Message resource as the REST API shows it."""
    uri = f"{messages_uri(account)}/{message.sid}"
    return {
        "account_sid": account.sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": _rfc2822(message.created_at),
        "date_sent": _rfc2822(message.sent_at),
        "date_updated": _rfc2822(message.updated_at),
        "direction": message.direction.value,
        "error_code": message.error_code,
        "error_message": None,
        "from": message.sender,
        "messaging_service_sid": None,
        "num_media": str(len(message.media)),
        "num_segments": str(message.segments),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status.value,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.recipient,
        "uri": f"{uri}.json",
    }


def messages_uri(account: Account) -> str:
    """The path of the account's message list, without `.json`."""
    return f"/{API_VERSION}/Accounts/{account.sid}/Messages"


def inbound_form(message: Message, account: Account, base_url: str) -> dict[str, str]:
    """The form that the message webhook gets, for the message's channel."""
    form = {
        "SmsMessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageSid": message.sid,
        "AccountSid": account.sid,
        "From": message.sender,
        "To": message.recipient,
        "Body": message.body,
        "SmsStatus": Status.RECEIVED.value,
        "NumMedia": str(len(message.media)),
        "NumSegments": str(message.segments),
        "ApiVersion": API_VERSION,
    }
    for index, media_sid in enumerate(message.media):
        path = f"{messages_uri(account)}/{message.sid}/Media/{media_sid}"
        form[f"MediaUrl{index}"] = f"{base_url}{path}"
        form[f"MediaContentType{index}"] = "image/png"
    return form | _channel_fields(message)


def _channel_fields(message: Message) -> dict[str, str]:
    if channel_of(message.sender) is Channel.SMS:
        places = ("City", "State", "Zip", "Country")
        return {f"{side}{place}": "" for side in ("From", "To") for place in places}
    return {
        "ProfileName": message.profile_name,
        "WaId": message.sender.removeprefix(WHATSAPP_PREFIX).lstrip("+"),
        "MessageType": "image" if message.media else "text",
        "ReferralNumMedia": "0",
    }


def status_form(message: Message, status: Status, account: Account) -> dict[str, str]:
    """The form that a status callback gets."""
    form = {
        "SmsSid": message.sid,
        "SmsStatus": status.value,
        "MessageSid": message.sid,
        "MessageStatus": status.value,
        "AccountSid": account.sid,
        "From": message.sender,
        "To": message.recipient,
        "ApiVersion": API_VERSION,
    }
    if message.error_code is not None and status in (Status.FAILED, Status.UNDELIVERED):
        form["ErrorCode"] = str(message.error_code)
    if channel_of(message.recipient) is Channel.WHATSAPP:
        form |= {"ChannelPrefix": "whatsapp", "ChannelToAddress": message.recipient}
        if status in (Status.DELIVERED, Status.READ):
            form["EventType"] = status.value.upper()
    return form


def is_outbound(message: Message) -> bool:
    """Whether a message goes from the account to a phone."""
    return message.direction is not Direction.INBOUND


def _rfc2822(moment: datetime | None) -> str | None:
    return None if moment is None else format_datetime(moment.astimezone(UTC))
