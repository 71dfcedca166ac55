"""The provider's webhooks: verify, store, answer. Nothing is assessed and nobody is called here."""

from __future__ import annotations

from datetime import datetime

import structlog
from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from gateway import metrics
from gateway.inbound import (
    InboundMessage,
    IncompleteFormError,
    inbound_from_form,
    status_from_form,
)
from gateway.limits import GlobalLimit
from gateway.queue import enqueue_read_first, enqueue_redaction
from gateway.status import ARRIVED, FAILED
from gateway.store import inbox, outbox
from gateway.undelivered import after_failed_status
from gateway.wiring import Gateway

# The webhook URL as it is configured at Twilio ends with this connection override: retry once more
# on connect and read timeouts and on 5xx. Whether it is signed is Twilio's choice: both are taken.
RETRY_OVERRIDE = "#rc=5&rp=ct,rt,5xx"
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
FORM = "application/x-www-form-urlencoded"

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks/twilio")
log = structlog.get_logger("gateway.webhooks")


def wired() -> Gateway:
    """The gateway of this application."""
    gateway = current_app.extensions["gateway"]
    if not isinstance(gateway, Gateway):
        raise TypeError("the application was made without a gateway")
    return gateway


@blueprint.before_request
def _only_signed_forms() -> Response | None:
    if request.mimetype != FORM:
        return _refuse(415, "content_type")
    if not is_signed(wired()):
        return _refuse(403, "signature")
    return None


def is_signed(gateway: Gateway) -> bool:
    """Whether Twilio signed this request with one of our tokens, over our public URL."""
    signature = request.headers.get(SIGNATURE_HEADER, "")
    if not signature or not signature.isascii():
        return False
    algorithm = get_signature_algorithm(request.headers.get(SIGNATURE_SETTINGS_HEADER))
    query = request.query_string.decode("ascii", "replace")
    url = gateway.settings.public_url + request.path + (f"?{query}" if query else "")
    return any(
        RequestValidator(token.get_secret_value()).validate(
            candidate, request.form, signature, algorithm
        )
        for token in gateway.settings.twilio_auth_tokens
        for candidate in (url, url + RETRY_OVERRIDE)
    )


@blueprint.post("/messages")
def take_message() -> Response:
    """Inbox row and job in one transaction; a message seen before is acknowledged and no more."""
    gateway = wired()
    try:
        message = inbound_from_form(request.form)
    except IncompleteFormError:
        return _refuse(400, "no_sender")
    now = gateway.now()
    limit: GlobalLimit = current_app.extensions["global_limit"]
    try:
        if limit.is_exceeded(gateway.engine, now):
            return _refuse(503, "global_rate")
        stored = _store(gateway, message, now)
    except SQLAlchemyError as error:
        return _database_away(error)
    result = "duplicate" if stored is None else "taken"
    metrics.INBOUND.labels(channel=message.channel.value, result=result).inc()
    return _empty_twiml()


def _store(gateway: Gateway, message: InboundMessage, now: datetime) -> inbox.Stored | None:
    """One transaction; once more on a new connection where the pool's was gone.

    Safe even if the first try did commit: the message is then known.
    """
    try:
        return _store_once(gateway, message, now)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    return _store_once(gateway, message, now)


def _store_once(gateway: Gateway, message: InboundMessage, now: datetime) -> inbox.Stored | None:
    with gateway.engine.begin() as connection:
        stored = inbox.store_inbound(connection, gateway.vault, message, now)
        if stored is not None:
            enqueue_read_first(connection, stored.inbox_id)
    return stored


@blueprint.post("/status")
def take_status() -> Response:
    """Delivery states move forward only; an unknown message is acknowledged."""
    gateway = wired()
    update = status_from_form(request.form, request.args.get("m"))
    try:
        with gateway.engine.begin() as connection:
            moved = outbox.apply_status(connection, update, gateway.now())
            if moved and moved[1] in ARRIVED and gateway.settings.twilio_redact_bodies:
                enqueue_redaction(connection, moved[0])
            if moved and moved[1] in FAILED:
                after_failed_status(gateway, connection, moved[0], update.error_code)
    except SQLAlchemyError as error:
        return _database_away(error)
    if moved:
        metrics.DELIVERY.labels(status=moved[1]).inc()
    return Response(status=204)


def _empty_twiml() -> Response:
    return Response(EMPTY_TWIML, content_type="text/xml; charset=utf-8")


def _database_away(error: SQLAlchemyError) -> Response:
    """Twilio tries again by the override of the URL; what it gives up on, `reconcile` takes in."""
    log.error("database_away", error=type(error).__name__)
    response = _refuse(503, "database")
    response.headers["Retry-After"] = "5"
    return response


def _refuse(status: int, reason: str) -> Response:
    metrics.REFUSED.labels(reason=reason).inc()
    return Response(reason + "\n", status=status, content_type="text/plain; charset=utf-8")
