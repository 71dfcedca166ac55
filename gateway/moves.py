"""Carries out what the conversation decided: rows, replies and jobs in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from clinical.phrases import Form, Kind, phrase
from gateway import escalation, follow_up, people
from gateway.conversation import Act, Awaiting, Move
from gateway.drafting import answer_draft, language_of
from gateway.gsm7 import fold_if_it_helps
from gateway.inbound import Channel
from gateway.keywords import is_network_stop
from gateway.phrases import say
from gateway.queue import enqueue_answer
from gateway.reply import question_text
from gateway.store import cases, contacts, inbox, incidents, outbox
from gateway.store.contacts import Contact
from gateway.store.inbox import WaitingMessage
from gateway.store.outbox import Draft
from gateway.symptoms import Told
from gateway.wiring import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """One move with everything it needs."""

    gateway: Gateway
    connection: Connection
    contact: Contact
    move: Move
    messages: Sequence[WaitingMessage]
    now: datetime
    language: str

    @property
    def last(self) -> WaitingMessage:
        """The message that is answered."""
        return self.messages[-1]

    @property
    def tag(self) -> str:
        """Tag of the case the move is about, with a space behind; empty without one."""
        return f"K{self.move.case_id}" if self.move.case_id is not None else ""

    def say(self, code: str, **values: str) -> str:
        """A fixed sentence in the worker's language."""
        return say(code, self.language, **values).strip()


def carry_out(
    gateway: Gateway,
    connection: Connection,
    contact: Contact,
    move: Move,
    messages: Sequence[WaitingMessage],
    told: Told | None,
) -> None:
    """Does the move; every message of the turn is handled by it."""
    doing = Doing(
        gateway=gateway,
        connection=connection,
        contact=contact,
        move=move,
        messages=messages,
        now=gateway.now(),
        language=language_of(gateway, contact, messages[-1].text),
    )
    if told is not None:
        case_id: int | None = _answer(doing, told)
    else:
        case_id = move.case_id
        _ACTS[move.act](doing)
    handling = "awaiting_consent" if move.act is Act.ASK_CONSENT else move.act.value
    inbox.mark_handled(connection, [m.id for m in messages], handling, doing.now, case_id)


def _answer(doing: Doing, told: Told) -> int:
    """Stores the case and its assessment, replies, and sets the follow-up."""
    connection, vault = doing.connection, doing.gateway.vault
    stored = told.stored or cases.open_case(
        connection, vault, doing.contact.id, told.language, told.case, doing.now
    )
    if told.stored is not None and not stored.view.is_open:
        cases.reopen(connection, doing.contact.id, stored.id, doing.now)
    cases.save_case(connection, vault, stored.id, told.case, doing.now)
    if doing.contact.language is None:
        contacts.update_contact(connection, doing.contact.id, language=told.language)
    if told.asks_again and told.question is not None:
        _reply(doing, f"K{stored.id} {question_text(told.question, told.language)}")
        return stored.id
    if not told.understood:
        _reply(doing, f"K{stored.id} {_not_understood(told)}", case_id=stored.id)
        return stored.id
    draft, facility_id = answer_draft(
        doing.gateway,
        connection,
        doing.contact,
        stored,
        told.answer,
        patient=told.case.patient,
        language=told.language,
        dedupe_key=f"answer:{doing.last.id}",
        kind="answer",
        inbox_id=doing.last.id,
        asked_at=doing.messages[0].received_at,
        asks=told.question,
        two_patients=told.two_patients,
    )
    if not outbox.was_just_said(connection, vault, stored.id, draft.body, doing.messages[0].id):
        outbox.add_draft(connection, vault, draft, doing.now)
    cases.save_answer(connection, vault, stored.id, told.answer, facility_id)
    awaiting = Awaiting.QUESTION if told.question else None
    if awaiting is None and told.answer.assessment.referral.needed:
        awaiting = Awaiting.GOING
    cases.ask(connection, stored.id, awaiting, doing.now, told.question)
    follow_up.schedule(doing.gateway, connection, stored.id, told.answer.assessment, now=doing.now)
    return stored.id


def _not_understood(told: Told) -> str:
    return phrase(Kind.FIXED, "not_understood", language=told.language, form=Form.SMS)


def _reply(doing: Doing, body: str, *, kind: str = "reply", case_id: int | None = None) -> None:
    """One fixed answer to the turn's last message."""
    demo = "DEMO " if doing.gateway.settings.demo else ""
    outbox.add_draft(
        doing.connection,
        doing.gateway.vault,
        Draft(
            dedupe_key=f"reply:{doing.last.id}",
            contact_id=doing.contact.id,
            consultation_id=case_id if case_id is not None else doing.move.case_id,
            inbox_id=doing.last.id,
            kind=kind,
            body=fold_if_it_helps(demo + body),
            asked_at=doing.messages[0].received_at,
        ),
        doing.now,
    )


