"""Twilio's Messages resource over HTTP: create, fetch, list, redact, delete, media. Wire only."""

import hmac
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request, send_from_directory
from werkzeug.exceptions import HTTPException

from demo.phone import outbound
from demo.phone.faults import FaultKind
from demo.phone.message import Message
from demo.phone.network import Network, Refused
from demo.phone.wire import API_VERSION, error_body, message_json, messages_uri

_REFUSALS = {
    FaultKind.TOO_MANY_REQUESTS: (20429, 429),
    FaultKind.SERVER_ERROR: (20500, 500),
    FaultKind.UNAVAILABLE: (20503, 503),
    FaultKind.OPTED_OUT: (21610, 400),
}
_DEFAULT_PAGE_SIZE = 50
_MAX_PAGE_SIZE = 1000


def rest_blueprint(network: Network) -> Blueprint:
    """The REST API of the network's one account."""
    bp = Blueprint("rest", __name__, url_prefix=f"/{API_VERSION}/Accounts/<account_sid>")
    account = network.account

    @bp.before_request
    def authenticate() -> None:
        credentials = request.authorization
        known = (
            credentials is not None
            and credentials.username == account.sid
            and hmac.compare_digest(credentials.password or "", account.auth_token)
        )
        if not known or (request.view_args or {}).get("account_sid") != account.sid:
            raise Refused(20003, 401)

    @bp.errorhandler(Refused)
    def refused(error: Refused) -> tuple[Response, int]:
        return jsonify(error_body(error.code, error.status)), error.status

    @bp.post("/Messages.json")
    def create(account_sid: str) -> tuple[Response, int]:
        message = _with_faults(network, request.form.get("To", ""), lambda: _send(network))
        return jsonify(message_json(message, account)), 201

    @bp.get("/Messages.json")
    def list_messages(account_sid: str) -> Response:
        return jsonify(_page(network))

    @bp.get("/Messages/<sid>.json")
    def fetch(account_sid: str, sid: str) -> Response:
        return jsonify(message_json(_find(network, sid), account))

    @bp.post("/Messages/<sid>.json")
    def update(account_sid: str, sid: str) -> Response:
        if request.form.get("Body") != "":
            raise Refused(20001)  # only redaction: Twilio takes no other change of a sent text
        return jsonify(message_json(outbound.redact(network, sid), account))

    @bp.delete("/Messages/<sid>.json")
    def delete(account_sid: str, sid: str) -> tuple[str, int]:
        outbound.remove(network, sid)
        return "", 204

    @bp.get("/Messages/<sid>/Media/<media_sid>")
    def media(account_sid: str, sid: str, media_sid: str) -> Response:
        if media_sid not in _find(network, sid).media:
            raise Refused(20404, 404)
        return send_from_directory("web", "photo.png")

    return bp


def _send(network: Network) -> Message:
    form = request.form
    validity = form.get("ValidityPeriod", str(outbound.MAX_VALIDITY_SECONDS))
    if not validity.isdecimal():
        raise Refused(20001)
    return outbound.send(
        network,
        sender=form.get("From", ""),
        recipient=form.get("To", ""),
        body=form.get("Body", ""),
        validity_seconds=int(validity),
        status_callback=form.get("StatusCallback"),
    )


def _with_faults(network: Network, to: str, act: Callable[[], Message]) -> Message:
    """Do `act` with the faults that stand for this recipient, before it or after it."""
    faults = network.faults
    refusal = faults.take(to, *_REFUSALS)
    if refusal is not None:
        raise Refused(*_REFUSALS[refusal.kind])
    if faults.take(to, FaultKind.DROP):
        _hang_up()
    slow = faults.take(to, FaultKind.SLOW)
    if slow is not None:
        time.sleep(slow.seconds)
    message = act()
    if faults.take(to, FaultKind.ACCEPT_THEN_DROP):
        _hang_up()
    if faults.take(to, FaultKind.ACCEPT_THEN_500):
        raise Refused(20500, 500)
    return message


class HungUp(HTTPException):
    """Ends a request whose connection is gone; nobody reads this answer."""

    code = 499
    description = "connection closed on demand"


def _hang_up() -> None:
    """Close the caller's connection without an answer."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    raise HungUp


def _find(network: Network, sid: str) -> Message:
    message = network.store.get(sid)
    if message is None:
        raise Refused(20404, 404)
    return message


def _page(network: Network) -> dict[str, Any]:
    """One page of the list, newest first, with Twilio's paging fields."""
    arguments = request.args
    size = min(_whole(arguments.get("PageSize"), _DEFAULT_PAGE_SIZE), _MAX_PAGE_SIZE)
    number = _whole(arguments.get("Page"), 0)
    found = network.store.select(_filter())[::-1]
    start = number * size
    shown = found[start : start + size]
    uri = f"{messages_uri(network.account)}.json"
    kept = {k: v for k, v in arguments.items() if k not in ("Page", "PageToken", "PageSize")}

    def page_uri(page: int) -> str:
        return f"{uri}?{urlencode({**kept, 'PageSize': size, 'Page': page})}"

    return {
        "messages": [message_json(message, network.account) for message in shown],
        "page": number,
        "page_size": size,
        "start": start,
        "end": max(start + len(shown) - 1, start),
        "uri": page_uri(number),
        "first_page_uri": page_uri(0),
        "previous_page_uri": page_uri(number - 1) if number else None,
        "next_page_uri": page_uri(number + 1) if start + size < len(found) else None,
    }


def _filter() -> Callable[[Message], bool]:
    arguments = request.args
    to, sender = arguments.get("To"), arguments.get("From")
    on = _moment(arguments.get("DateSent"))
    before = _moment(arguments.get("DateSent<"))
    after = _moment(arguments.get("DateSent>"))

    def matches(message: Message) -> bool:
        # a message that has not left yet is found by when it was made, as Twilio lists it
        moment = message.sent_at or message.created_at
        return (
            (to is None or message.recipient == to)
            and (sender is None or message.sender == sender)
            and (on is None or on <= moment < on + timedelta(days=1))
            and (before is None or moment <= before)
            and (after is None or moment >= after)
        )

    return matches


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(20001) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _whole(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isdecimal():
        raise Refused(20001)
    return int(text)
