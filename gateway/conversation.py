"""The conversation as a pure state machine: what a message means where the talk stands now.

`next_move` says what to do and does nothing; `consultation` does it. Reads no symptoms itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from clinical.assessment import Question
from gateway.inbound import Channel
from gateway.keywords import Kind, Parsed, parse
from gateway.plain_answers import CONSENT, digit_of, is_yes_or_no

ALIKE_LIMIT = 5  # so many texts alike within ALIKE_MINUTES are a machine's
ALIKE_MINUTES = 30
PENDING_HOURS = 48  # a question older than this is not answered by a bare digit


class Awaiting(StrEnum):
    """What we asked of a health worker last, about one case."""

    QUESTION = "question"
    GOING = "going"
    REACHED = "reached"
    OUTCOME = "outcome"


class Act(StrEnum):
    """What follows from one message."""

    SILENCE = "silence"
    LIMIT = "limit"
    TURN_AWAY = "turn_away"
    JOIN = "join"
    ASK_CONSENT = "ask_consent"
    GIVE_CONSENT = "give_consent"
    REFUSE_CONSENT = "refuse_consent"
    STOP = "stop"
    START = "start"
    OPTED_OUT = "opted_out"
    HELP = "help"
    MENU = "menu"
    ASK_LANGUAGE = "ask_language"
    SET_LANGUAGE = "set_language"
    CALL_PERSON = "call_person"
    NEW_CASE = "new_case"
    OTHER_CASE = "other_case"
    NO_SUCH_CASE = "no_such_case"
    TELL = "tell"
    ANSWER = "answer"
    GOING = "going"
    CANNOT_GO = "cannot_go"
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    OUTCOME = "outcome"
    THANK = "thank"
    ABUSE = "abuse"
    SEND_WHAT = "send_what"
    STRAY_DIGIT = "stray_digit"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """What the conversation needs to know of one case."""

    id: int
    is_open: bool
    opened_at: datetime
    touched_at: datetime
    awaiting: Awaiting | None = None
    asked_at: datetime | None = None
    question: Question | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where the talk with one contact stands."""

    channel: Channel
    registered: bool
    consented: bool
    opted_out: bool = False
    turned_away_at: datetime | None = None
    consent_asked_at: datetime | None = None
    alike: int = 1  # texts like this one lately, itself included
    over_limit: bool = False
    case: CaseView | None = None  # the open case
    pending: CaseView | None = None  # the case we asked about last, open or not
    just_asked: bool = False  # nothing was heard since we asked about `pending`
    tagged: CaseView | None = None  # the case of the tag in this message, if it is theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times of a conversation, from the settings."""

    case_idle: timedelta
    case_life: timedelta
    turn_away: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What to do. `case_id` None with TELL opens a new case."""

    act: Act
    case_id: int | None = None
    text: str = field(default="", repr=False)
    value: str = ""  # language of SET_LANGUAGE, code of OUTCOME, tag of NO_SUCH_CASE


# Commands that mean the same wherever the talk stands.
_ANYWHERE: dict[Kind, Act] = {
    Kind.HELP: Act.HELP,
    Kind.MENU: Act.MENU,
    Kind.THANKS: Act.THANK,
    Kind.ABUSE: Act.ABUSE,
    Kind.EMPTY: Act.SEND_WHAT,
}

# An autoresponder sends none of these; a worker with five patients sends five equal ones.
_NEVER_A_MACHINES = frozenset({Kind.DIGIT, Kind.PERSON, Kind.NEW, Kind.TAG, Kind.JOIN, Kind.YES})

# Digits where a fixed question is open.
_DIGITS: dict[tuple[Awaiting, int], tuple[Act, str]] = {
    (Awaiting.GOING, 0): (Act.CALL_PERSON, ""),
    (Awaiting.REACHED, 0): (Act.CALL_PERSON, ""),
    (Awaiting.OUTCOME, 0): (Act.CALL_PERSON, ""),
    (Awaiting.GOING, 1): (Act.GOING, ""),
    (Awaiting.GOING, 2): (Act.CANNOT_GO, ""),
    (Awaiting.REACHED, 1): (Act.REACHED, ""),
    (Awaiting.REACHED, 2): (Act.NOT_REACHED, ""),
    (Awaiting.OUTCOME, 1): (Act.OUTCOME, "better"),
    (Awaiting.OUTCOME, 2): (Act.OUTCOME, "same"),
    (Awaiting.OUTCOME, 3): (Act.OUTCOME, "worse"),
}


def next_move(view: View, parsed: Parsed, now: datetime, limits: Limits) -> Move:
    """What this message means here. The gates come first, in this order."""
    if parsed.kind is Kind.STOP:
        return Move(act=Act.STOP)
    if parsed.kind is Kind.START and (view.opted_out or view.registered):
        return Move(act=Act.START)
    if parsed.kind is Kind.YES and view.opted_out:
        return Move(act=Act.START)
    if view.alike >= ALIKE_LIMIT and parsed.kind not in _NEVER_A_MACHINES:
        return Move(act=Act.SILENCE, value="alike")
    if view.over_limit:
        return Move(act=Act.LIMIT)
    if view.opted_out:
        return Move(act=Act.OPTED_OUT)
    if parsed.kind is Kind.JOIN:
        return Move(act=Act.JOIN, text=parsed.text)
    if not view.registered:
        return _turn_away(view, now, limits)
    if not view.consented and parsed.kind not in (Kind.HELP, Kind.LANGUAGE, Kind.PERSON):
        return _consent(view, parsed)
    return _within(view, parsed, now, limits)


def _turn_away(view: View, now: datetime, limits: Limits) -> Move:
    lately = view.turned_away_at is not None and now - view.turned_away_at < limits.turn_away
    return Move(act=Act.SILENCE, value="turned_away") if lately else Move(act=Act.TURN_AWAY)


def _consent(view: View, parsed: Parsed) -> Move:
    if view.consent_asked_at is not None:
        said = parsed.number if parsed.kind is Kind.DIGIT else digit_of(CONSENT, parsed.text)
        if said == 1:
            return Move(act=Act.GIVE_CONSENT)
        if said == 2:
            return Move(act=Act.REFUSE_CONSENT)
    return Move(act=Act.ASK_CONSENT, text=parsed.text)


def _within(view: View, parsed: Parsed, now: datetime, limits: Limits) -> Move:
    kind = parsed.kind
    if kind in _ANYWHERE:
        return Move(act=_ANYWHERE[kind], value="media" if parsed.has_media else "")
    if kind is Kind.LANGUAGE:
        act = Act.ASK_LANGUAGE if parsed.language is None else Act.SET_LANGUAGE
        return Move(act=act, value=parsed.language or "")
    if kind is Kind.NEW:
        return Move(act=Act.TELL if parsed.text else Act.NEW_CASE, text=parsed.text)
    if kind is Kind.TAG:
        return _tagged(view, parsed)
    asked = open_question(view, now)
    if kind is Kind.PERSON and not _wants_number(asked):
        return Move(act=Act.CALL_PERSON, case_id=_about(view))
    if kind in (Kind.DIGIT, Kind.PERSON):
        return _answered(asked, parsed, parsed.number)
    if asked is not None and (said := digit_of(asked.awaiting or "", parsed.text)) is not None:
        return _answered(asked, parsed, said)
    if asked is None and view.case is not None and (move := _on_the_way(view.case, parsed)):
        return move
    if kind is Kind.YES or is_yes_or_no(parsed.text):
        return _answered(asked, parsed, None)
    return _free_text(view, asked, parsed, now, limits)


def _on_the_way(case: CaseView, parsed: Parsed) -> Move | None:
    """«we are at the hospital now», «he died» while nothing is asked: no new assessment."""
    if is_yes_or_no(parsed.text):
        return None
    digit = digit_of(Awaiting.GOING, parsed.text)
    known = _DIGITS.get((Awaiting.GOING, digit)) if digit is not None else None
    return Move(act=known[0], case_id=case.id, value=known[1]) if known else None


def _answered(asked: CaseView | None, parsed: Parsed, digit: int | None) -> Move:
    """What an answer by digit, or by words that mean one, leads to."""
    if asked is None or asked.awaiting is None:
        return Move(act=Act.STRAY_DIGIT)
    if asked.awaiting is Awaiting.QUESTION:
        return Move(act=Act.ANSWER, case_id=asked.id, text=parsed.text)
    known = _DIGITS.get((asked.awaiting, digit)) if digit is not None else None
    if known is None:
        return Move(act=Act.STRAY_DIGIT, case_id=asked.id, value=asked.awaiting.value)
    return Move(act=known[0], case_id=asked.id, value=known[1])


def _free_text(
    view: View, asked: CaseView | None, parsed: Parsed, now: datetime, limits: Limits
) -> Move:
    if asked is not None and asked.awaiting is Awaiting.QUESTION and is_live(asked, now, limits):
        return Move(act=Act.ANSWER, case_id=asked.id, text=parsed.text)
    about = spoken_of(view.case, view.pending if view.just_asked else None, now, limits)
    return Move(act=Act.TELL, case_id=_id(about), text=parsed.text)


def spoken_of(
    case: CaseView | None, just_asked: CaseView | None, now: datetime, limits: Limits
) -> CaseView | None:
    """The case of a plain text: the open one, else the one that we asked about just before."""
    if case is not None and is_live(case, now, limits):
        return case
    if just_asked is None or just_asked.asked_at is None:
        return None
    return just_asked if now - just_asked.asked_at < limits.case_idle else None


def _id(case: CaseView | None) -> int | None:
    return None if case is None else case.id


def _tagged(view: View, parsed: Parsed) -> Move:
    case = view.tagged
    if case is None:
        return Move(act=Act.NO_SUCH_CASE, value=f"K{parsed.number}", text=parsed.text)
    if not parsed.text:
        return Move(act=Act.OTHER_CASE, case_id=case.id)
    behind = parse(parsed.text)
    if behind.kind is Kind.PERSON and not _wants_number(case):
        return Move(act=Act.CALL_PERSON, case_id=case.id)
    if behind.kind is Kind.THANKS:
        return Move(act=Act.THANK, case_id=case.id)
    digit = behind.number if behind.kind in (Kind.DIGIT, Kind.PERSON) else None
    if digit is None and case.awaiting is not None:
        digit = digit_of(case.awaiting, parsed.text)
    if digit is not None or is_yes_or_no(parsed.text):
        return _answered(case, behind, digit)
    return Move(act=Act.TELL, case_id=case.id, text=parsed.text)


def open_question(view: View, now: datetime) -> CaseView | None:
    """The case whose question a bare digit answers."""
    case = view.pending
    if case is None or case.awaiting is None or case.asked_at is None:
        return None
    return case if now - case.asked_at < timedelta(hours=PENDING_HOURS) else None


def is_live(case: CaseView, now: datetime, limits: Limits) -> bool:
    """Whether the next text still belongs to this case: neither idle nor too old."""
    idle, age = now - case.touched_at, now - case.opened_at
    return case.is_open and idle < limits.case_idle and age < limits.case_life


def _wants_number(asked: CaseView | None) -> bool:
    return asked is not None and asked.question is not None and not asked.question.options


def _about(view: View) -> int | None:
    """The case at hand: the open one, else the one we asked about last."""
    return _id(view.case or view.pending)


def needs_no_quiet(parsed: Parsed) -> bool:
    """Whether a message is whole by itself, so that nothing more is waited for."""
    return parsed.kind is not Kind.TEXT and not (
        parsed.kind in (Kind.NEW, Kind.TAG) and len(parsed.text) > 4
    )