def _fixed(code: str, *, kind: str = "reply") -> Callable[[Doing], None]:
    return lambda doing: _reply(doing, doing.say(code), kind=kind)


def _silence(doing: Doing) -> None:
    incidents.open_incident(
        doing.connection,
        kind="silence",
        dedupe_key=f"silence:{doing.contact.id}:{doing.now:%Y%m%d%H}",
        contact_id=doing.contact.id,
        inbox_id=doing.last.id,
        reason=doing.move.value,
        now=doing.now,
    )


def _limit(doing: Doing) -> None:
    """One sentence an hour: a flood is not answered by a flood."""
    first = incidents.open_incident(
        doing.connection,
        kind="rate_limit",
        dedupe_key=f"rate:{doing.contact.id}:{doing.now:%Y%m%d%H}",
        contact_id=doing.contact.id,
        inbox_id=doing.last.id,
        reason="too many messages in an hour",
        now=doing.now,
    )
    if first:
        _reply(doing, doing.say("too_many"))


def _turn_away(doing: Doing) -> None:
    contacts.update_contact(doing.connection, doing.contact.id, turned_away_at=doing.now)
    thumb = phrase(Kind.FIXED, "danger_sign_rule_of_thumb", language=doing.language)
    _reply(doing, f"{doing.say('turned_away')} {thumb}")


def _join(doing: Doing) -> None:
    name = people.join(
        doing.connection,
        doing.gateway.vault,
        code=doing.move.text,
        address=doing.contact.address,
        now=doing.now,
    )
    if name is None:
        _reply(doing, doing.say("join_bad"))
        return
    joined = contacts.load_contact(doing.connection, doing.gateway.vault, doing.contact.id).person
    welcome = replace(doing, language=joined.language if joined else doing.language)
    if joined is not None and joined.consented_at is not None:
        _reply(welcome, welcome.say("join_done", name=name))
        return
    _ask_consent(welcome, welcome.say("join_done", name=name))


def _ask_consent(doing: Doing, before: str = "") -> None:
    days = str(doing.gateway.settings.retention_days)
    contacts.update_contact(doing.connection, doing.contact.id, consent_asked_at=doing.now)
    _reply(doing, f"{before} {doing.say('ask_consent', days=days)}".strip())


def _give_consent(doing: Doing) -> None:
    """Consent, and then the texts that waited for it are answered."""
    if doing.contact.person is not None:
        contacts.set_consent(doing.connection, doing.contact.person.id, doing.now)
    released = inbox.release_awaiting_consent(doing.connection, doing.contact.id, doing.now)
    if released:
        enqueue_answer(doing.connection, doing.contact.id)
    else:
        _reply(doing, f"{doing.say('consent_thanks')} {doing.say('new_ready')}")


def _stop(doing: Doing) -> None:
    """On SMS the network answers its own words, and lets nothing of ours through after them."""
    contacts.update_contact(doing.connection, doing.contact.id, opted_out_at=doing.now)
    if doing.contact.channel is Channel.WHATSAPP or not is_network_stop(doing.last.text):
        _reply(doing, doing.say("stopped"), kind="opted_out")


def _start(doing: Doing) -> None:
    contacts.update_contact(doing.connection, doing.contact.id, opted_out_at=None)
    _reply(doing, doing.say("started"))


def _opted_out(doing: Doing) -> None:
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
        _reply(doing, doing.say("stopped_but_wrote"), kind="opted_out")


def _set_language(doing: Doing) -> None:
    language = doing.move.value
    contacts.update_contact(doing.connection, doing.contact.id, language=language)
    if doing.contact.person is not None:
        contacts.set_person_language(doing.connection, doing.contact.person.id, language)
    _reply(doing, say("language_set", language))


def _call_person(doing: Doing) -> None:
    told = escalation.call_supervisor(
        doing.gateway,
        doing.connection,
        doing.contact,
        sentence="emergency_call",
        kind="person_called",
        case_id=doing.move.case_id,
        key=f"person:{doing.last.id}",
        now=doing.now,
        inbox_id=doing.last.id,
    )
    _reply(doing, doing.say("person_called" if told else "person_missing", tag=doing.tag))


def _new_case(doing: Doing) -> None:
    cases.close_open_cases(doing.connection, doing.contact.id, "new", doing.now)
    _reply(doing, doing.say("new_ready"))


