"""Moves about the course of a case: a person is called, the patient goes, arrives, gets better."""

from __future__ import annotations

from gateway import escalation, follow_up
from gateway.doing import Doing, reply
from gateway.store import cases


def call_person(doing: Doing) -> None:
    """The supervisor is told that this worker asks for them."""
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
    reply(doing, doing.say("person_called" if told else "person_missing", tag=doing.tag))


def going(doing: Doing) -> None:
    """On the way; the facility hears of it."""
    follow_up.note_going(doing.gateway, doing.connection, _case_id(doing), now=doing.now)
    reply(doing, doing.say("going_noted", tag=doing.tag))


def cannot_go(doing: Doing) -> None:
    """The supervisor hears that the patient cannot go."""
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
    reply(doing, doing.say("cannot_go_noted" if told else "cannot_go_alone", tag=doing.tag))


def reached(doing: Doing) -> None:
    """The patient arrived."""
    follow_up.note_reached(doing.gateway, doing.connection, _case_id(doing), now=doing.now)
    reply(doing, doing.say("reached_noted", tag=doing.tag))


def not_reached(doing: Doing) -> None:
    """The supervisor hears that the patient did not arrive."""
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
    reply(doing, doing.say("not_reached_noted" if told else "cannot_go_alone", tag=doing.tag))


def outcome(doing: Doing) -> None:
    """Better and same are noted; worse opens the case again and asks what is seen now."""
    told = doing.move.value
    follow_up.note_outcome(doing.connection, _case_id(doing), told, now=doing.now)
    if told == "worse":
        cases.reopen(doing.connection, doing.contact.id, _case_id(doing), doing.now)
    reply(doing, doing.say("worse_ask" if told == "worse" else "outcome_noted", tag=doing.tag))


def _case_id(doing: Doing) -> int:
    if doing.move.case_id is None:
        raise ValueError(f"the move {doing.move.act} needs a case")
    return doing.move.case_id
