"""What the supervisor page shows. Opens sealed texts only where one case is looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, case, func, insert, select, union_all, update

from clinical.assessment import Urgency
from gateway.privacy import Vault
from gateway.tables import (
    audit_entry,
    consultation,
    contact,
    facility,
    follow_up,
    health_worker,
    inbox,
    incident,
    outbox,
)

_WORKER = health_worker.c.name_code.label("worker")
_BY_CONTACT = contact.c.address_index == health_worker.c.address_index


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message of a conversation, ours or theirs."""

    at: datetime
    ours: bool
    text: str = field(repr=False)
    state: str


def cases_since(connection: Connection, since: datetime) -> Sequence[Row[Any]]:
    """Cases of the last time, the most urgent first."""
    return connection.execute(
        select(consultation, _WORKER)
        .select_from(consultation.join(contact).outerjoin(health_worker, _BY_CONTACT))
        .where(consultation.c.touched_at > since)
        .order_by(consultation.c.urgency.desc(), consultation.c.touched_at.desc())
        .limit(500)
    ).all()


def cases_for_export(connection: Connection, since: datetime) -> Sequence[Row[Any]]:
    """Every case that was opened since then, oldest first: a list taken out is whole."""
    return connection.execute(
        select(consultation, _WORKER)
        .select_from(consultation.join(contact).outerjoin(health_worker, _BY_CONTACT))
        .where(consultation.c.opened_at > since)
        .order_by(consultation.c.id)
    ).all()


def one_case(connection: Connection, case_id: int) -> Row[Any] | None:
    """One case with its worker."""
    return connection.execute(
        select(consultation, _WORKER)
        .select_from(consultation.join(contact).outerjoin(health_worker, _BY_CONTACT))
        .where(consultation.c.id == case_id)
    ).one_or_none()


def conversation_of(connection: Connection, vault: Vault, case_id: int) -> list[Line]:
    """The messages of a case, oldest first; texts that retention removed are shown as such."""
    theirs = select(
        inbox.c.received_at.label("at"),
        inbox.c.body_sealed,
        case((inbox.c.id > 0, 0)).label("ours"),
        inbox.c.handling.label("state"),
    ).where(inbox.c.consultation_id == case_id)
    ours = select(
        outbox.c.created_at.label("at"),
        outbox.c.body_sealed,
        case((outbox.c.id > 0, 1)).label("ours"),
        func.coalesce(outbox.c.provider_status, outbox.c.state).label("state"),
    ).where(outbox.c.consultation_id == case_id)
    both = union_all(theirs, ours).subquery()
    return [
        Line(
            at=row.at,
            ours=bool(row.ours),
            text=vault.open_or_none(row.body_sealed) or "(removed)",
            state=row.state or "waiting",
        )
        for row in connection.execute(select(both).order_by(both.c.at))
    ]


def evidence_of(vault: Vault, row: Row[Any]) -> dict[str, Any]:
    """Summary, evidence and notes of a case's answer, where they are still kept."""
    sealed = vault.open_or_none(row.answer_sealed)
    kept: dict[str, Any] = json.loads(sealed) if sealed else {}
    kept["provenance"] = json.loads(row.provenance) if row.provenance else {}
    return kept


def failed_deliveries(connection: Connection, since: datetime) -> Sequence[Row[Any]]:
    """Replies that did not arrive."""
    return connection.execute(
        select(outbox, _WORKER)
        .select_from(outbox.join(contact).outerjoin(health_worker, _BY_CONTACT))
        .where(
            outbox.c.created_at > since,
            outbox.c.state.in_(("failed", "expired"))
            | outbox.c.provider_status.in_(("failed", "undelivered", "canceled")),
        )
        .order_by(outbox.c.id.desc())
        .limit(200)
    ).all()


def open_incidents(connection: Connection) -> Sequence[Row[Any]]:
    """What a person must look at."""
    return connection.execute(
        select(incident, _WORKER)
        .select_from(incident.outerjoin(contact).outerjoin(health_worker, _BY_CONTACT))
        .where(incident.c.settled_at.is_(None))
        .order_by(incident.c.id.desc())
        .limit(200)
    ).all()


def settle_incident(connection: Connection, incident_id: int, now: datetime) -> None:
    """Someone has looked at it."""
    connection.execute(update(incident).where(incident.c.id == incident_id).values(settled_at=now))


def follow_ups_due(connection: Connection, until: datetime) -> Sequence[Row[Any]]:
    """What will be asked, or was asked and is not answered."""
    return connection.execute(
        select(follow_up)
        .where(follow_up.c.state.in_(("due", "asked")), follow_up.c.due_at < until)
        .order_by(follow_up.c.due_at)
        .limit(200)
    ).all()


def workers(connection: Connection) -> Sequence[Row[Any]]:
    """Health workers by name code, without addresses."""
    return connection.execute(select(health_worker).order_by(health_worker.c.name_code)).all()


def facilities(connection: Connection) -> Sequence[Row[Any]]:
    """The directory."""
    return connection.execute(select(facility).order_by(facility.c.area, facility.c.name)).all()


def counts(connection: Connection, since: datetime) -> dict[str, list[tuple[str, int]]]:
    """How many cases by urgency, outcome and whether they arrived."""
    columns = {
        "urgency": consultation.c.urgency,
        "outcome": consultation.c.outcome,
        "reached": consultation.c.reached,
        "going": consultation.c.going,
    }
    result: dict[str, list[tuple[str, int]]] = {}
    for name, column in columns.items():
        rows = connection.execute(
            select(column, func.count())
            .where(consultation.c.opened_at > since)
            .group_by(column)
            .order_by(column)
        )
        result[name] = [(_label(name, value), count) for value, count in rows]
    return result


def cases_per_day(
    connection: Connection, now: datetime, days: int = 14
) -> list[tuple[str, int, int]]:
    """Date, cases and emergencies of each of the last days, days without cases included."""
    day = func.date(consultation.c.opened_at)
    emergencies = func.count().filter(consultation.c.urgency == int(Urgency.EMERGENCY))
    rows = connection.execute(
        select(day, func.count(), emergencies)
        .where(consultation.c.opened_at > now - timedelta(days=days))
        .group_by(day)
    )
    found = {str(date): (total, urgent) for date, total, urgent in rows}
    dates = [str((now - timedelta(days=back)).date()) for back in reversed(range(days))]
    return [(date, *found.get(date, (0, 0))) for date in dates]


def audit(
    connection: Connection, user_name: str, action: str, now: datetime, case_id: int | None = None
) -> None:
    """Records who looked at what."""
    connection.execute(
        insert(audit_entry).values(
            user_name=user_name, action=action, consultation_id=case_id, at=now
        )
    )


def _label(name: str, value: object) -> str:
    if name == "urgency" and isinstance(value, int):
        return Urgency(value).name
    return str(value) if value is not None else "not known"
