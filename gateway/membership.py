"""Moves about the person: joining, consent, STOP and START, language, who is not registered."""

from __future__ import annotations

from dataclasses import replace

from clinical.phrases import Kind, phrase
from gateway import people
from gateway.doing import Doing, reply
from gateway.inbound import Channel
from gateway.keywords import is_network_stop
from gateway.phrases import say
from gateway.queue import enqueue_answer
from gateway.store import contacts, inbox, incidents


def turn_away(doing: Doing) -> None:
    """Who is not registered is told so, and when to refer all the same."""
    contacts.update_contact(doing.connection, doing.contact.id, turned_away_at=doing.now)
    thumb = phrase(Kind.FIXED, "danger_sign_rule_of_thumb", language=doing.language)
    reply(doing, f"{doing.say('turned_away')} {thumb}")


def join(doing: Doing) -> None:
    """Registers by a code; consent is asked unless this worker has given it."""
    name = people.join(
        doing.connection,
        doing.gateway.vault,
        code=doing.move.text,
        address=doing.contact.address,
        now=doing.now,
    )
    if name is None:
        reply(doing, doing.say("join_bad"))
        return
    joined = contacts.load_contact(doing.connection, doing.gateway.vault, doing.contact.id).person
    welcome = replace(doing, language=joined.language if joined else doing.language)
    if joined is not None and joined.consented_at is not None:
        reply(welcome, welcome.say("join_done", name=name))
        return
    ask_consent(welcome, welcome.say("join_done", name=name))


def ask_consent(doing: Doing, before: str = "") -> None:
    """Asks for consent; what was told waits for it."""
    days = str(doing.gateway.settings.retention_days)
    contacts.update_contact(doing.connection, doing.contact.id, consent_asked_at=doing.now)
    reply(doing, f"{before} {doing.say('ask_consent', days=days)}".strip())


def give_consent(doing: Doing) -> None:
    """Consent, and then the texts that waited for it are answered."""
    if doing.contact.person is not None:
        contacts.set_consent(doing.connection, doing.contact.person.id, doing.now)
    released = inbox.release_awaiting_consent(doing.connection, doing.contact.id, doing.now)
    if released:
        enqueue_answer(doing.connection, doing.contact.id)
    else:
        reply(doing, f"{doing.say('consent_thanks')} {doing.say('new_ready')}")


def stop(doing: Doing) -> None:
    """On SMS the network answers its own words, and lets nothing of ours through after them."""
    contacts.update_contact(doing.connection, doing.contact.id, opted_out_at=doing.now)
    if doing.contact.channel is Channel.WHATSAPP or not is_network_stop(doing.last.text):
        reply(doing, doing.say("stopped"), kind="opted_out")


def start(doing: Doing) -> None:
    """Messages are on again."""
    contacts.update_contact(doing.connection, doing.contact.id, opted_out_at=None)
    reply(doing, doing.say("started"))


def opted_out(doing: Doing) -> None:
    """Someone who stopped us writes: WhatsApp carries an answer, SMS does not: a person hears."""
    incidents.open_incident(
        doing.connection,
        kind="opted_out_wrote",
        dedupe_key=f"opted_out:{doing.contact.id}:{doing.now:%Y%m%d}",
        contact_id=doing.contact.id,
        inbox_id=doing.last.id,
        now=doing.now,
    )
    if doing.contact.channel is Channel.WHATSAPP:
        reply(doing, doing.say("stopped_but_wrote"), kind="opted_out")


def set_language(doing: Doing) -> None:
    """The language of this worker on every channel."""
    language = doing.move.value
    contacts.update_contact(doing.connection, doing.contact.id, language=language)
    if doing.contact.person is not None:
        contacts.set_person_language(doing.connection, doing.contact.person.id, language)
    reply(doing, say("language_set", language))
