"""A reply that does not arrive: by SMS instead where WhatsApp is closed, else a person hears of it.

Writes rows and jobs in the caller's transaction; sends nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway import escalation
from gateway.gsm7 import fold_if_it_helps, measure
from gateway.inbound import Channel
from gateway.reply import MAX_SEGMENTS
from gateway.store import contacts, incidents, outbox
from gateway.store.contacts import Contact
from gateway.store.outbox import Outgoing
from gateway.wiring import Gateway

OUTSIDE_WINDOW_CODE = 63016
WHATSAPP_WINDOW = timedelta(hours=24)  # after the receiver's last message
# Replies that a health worker waits for; of the rest only the incident list tells.
AWAITED = frozenset({"answer", "emergency", "dead_letter"})


def is_window_closed(contact: Contact, now: datetime) -> bool:
    """Whether WhatsApp carries nothing but templates to this contact any more."""
    if contact.channel is not Channel.WHATSAPP:
        return False
    heard = contact.last_inbound_at
    return heard is None or now - heard >= WHATSAPP_WINDOW


def move_to_sms(
    gateway: Gateway, connection: Connection, contact: Contact, outgoing: Outgoing
) -> bool:
    """Writes the reply again for SMS; False where it has no number or is too long for it."""
    by_phone = contact.channel is Channel.WHATSAPP and contact.address.startswith("+")
    body = fold_if_it_helps(outgoing.body)
    if not by_phone or not body or measure(body).segments > MAX_SEGMENTS:
        return False
    now = gateway.now()
    receiver = contacts.contact_id_of(connection, gateway.vault, Channel.SMS, contact.address, now)
    draft = outbox.Draft(
        dedupe_key=f"sms:{outgoing.id}",
        contact_id=receiver,
        consultation_id=outgoing.consultation_id,
        inbox_id=outgoing.inbox_id,
        kind=outgoing.kind,
        body=body,
        urgency=outgoing.urgency,
        source=outgoing.source,
        asked_at=outgoing.asked_at,
    )
    outbox.add_draft(connection, gateway.vault, draft, now)
    outbox.record(connection, outgoing.id, state="moved", error_code=OUTSIDE_WINDOW_CODE)
    return True


def after_failed_status(
    gateway: Gateway, connection: Connection, outbox_id: int, error_code: int | None
) -> None:
    """The provider took the reply and says later that it did not arrive."""
    outgoing = outbox.load_outgoing(connection, gateway.vault, outbox_id)
    contact = contacts.load_contact(connection, gateway.vault, outgoing.contact_id)
    if error_code == OUTSIDE_WINDOW_CODE and move_to_sms(gateway, connection, contact, outgoing):
        return
    note_undelivered(gateway, connection, contact, outgoing, reason=f"code {error_code or 0}")


def note_undelivered(
    gateway: Gateway,
    connection: Connection,
    contact: Contact,
    outgoing: Outgoing,
    *,
    reason: str,
) -> None:
    """An incident; and the supervisor hears of an answer that the worker never saw."""
    now, key = gateway.now(), f"undelivered:{outgoing.id}"
    incidents.open_incident(
        connection,
        kind="undelivered",
        dedupe_key=key,
        contact_id=outgoing.contact_id,
        consultation_id=outgoing.consultation_id,
        outbox_id=outgoing.id,
        reason=reason,
        now=now,
    )
    if outgoing.kind in AWAITED and contact.opted_out_at is None:
        escalation.call_supervisor(
            gateway,
            connection,
            contact,
            sentence="undelivered_note",
            kind="undelivered",
            case_id=outgoing.consultation_id,
            key=key,
            now=now,
            inbox_id=outgoing.inbox_id,
        )
