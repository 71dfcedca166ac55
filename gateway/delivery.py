"""Sends what waits for one contact, in order, and never the same reply twice.

The intent is committed before the provider is called and the outcome after it. A reply that is
found with an intent and no outcome may have gone out: it is looked up before it is sent again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from gateway import metrics
from gateway.channel import Accepted, Failure, OutboundMessage, SendError
from gateway.gsm7 import measure
from gateway.inbound import Channel
from gateway.queue import enqueue_delivery
from gateway.reply import MAX_SEGMENTS, dated
from gateway.retry import LOOK_UP_AFTER_SECONDS, NextStep, decide_retry
from gateway.store import contacts, outbox
from gateway.store.contacts import Contact
from gateway.store.outbox import Outgoing
from gateway.undelivered import is_window_closed, move_to_sms, note_undelivered
from gateway.wiring import Gateway


def deliver(gateway: Gateway, contact_id: int) -> None:
    """Sends everything that is due for a contact; stops at the first reply that must wait."""
    while True:
        with gateway.engine.begin() as connection:
            contact = contacts.load_contact(connection, gateway.vault, contact_id)
            outgoing = outbox.next_outgoing(connection, gateway.vault, contact_id)
        if outgoing is None or not _deliver_one(gateway, contact, outgoing):
            return


def _deliver_one(gateway: Gateway, contact: Contact, outgoing: Outgoing) -> bool:
    """Whether the next reply may follow."""
    now = gateway.now()
    wait_until = _not_before(outgoing)
    if wait_until is not None and wait_until > now:
        _wait(gateway, outgoing, wait_until)
        return False
    if outgoing.state != "pending":
        return _look_up(gateway, contact, outgoing)
    if contact.opted_out_at is not None and outgoing.kind != "opted_out":
        _finish(gateway, contact, outgoing, "suppressed", reason="opted out")
        return True
    if now >= _expires_at(gateway, outgoing):
        _finish(gateway, contact, outgoing, "expired", reason="too old to send")
        return True
    if is_window_closed(contact, now) and _goes_by_sms(gateway, contact, outgoing):
        return True
    return _send(gateway, contact, outgoing)


def _not_before(outgoing: Outgoing) -> datetime | None:
    if outgoing.state == "sending" and outgoing.intent_at is not None:
        return outgoing.intent_at + timedelta(seconds=LOOK_UP_AFTER_SECONDS)
    return outgoing.next_attempt_at


def _expires_at(gateway: Gateway, outgoing: Outgoing) -> datetime:
    return outgoing.created_at + timedelta(seconds=gateway.settings.validity_seconds)


def _send(gateway: Gateway, contact: Contact, outgoing: Outgoing) -> bool:
    now = gateway.now()
    body = _late(outgoing, contact, now, late_minutes=gateway.settings.late_minutes)
    sealed = None if body == outgoing.body else gateway.vault.seal(body)
    with gateway.engine.begin() as connection:
        if not outbox.claim(connection, outgoing, sealed, now):
            return False
    try:
        accepted = gateway.provider.send(_message(gateway, contact, outgoing, body))
    except SendError as error:
        return _failed(gateway, contact, outgoing, error)
    _sent(gateway, outgoing, accepted)
    return True


def _look_up(gateway: Gateway, contact: Contact, outgoing: Outgoing) -> bool:
    """Whether an uncertain send went out; if it did not, it is pending again."""
    message = _message(gateway, contact, outgoing, outgoing.body)
    since = outgoing.intent_at or outgoing.created_at
    try:
        with gateway.engine.begin() as connection:
            known = frozenset(outbox.sids_to_contact(connection, outgoing.contact_id, since))
        found = gateway.provider.find_sent(message, since, known)
    except SendError as error:
        again = decide_retry(
            SendError(Failure.UNCERTAIN, code=error.code),
            outgoing.attempts,
            gateway.now(),
            expires_at=_expires_at(gateway, outgoing),
        )
        if again.at >= _expires_at(gateway, outgoing):
            _finish(gateway, contact, outgoing, "expired", reason="never known whether it was sent")
            return True
        _wait(gateway, outgoing, again.at, state="uncertain")
        return False
    if found is not None:
        _sent(gateway, outgoing, found)
        return True
    with gateway.engine.begin() as connection:
        outbox.record(connection, outgoing.id, state="pending", next_attempt_at=None)
    return True


def _failed(gateway: Gateway, contact: Contact, outgoing: Outgoing, error: SendError) -> bool:
    attempt = outgoing.attempts + 1
    expires_at = _expires_at(gateway, outgoing)
    decision = decide_retry(error, attempt, gateway.now(), expires_at=expires_at)
    metrics.SEND_FAILURES.labels(failure=error.failure.value).inc()
    if decision.step is NextStep.RETRY:
        _wait(gateway, outgoing, decision.at, state="pending", error_code=error.code)
        return False
    if decision.step is NextStep.LOOK_UP:
        _wait(gateway, outgoing, decision.at, state="uncertain", error_code=error.code)
        return False
    if error.failure is Failure.OPTED_OUT:
        contact = replace(contact, opted_out_at=gateway.now())
        with gateway.engine.begin() as connection:
            contacts.update_contact(connection, contact.id, opted_out_at=contact.opted_out_at)
    if error.failure is Failure.OUTSIDE_WINDOW and _goes_by_sms(gateway, contact, outgoing):
        return True
    _finish(gateway, contact, outgoing, "failed", reason=error.failure.value, error_code=error.code)
    return True


def _goes_by_sms(gateway: Gateway, contact: Contact, outgoing: Outgoing) -> bool:
    with gateway.engine.begin() as connection:
        return move_to_sms(gateway, connection, contact, outgoing)


def _wait(
    gateway: Gateway,
    outgoing: Outgoing,
    until: datetime,
    *,
    state: str | None = None,
    error_code: int | None = None,
) -> None:
    values: dict[str, object] = {"next_attempt_at": until}
    if state is not None:
        values["state"] = state
    if error_code is not None:
        values["error_code"] = error_code
    with gateway.engine.begin() as connection:
        outbox.record(connection, outgoing.id, **values)
        enqueue_delivery(connection, outgoing.contact_id, at=until)


def _sent(gateway: Gateway, outgoing: Outgoing, accepted: Accepted) -> None:
    now = gateway.now()
    with gateway.engine.begin() as connection:
        outbox.record_sent(connection, outgoing.id, accepted.message_sid, accepted.status, now)
    size = measure(outgoing.body)
    metrics.REPLIES.labels(
        kind=outgoing.kind, urgency=str(outgoing.urgency), source=outgoing.source or "none"
    ).inc()
    metrics.SEGMENTS.labels(encoding=size.encoding).inc(size.segments)
    if outgoing.asked_at is not None:
        metrics.SECONDS_TO_REPLY.observe((now - outgoing.asked_at).total_seconds())


def _finish(
    gateway: Gateway,
    contact: Contact,
    outgoing: Outgoing,
    state: str,
    *,
    reason: str,
    error_code: int | None = None,
) -> None:
    """A reply that will not go out any more: a person hears of it."""
    with gateway.engine.begin() as connection:
        outbox.record(connection, outgoing.id, state=state, error_code=error_code)
        note_undelivered(gateway, connection, contact, outgoing, reason=reason)


def _message(gateway: Gateway, contact: Contact, outgoing: Outgoing, body: str) -> OutboundMessage:
    left = (_expires_at(gateway, outgoing) - gateway.now()).total_seconds()
    return OutboundMessage(
        outbox_id=outgoing.id,
        channel=contact.channel,
        address=contact.address,
        body=body,
        validity_seconds=max(60, min(36_000, int(left))),
    )


def _late(outgoing: Outgoing, contact: Contact, now: datetime, *, late_minutes: int) -> str:
    """The body, with how old the answer is in front where it comes late. Added once only."""
    if outgoing.asked_at is None or outgoing.attempts > 0:
        return outgoing.body
    minutes = int((now - outgoing.asked_at).total_seconds() // 60)
    if minutes < late_minutes:
        return outgoing.body
    language = contact.person.language if contact.person else contact.language or "en"
    noted = dated(outgoing.body, minutes, language)
    # A fixed sentence that fills two segments goes out as it is.
    is_sms = contact.channel is Channel.SMS
    return outgoing.body if is_sms and measure(noted).segments > MAX_SEGMENTS else noted
