"""The use case: everything a contact wrote is answered, one turn after the other.

A turn is read, decided (`conversation`), assessed outside any transaction, and written in one. It
is written only if the conversation did not move meanwhile; a crash before that changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway import metrics, moves
from gateway.conversation import (
    ALIKE_MINUTES,
    Act,
    CaseView,
    Move,
    View,
    needs_no_quiet,
    next_move,
)
from gateway.drafting import limits_of
from gateway.keywords import HOLDS_SYMPTOMS, Kind, Parsed, parse
from gateway.queue import enqueue_answer
from gateway.store import cases, contacts, inbox
from gateway.store.cases import StoredCase
from gateway.store.contacts import Contact
from gateway.store.inbox import WaitingMessage
from gateway.symptoms import Told, assess_told
from gateway.wiring import Gateway

# Moves that cover a whole burst. What was written before consent is asked about once.
_MERGED = frozenset({Act.TELL, Act.ANSWER, Act.ASK_CONSENT})


class ConversationMovedError(Exception):
    """Something else wrote to this conversation while a turn was prepared: take it anew."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One decision, and the messages that it covers."""

    contact: Contact
    move: Move
    messages: tuple[WaitingMessage, ...]


def answer_contact(gateway: Gateway, contact_id: int) -> None:
    """Answers all that waits. Raises ConversationMovedError: the job runs again at once."""
    while True:
        turn = _next_turn(gateway, contact_id)
        if turn is None:
            return
        told = _assessed(gateway, turn)
        messages = turn.messages[: told.consumed] if told else turn.messages
        with gateway.engine.begin() as connection:
            if not contacts.bump_version(connection, contact_id, turn.contact.version):
                raise ConversationMovedError
            moves.carry_out(gateway, connection, turn.contact, turn.move, messages, told)
        metrics.INBOUND.labels(channel=turn.contact.channel.value, result=turn.move.act.value).inc(
            len(messages)
        )


def _assessed(gateway: Gateway, turn: Turn) -> Told | None:
    """The assessment, where the move asks for one: the only step that takes seconds."""
    if turn.move.act not in (Act.TELL, Act.ANSWER):
        return None
    return assess_told(gateway, turn.contact, turn.move, turn.messages)


def _next_turn(gateway: Gateway, contact_id: int) -> Turn | None:
    now = gateway.now()
    with gateway.engine.begin() as connection:
        waiting = inbox.waiting_messages(connection, gateway.vault, contact_id)
        if not waiting:
            return None
        parsed = [parse(m.text, m.media_count) for m in waiting]
        wait_until = _quiet_until(gateway, waiting, parsed)
        if wait_until is not None and wait_until > now:
            enqueue_answer(connection, contact_id, at=wait_until)
            return None
        contact = contacts.load_contact(connection, gateway.vault, contact_id)
        view = view_of(gateway, connection, contact, waiting, parsed[0], now)
    move = next_move(view, parsed[0], now, limits_of(gateway.settings))
    return Turn(contact, move, _burst(move, waiting, parsed))


def _quiet_until(
    gateway: Gateway, waiting: Sequence[WaitingMessage], parsed: Sequence[Parsed]
) -> datetime | None:
    """When a burst is over: a quiet time after its last text, but a cap after its first."""
    if needs_no_quiet(parsed[0]):
        return None
    quiet = timedelta(seconds=gateway.settings.quiet_seconds)
    cap = timedelta(seconds=gateway.settings.burst_cap_seconds)
    texts = [m for m, p in zip(waiting, parsed, strict=True) if p.kind is Kind.TEXT]
    last = texts[-1] if texts else waiting[0]
    return min(last.received_at + quiet, waiting[0].received_at + max(cap, quiet))


def _burst(
    move: Move, waiting: Sequence[WaitingMessage], parsed: Sequence[Parsed]
) -> tuple[WaitingMessage, ...]:
    """The messages of one turn: a text and the plain texts right behind it."""
    is_text = parsed[0].kind is Kind.TEXT or move.act is Act.TELL
    if move.act not in _MERGED or not is_text:
        return (waiting[0],)
    burst = [waiting[0]]
    case_id = waiting[0].consultation_id
    for message, read in zip(waiting[1:], parsed[1:], strict=True):
        elsewhere = message.consultation_id not in (None, case_id) and case_id is not None
        if read.kind is not Kind.TEXT or elsewhere:
            break
        case_id = case_id or message.consultation_id
        burst.append(message)
    return tuple(burst)


def view_of(
    gateway: Gateway,
    connection: Connection,
    contact: Contact,
    waiting: Sequence[WaitingMessage],
    parsed: Parsed,
    now: datetime,
) -> View:
    """Where the talk stands at the first message that waits, for the pure part."""
    vault, settings, message = gateway.vault, gateway.settings, waiting[0]
    alike_since = message.received_at - timedelta(minutes=ALIKE_MINUTES)
    hour_ago = message.received_at - timedelta(hours=1)
    case = cases.open_case_of(connection, vault, contact.id)
    if case is not None and _is_of_a_later_message(case, waiting, parsed):
        case = None
    pending = cases.pending_case_of(
        connection,
        vault,
        contact.id,
        since=cases.pending_since(now),
        until=message.received_at,  # nobody answers what was asked after they wrote
    )
    tagged: CaseView | None = None
    if parsed.kind is Kind.TAG and parsed.number is not None:
        found = cases.load_case(connection, vault, parsed.number, contact.id)
        tagged = found.view if found else None
    person = contact.person
    return View(
        channel=contact.channel,
        registered=person is not None or settings.demo,
        consented=settings.demo or (person is not None and person.consented_at is not None),
        opted_out=contact.opted_out_at is not None,
        turned_away_at=contact.turned_away_at,
        consent_asked_at=contact.consent_asked_at,
        alike=inbox.count_alike(connection, message, alike_since),
        over_limit=inbox.count_until(connection, message, hour_ago)
        > settings.sender_messages_per_hour,
        case=case.view if case else None,
        pending=pending.view if pending else None,
        just_asked=pending is not None
        and not inbox.was_heard_since(connection, message, pending.view.asked_at),
        tagged=tagged,
    )


def _is_of_a_later_message(
    case: StoredCase, waiting: Sequence[WaitingMessage], parsed: Parsed
) -> bool:
    """Whether the first reading opened this case for an emergency of another patient, told later.

    A plain text of the same burst belongs to it; what was written before a NEW does not.
    """
    texts = [parse(m.text, m.media_count) for m in waiting]
    turn = len(_burst(Move(act=Act.TELL), waiting, texts)) if parsed.kind in HOLDS_SYMPTOMS else 1
    opened_for = {m.consultation_id for m in waiting[turn:]} - {
        m.consultation_id for m in waiting[:turn]
    }
    return case.id in opened_for and case.view.opened_at >= waiting[0].received_at
