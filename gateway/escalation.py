"""Tells a person: the worker's supervisor by message, and the incident list for the console."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from clinical.assessment import Urgency
from clinical.phrases import Kind, phrase
from gateway.gsm7 import fold_if_it_helps
from gateway.inbound import split_address
from gateway.phrases import say
from gateway.store import contacts, incidents, outbox
from gateway.store.contacts import Contact
from gateway.store.outbox import Draft
from gateway.tables import consultation, health_worker
from gateway.wiring import Gateway


def call_supervisor(
    gateway: Gateway,
    connection: Connection,
    contact: Contact,
    *,
    sentence: str,
    kind: str,
    case_id: int | None,
    key: str,
    now: datetime,
    inbox_id: int | None = None,
) -> bool:
    """Records the incident and writes to the supervisor; False where none is known."""
    incidents.open_incident(
        connection,
        kind=kind,
        dedupe_key=key,
        contact_id=contact.id,
        consultation_id=case_id,
        inbox_id=inbox_id,
        now=now,
    )
    address = contact.person.supervisor if contact.person else None
    address = address or gateway.settings.alert_address
    if not address:
        return False
    language = contact.person.language if contact.person else gateway.settings.default_language
    body = say(
        sentence,
        language,
        tag=f"K{case_id}" if case_id else "",
        worker=_name_code(connection, contact),
        phone=contact.address,
        urgency=_urgency(connection, case_id, language),
    )
    body = " ".join(body.split())  # a sentence may have had no case or urgency to name
    tell(
        gateway,
        connection,
        address,
        body,
        kind=kind,
        key=key,
        case_id=case_id,
        inbox_id=inbox_id,
        now=now,
    )
    return True


def tell(
    gateway: Gateway,
    connection: Connection,
    address: str,
    body: str,
    *,
    kind: str,
    key: str,
    case_id: int | None,
    now: datetime,
    inbox_id: int | None = None,
) -> None:
    """One message to an address that did not write to us: a supervisor or a facility.

    `inbox_id` is the worker's message that led to it: who forgets the worker finds it by that.
    """
    channel, bare = split_address(address)
    receiver = contacts.contact_id_of(connection, gateway.vault, channel, bare, now)
    demo = "DEMO " if gateway.settings.demo else ""
    outbox.add_draft(
        connection,
        gateway.vault,
        Draft(
            dedupe_key=f"tell:{key}",
            contact_id=receiver,
            consultation_id=case_id,
            inbox_id=inbox_id,
            kind=kind,
            body=fold_if_it_helps(demo + body),
        ),
        now,
    )


def _name_code(connection: Connection, contact: Contact) -> str:
    if contact.person is None:
        return ""
    found = connection.execute(
        select(health_worker.c.name_code).where(health_worker.c.id == contact.person.id)
    ).scalar_one_or_none()
    return str(found or "")


def _urgency(connection: Connection, case_id: int | None, language: str) -> str:
    if case_id is None:
        return ""
    value = connection.execute(
        select(consultation.c.urgency).where(consultation.c.id == case_id)
    ).scalar_one_or_none()
    urgency = Urgency(value or 0)
    if urgency is Urgency.UNSPECIFIED:
        return ""
    return phrase(Kind.URGENCY, urgency.name, language=language).rstrip(".")