def _other_case(doing: Doing) -> None:
    if doing.move.case_id is not None:
        cases.reopen(doing.connection, doing.contact.id, doing.move.case_id, doing.now)
    _reply(doing, doing.say("welcome_back", tag=doing.tag))


def _no_such_case(doing: Doing) -> None:
    _reply(doing, doing.say("no_such_case", tag=doing.move.value))


def _send_what(doing: Doing) -> None:
    """Only an emoji, only a photo, nothing at all: say what to send."""
    photo = doing.say("photo_unread") + " " if doing.move.value == "media" else ""
    _reply(doing, f"{photo}{doing.say('send_what')}")


# A fixed question once more, where the answer was none of its digits.
_QUESTION_AGAIN = {
    Awaiting.GOING.value: "ask_going_again",
    Awaiting.REACHED.value: "ask_reached",
    Awaiting.OUTCOME.value: "ask_outcome",
}


def _stray_digit(doing: Doing) -> None:
    again = _QUESTION_AGAIN.get(doing.move.value)
    if again is not None:
        _reply(doing, doing.say(again, tag=doing.tag))
        return
    _reply(doing, f"{doing.say('digit_without_question')} {doing.say('send_what')}")


def _going(doing: Doing) -> None:
    follow_up.note_going(doing.gateway, doing.connection, _case_id(doing), now=doing.now)
    _reply(doing, doing.say("going_noted", tag=doing.tag))


def _cannot_go(doing: Doing) -> None:
    follow_up.note_cannot_go(doing.connection, _case_id(doing))
    told = escalation.call_supervisor(
        doing.gateway,
        doing.connection,
        doing.contact,
        sentence="cannot_go_note",
        kind="cannot_go",
        case_id=doing.move.case_id,
        key=f"cannot_go:{doing.last.id}",
        now=doing.now,
        inbox_id=doing.last.id,
    )
    _reply(doing, doing.say("cannot_go_noted" if told else "cannot_go_alone", tag=doing.tag))


def _reached(doing: Doing) -> None:
    follow_up.note_reached(doing.gateway, doing.connection, _case_id(doing), now=doing.now)
    _reply(doing, doing.say("reached_noted", tag=doing.tag))


def _not_reached(doing: Doing) -> None:
    follow_up.note_not_reached(doing.connection, _case_id(doing), now=doing.now)
    told = escalation.call_supervisor(
        doing.gateway,
        doing.connection,
        doing.contact,
        sentence="not_reached_note",
        kind="not_reached",
        case_id=doing.move.case_id,
        key=f"not_reached:{doing.last.id}",
        now=doing.now,
        inbox_id=doing.last.id,
    )
    _reply(doing, doing.say("not_reached_noted" if told else "cannot_go_alone", tag=doing.tag))


def _outcome(doing: Doing) -> None:
    """Better and same are noted; worse opens the case again and asks what is seen now."""
    outcome = doing.move.value
    follow_up.note_outcome(doing.connection, _case_id(doing), outcome, now=doing.now)
    if outcome == "worse":
        cases.reopen(doing.connection, doing.contact.id, _case_id(doing), doing.now)
    _reply(doing, doing.say("worse_ask" if outcome == "worse" else "outcome_noted", tag=doing.tag))


def _case_id(doing: Doing) -> int:
    if doing.move.case_id is None:
        raise ValueError(f"the move {doing.move.act} needs a case")
    return doing.move.case_id


_ACTS: Mapping[Act, Callable[[Doing], None]] = {
    Act.SILENCE: _silence,
    Act.LIMIT: _limit,
    Act.TURN_AWAY: _turn_away,
    Act.JOIN: _join,
    Act.ASK_CONSENT: _ask_consent,
    Act.GIVE_CONSENT: _give_consent,
    Act.REFUSE_CONSENT: _fixed("consent_refused"),
    Act.STOP: _stop,
    Act.START: _start,
    Act.OPTED_OUT: _opted_out,
    Act.HELP: _fixed("help"),
    Act.MENU: _fixed("menu"),
    Act.ASK_LANGUAGE: _fixed("ask_language"),
    Act.SET_LANGUAGE: _set_language,
    Act.CALL_PERSON: _call_person,
    Act.NEW_CASE: _new_case,
    Act.OTHER_CASE: _other_case,
    Act.NO_SUCH_CASE: _no_such_case,
    Act.GOING: _going,
    Act.CANNOT_GO: _cannot_go,
    Act.REACHED: _reached,
    Act.NOT_REACHED: _not_reached,
    Act.OUTCOME: _outcome,
    Act.THANK: _fixed("thanks"),
    Act.ABUSE: _fixed("abuse"),
    Act.SEND_WHAT: _send_what,
    Act.STRAY_DIGIT: _stray_digit,
}
