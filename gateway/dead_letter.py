"""The last resort: what could not be answered gets a fixed sentence, and a person hears."""

from __future__ import annotations

from clinical.phrases import Kind, phrase
from gateway import escalation, metrics
from gateway.drafting import language_of
from gateway.gsm7 import fold_if_it_helps
from gateway.phrases import say
from gateway.queue import enqueue_answer
from gateway.store import contacts, inbox, outbox
from gateway.store.outbox import Draft
from gateway.wiring import Gateway


def give_up(gateway: Gateway, contact_id: int, *, reason: str) -> None:
    """Answers the oldest waiting message by a fixed sentence; the others get another chance.

    The sentence needs nothing of what may have failed: no reading, no rules, no service.
    """
    now = gateway.now()
    with gateway.engine.begin() as connection:
        ids = inbox.waiting_ids(connection, contact_id)
        if not ids:
            return
        contact = contacts.load_contact(connection, gateway.vault, contact_id, lock=True)
        language = language_of(gateway, contact)
        thumb = phrase(Kind.FIXED, "danger_sign_rule_of_thumb", language=language)
        demo = "DEMO " if gateway.settings.demo else ""
        outbox.add_draft(
            connection,
            gateway.vault,
            Draft(
                dedupe_key=f"reply:{ids[0]}",
                contact_id=contact_id,
                inbox_id=ids[0],
                kind="dead_letter",
                body=fold_if_it_helps(f"{demo}{say('failed_sorry', language)} {thumb}"),
                asked_at=now,
            ),
            now,
        )
        escalation.call_supervisor(
            gateway,
            connection,
            contact,
            sentence="dead_letter_note",
            kind="dead_letter",
            case_id=None,
            key=f"dead_letter:{ids[0]}",
            now=now,
            inbox_id=ids[0],
        )
        inbox.mark_handled(connection, [ids[0]], f"dead_letter:{reason}"[:80], now)
        if len(ids) > 1:
            enqueue_answer(connection, contact_id)
    metrics.DEAD_LETTERS.inc()


def after_first_reading(gateway: Gateway, inbox_id: int) -> None:
    """The first reading failed for good: the conversation still answers the message."""
    with gateway.engine.begin() as connection:
        contact_id = inbox.contact_of(connection, inbox_id)
        if contact_id is not None:
            enqueue_answer(connection, contact_id)
