"""Carries out what the conversation decided: rows, replies and jobs in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from clinical.phrases import Form, Kind, phrase
from gateway import course, follow_up, membership
from gateway.conversation import Act, Awaiting, Move
from gateway.doing import Doing, reply
from gateway.drafting import answer_draft, language_of
from gateway.reply import question_text
from gateway.store import cases, contacts, inbox, incidents, outbox
from gateway.store.contacts import Contact
from gateway.store.inbox import WaitingMessage
from gateway.symptoms import Told
from gateway.wiring import Gateway


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
        reply(doing, f"K{stored.id} {question_text(told.question, told.language)}")
        return stored.id
    if not told.understood:
        reply(doing, f"K{stored.id} {_not_understood(told)}", case_id=stored.id)
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
    said = outbox.was_just_said(connection, vault, stored.id, draft.body, doing.messages[0].id)
    if not said or _waited_for_consent(doing):
        outbox.add_draft(connection, vault, draft, doing.now)
    cases.save_answer(connection, vault, stored.id, told.answer, facility_id)
    awaiting = Awaiting.QUESTION if told.question else None
    if awaiting is None and told.answer.assessment.referral.needed:
        awaiting = Awaiting.GOING
    cases.ask(connection, stored.id, awaiting, doing.now, told.question)
    follow_up.schedule(doing.gateway, connection, stored.id, told.answer.assessment, now=doing.now)
    return stored.id


def _waited_for_consent(doing: Doing) -> bool:
    """Whether this answers an agreement, too: then it is said again rather than nothing."""
    if doing.contact.consent_asked_at is None:
        return False  # enrolled without being asked, as in the demo
    person = doing.contact.person
    agreed_at = person.consented_at if person else None
    return agreed_at is not None and agreed_at > doing.last.received_at


def _not_understood(told: Told) -> str:
    return phrase(Kind.FIXED, "not_understood", language=told.language, form=Form.SMS)


def _fixed(code: str, *, kind: str = "reply") -> Callable[[Doing], None]:
    return lambda doing: reply(doing, doing.say(code), kind=kind)


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
        reply(doing, doing.say("too_many"))


def _new_case(doing: Doing) -> None:
    cases.close_open_cases(doing.connection, doing.contact.id, "new", doing.now)
    reply(doing, doing.say("new_ready"))


def _other_case(doing: Doing) -> None:
    if doing.move.case_id is not None:
        cases.reopen(doing.connection, doing.contact.id, doing.move.case_id, doing.now)
    reply(doing, doing.say("welcome_back", tag=doing.tag))


def _no_such_case(doing: Doing) -> None:
    reply(doing, doing.say("no_such_case", tag=doing.move.value))


def _send_what(doing: Doing) -> None:
    """Only an emoji, only a photo, nothing at all: say what to send."""
    photo = doing.say("photo_unread") + " " if doing.move.value == "media" else ""
    reply(doing, f"{photo}{doing.say('send_what')}")


# A fixed question once more, where the answer was none of its digits.
_QUESTION_AGAIN = {
    Awaiting.GOING.value: "ask_going_again",
    Awaiting.REACHED.value: "ask_reached",
    Awaiting.OUTCOME.value: "ask_outcome",
}


def _stray_digit(doing: Doing) -> None:
    again = _QUESTION_AGAIN.get(doing.move.value)
    if again is not None:
        reply(doing, doing.say(again, tag=doing.tag))
        return
    reply(doing, f"{doing.say('digit_without_question')} {doing.say('send_what')}")


_ACTS: Mapping[Act, Callable[[Doing], None]] = {
    Act.SILENCE: _silence,
    Act.LIMIT: _limit,
    Act.TURN_AWAY: membership.turn_away,
    Act.JOIN: membership.join,
    Act.ASK_CONSENT: membership.ask_consent,
    Act.GIVE_CONSENT: membership.give_consent,
    Act.REFUSE_CONSENT: _fixed("consent_refused"),
    Act.STOP: membership.stop,
    Act.START: membership.start,
    Act.OPTED_OUT: membership.opted_out,
    Act.HELP: _fixed("help"),
    Act.MENU: _fixed("menu"),
    Act.ASK_LANGUAGE: _fixed("ask_language"),
    Act.SET_LANGUAGE: membership.set_language,
    Act.CALL_PERSON: course.call_person,
    Act.NEW_CASE: _new_case,
    Act.OTHER_CASE: _other_case,
    Act.NO_SUCH_CASE: _no_such_case,
    Act.GOING: course.going,
    Act.CANNOT_GO: course.cannot_go,
    Act.REACHED: course.reached,
    Act.NOT_REACHED: course.not_reached,
    Act.OUTCOME: course.outcome,
    Act.THANK: _fixed("thanks"),
    Act.ABUSE: _fixed("abuse"),
    Act.SEND_WHAT: _send_what,
    Act.STRAY_DIGIT: _stray_digit,
}
