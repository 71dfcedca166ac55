"""Emergency first: the rules read a message before any quiet time and before the model.

An explicit danger sign sends the instruction at once. Everything else is left to `consultation`.
One short transaction; no network.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from clinical import accumulate, assess_by_rules, is_other_patient, read_text
from clinical.assessment import Urgency
from clinical.case import Case
from gateway import people
from gateway.assessing import Answer, assess_here
from gateway.conversation import Awaiting, CaseView, needs_no_quiet, spoken_of
from gateway.drafting import answer_draft, language_of, limits_of, messages_of
from gateway.keywords import HOLDS_SYMPTOMS, Kind, Parsed, parse
from gateway.queue import enqueue_answer
from gateway.store import cases, contacts, inbox, outbox
from gateway.store.cases import StoredCase
from gateway.store.contacts import Contact
from gateway.store.inbox import WaitingMessage
from gateway.wiring import Gateway


def read_first(gateway: Gateway, inbox_id: int) -> None:
    """Reads one message by the rules; answers it now if it tells an emergency."""
    now = gateway.now()
    with gateway.engine.begin() as connection:
        message = inbox.load_message(connection, gateway.vault, inbox_id)
        if message is None:
            return
        contact = contacts.load_contact(connection, gateway.vault, message.contact_id, lock=True)
        parsed = parse(message.text, message.media_count)
        if gateway.settings.demo and contact.person is None:
            contact = _enrolled(gateway, connection, contact, parsed, now)
        if parsed.kind in HOLDS_SYMPTOMS and parsed.text and _may_be_told(contact):
            _tell_if_emergency(gateway, connection, contact, message, parsed, now)
        inbox.mark_read(connection, inbox_id, now)
        quiet = timedelta(seconds=gateway.settings.quiet_seconds)
        at = None if needs_no_quiet(parsed) or not quiet else message.received_at + quiet
        enqueue_answer(connection, contact.id, at=at if at is not None and at > now else None)


def _enrolled(
    gateway: Gateway, connection: Connection, contact: Contact, parsed: Parsed, now: datetime
) -> Contact:
    """In the demo a newcomer is registered at once."""
    language = language_of(gateway, contact, parsed.text)
    people.enrol_newcomer(connection, gateway.vault, contact.address, language, now)
    return contacts.load_contact(connection, gateway.vault, contact.id)


def _may_be_told(contact: Contact) -> bool:
    """Registered people, consent or not: an emergency does not wait for a form."""
    return contact.person is not None and contact.opted_out_at is None


def _tell_if_emergency(
    gateway: Gateway,
    connection: Connection,
    contact: Contact,
    message: WaitingMessage,
    parsed: Parsed,
    now: datetime,
) -> None:
    language = language_of(gateway, contact, parsed.text)
    reading = read_text(parsed.text, language=language)
    before = _spoken_of(gateway, connection, contact, message, parsed, now)
    is_other = parsed.kind is Kind.NEW or (
        before is not None and is_other_patient(before.case, reading)
    )
    stored = None if is_other else before
    if stored is not None and stored.emergency_told_at is not None:
        return
    known = accumulate(stored.case if stored else Case(), reading)
    alone = Case(messages=messages_of(parsed.text), patient=known.patient)
    assessment = assess_by_rules(alone, language=language)
    if assessment.urgency is not Urgency.EMERGENCY:
        return
    if stored is None:
        if before is not None:
            inbox.attach_earlier(connection, message, before.id)
        # Kept with what was read, so that a text about someone else is told from it; the text
        # itself is added by the turn that answers it.
        stored = cases.open_case(connection, gateway.vault, contact.id, language, known, now)
    answer = Answer(
        assessment=assessment,
        provenance=assess_here(alone, language=language, reason="first_reading").provenance,
    )
    draft, facility_id = answer_draft(
        gateway,
        connection,
        contact,
        stored,
        answer,
        patient=known.patient,
        language=language,
        dedupe_key=f"emergency:{message.id}",
        kind="emergency",
        inbox_id=message.id,
        asked_at=message.received_at,
    )
    outbox.add_draft(connection, gateway.vault, draft, now)
    cases.save_answer(connection, gateway.vault, stored.id, answer, facility_id)
    cases.ask(connection, stored.id, Awaiting.GOING, now)
    cases.set_case(connection, stored.id, emergency_told_at=now)
    inbox.attach_to_case(connection, message.id, stored.id)
    contacts.bump_version(connection, contact.id, contact.version)


def _spoken_of(
    gateway: Gateway,
    connection: Connection,
    contact: Contact,
    message: WaitingMessage,
    parsed: Parsed,
    now: datetime,
) -> StoredCase | None:
    """The case that is spoken of before this message, or by its tag."""
    vault = gateway.vault
    if parsed.kind is Kind.TAG and parsed.number is not None:
        return cases.load_case(connection, vault, parsed.number, contact.id)
    open_case = cases.open_case_of(connection, vault, contact.id)
    asked = cases.pending_case_of(
        connection,
        vault,
        contact.id,
        since=cases.pending_since(now),
        until=message.received_at,
    )
    if asked is not None and inbox.was_heard_since(connection, message, asked.view.asked_at):
        asked = None
    about = spoken_of(_view(open_case), _view(asked), now, limits_of(gateway.settings))
    if about is None:
        return None
    return open_case if open_case is not None and open_case.id == about.id else asked


def _view(stored: StoredCase | None) -> CaseView | None:
    return None if stored is None else stored.view
