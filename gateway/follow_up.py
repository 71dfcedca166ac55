"""What became of a case: «reached?» and «better?» asked at set times, answers kept as codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from clinical.assessment import Assessment, Urgency
from gateway.conversation import Awaiting
from gateway.facility_note import send_facility_note
from gateway.gsm7 import fold_if_it_helps
from gateway.phrases import say
from gateway.store import cases, contacts, outbox
from gateway.store.outbox import Draft
from gateway.tables import consultation, follow_up
from gateway.wiring import Gateway

REACHED, OUTCOME = "reached", "outcome"
_SENTENCE = {REACHED: "ask_reached", OUTCOME: "ask_outcome"}
_AWAITING = {REACHED: Awaiting.REACHED, OUTCOME: Awaiting.OUTCOME}


def wait_of(gateway: Gateway, urgency: Urgency) -> timedelta:
    """How long after the answer it is asked what became of the case."""
    settings = gateway.settings
    hours = {
        Urgency.EMERGENCY: settings.follow_up_hours_emergency,
        Urgency.URGENT: settings.follow_up_hours_urgent,
        Urgency.ROUTINE: settings.follow_up_hours_routine,
    }
    return timedelta(hours=hours.get(urgency, settings.follow_up_hours_home))


def schedule(
    gateway: Gateway,
    connection: Connection,
    case_id: int,
    assessment: Assessment,
    *,
    now: datetime,
) -> None:
    """Sets the first question of a case, or moves it: the newest assessment counts."""
    kind = REACHED if assessment.referral.needed else OUTCOME
    connection.execute(
        update(follow_up)
        .where(follow_up.c.consultation_id == case_id, follow_up.c.state == "due")
        .values(state="cancelled")
    )
    _set(connection, case_id, kind, now + wait_of(gateway, assessment.urgency))


def _set(connection: Connection, case_id: int, kind: str, due_at: datetime) -> None:
    values = {"state": "due", "due_at": due_at, "asked_at": None, "answered_at": None}
    connection.execute(
        pg_insert(follow_up)
        .values(consultation_id=case_id, kind=kind, **values)
        .on_conflict_do_update(index_elements=["consultation_id", "kind"], set_=values)
    )


def ask_due(gateway: Gateway, connection: Connection, now: datetime) -> int:
    """Asks what is due, each once; how many."""
    due = connection.execute(
        select(follow_up, consultation.c.contact_id, consultation.c.language)
        .join(consultation, consultation.c.id == follow_up.c.consultation_id)
        .where(follow_up.c.state == "due", follow_up.c.due_at <= now)
        .order_by(follow_up.c.due_at)
        .limit(100)
        .with_for_update(of=follow_up, skip_locked=True)
    ).all()
    for row in due:
        contact = contacts.load_contact(connection, gateway.vault, row.contact_id)
        language = contact.language or row.language
        demo = "DEMO " if gateway.settings.demo else ""
        body = demo + say(_SENTENCE[row.kind], language, tag=f"K{row.consultation_id}")
        outbox.add_draft(
            connection,
            gateway.vault,
            Draft(
                dedupe_key=f"follow_up:{row.id}:{row.due_at.timestamp():.0f}",
                contact_id=row.contact_id,
                consultation_id=row.consultation_id,
                kind="follow_up",
                body=fold_if_it_helps(body),
            ),
            now,
        )
        cases.ask(connection, row.consultation_id, _AWAITING[row.kind], now)
        _mark(connection, row.consultation_id, row.kind, state="asked", asked_at=now)
    return len(due)


def note_going(gateway: Gateway, connection: Connection, case_id: int, *, now: datetime) -> None:
    """On the way; the facility is told, if the directory says that it takes notes."""
    cases.set_case(connection, case_id, going="going", awaiting=None)
    send_facility_note(gateway, connection, case_id, now)


def note_cannot_go(connection: Connection, case_id: int) -> None:
    """The patient cannot go."""
    cases.set_case(connection, case_id, going="cannot_go", awaiting=None)


def note_reached(gateway: Gateway, connection: Connection, case_id: int, *, now: datetime) -> None:
    """Arrived; the outcome is asked later."""
    cases.set_case(connection, case_id, reached="yes", awaiting=None)
    _mark(connection, case_id, REACHED, state="answered", answered_at=now, answer="yes")
    _set(connection, case_id, OUTCOME, now + wait_of(gateway, Urgency.ROUTINE))


def note_not_reached(connection: Connection, case_id: int, *, now: datetime) -> None:
    """Did not arrive."""
    cases.set_case(connection, case_id, reached="no", awaiting=None)
    _mark(connection, case_id, REACHED, state="answered", answered_at=now, answer="no")


def note_outcome(connection: Connection, case_id: int, outcome: str, *, now: datetime) -> None:
    """Better, same or worse."""
    cases.set_case(connection, case_id, outcome=outcome, awaiting=None)
    _mark(connection, case_id, OUTCOME, state="answered", answered_at=now, answer=outcome)


def due_soon(connection: Connection, until: datetime) -> Sequence[tuple[int, str, datetime]]:
    """Case, kind and time of what will be asked until then."""
    rows = connection.execute(
        select(follow_up.c.consultation_id, follow_up.c.kind, follow_up.c.due_at)
        .where(follow_up.c.state == "due", follow_up.c.due_at <= until)
        .order_by(follow_up.c.due_at)
        .limit(200)
    )
    return [(row.consultation_id, row.kind, row.due_at) for row in rows]


def _mark(connection: Connection, case_id: int, kind: str, **values: object) -> None:
    connection.execute(
        update(follow_up)
        .where(follow_up.c.consultation_id == case_id, follow_up.c.kind == kind)
        .values(**values)
    )
