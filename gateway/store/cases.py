"""Consultations: one patient of one health worker, with what is known and what was answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from clinical.assessment import Assessment, Question
from clinical.case import Case
from gateway.assessing import Answer
from gateway.case_json import case_from_json, case_to_json
from gateway.conversation import Awaiting, CaseView
from gateway.privacy import Vault
from gateway.tables import consultation, contact


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCase:
    """A consultation as it stands. `case` is empty once retention has removed the texts."""

    id: int
    contact_id: int
    language: str
    case: Case = field(repr=False)
    view: CaseView
    urgency: int
    conditions: tuple[str, ...]
    questions_asked: tuple[str, ...]
    emergency_told_at: datetime | None
    facility_id: int | None

    @property
    def tag(self) -> str:
        """What the case is called on the phone."""
        return f"K{self.id}"


def open_case(
    connection: Connection,
    vault: Vault,
    contact_id: int,
    language: str,
    case: Case,
    now: datetime,
) -> StoredCase:
    """A new open case; the contact's other open cases are closed by it."""
    close_open_cases(connection, contact_id, "next_case", now)
    row = connection.execute(
        insert(consultation)
        .values(
            contact_id=contact_id,
            state="open",
            language=language,
            case_sealed=vault.seal(case_to_json(case)),
            opened_at=now,
            touched_at=now,
        )
        .returning(consultation)
    ).one()
    return _stored(vault, row)


def close_open_cases(
    connection: Connection, contact_id: int, reason: str, now: datetime, keep: int = 0
) -> None:
    """No case of the contact stays open, but the one to keep. Digits still reach closed ones."""
    connection.execute(
        update(consultation)
        .where(
            consultation.c.contact_id == contact_id,
            consultation.c.state == "open",
            consultation.c.id != keep,
        )
        .values(state="closed", closed_at=now, close_reason=reason)
    )


def close_expired_cases(
    connection: Connection, idle_before: datetime, opened_before: datetime, now: datetime
) -> int:
    """Closes cases that nobody wrote about, or that are too old; how many."""
    closed = connection.execute(
        update(consultation)
        .where(
            consultation.c.state == "open",
            (consultation.c.touched_at < idle_before) | (consultation.c.opened_at < opened_before),
        )
        .values(state="closed", closed_at=now, close_reason="time")
    )
    return closed.rowcount


def load_case(
    connection: Connection, vault: Vault, case_id: int, contact_id: int
) -> StoredCase | None:
    """A case by its number, if it is this person's, on whichever channel."""
    row = connection.execute(
        select(consultation).where(
            consultation.c.id == case_id, consultation.c.contact_id.in_(_channels_of(contact_id))
        )
    ).one_or_none()
    return None if row is None else _stored(vault, row)


def open_case_of(connection: Connection, vault: Vault, contact_id: int) -> StoredCase | None:
    """The contact's open case."""
    row = connection.execute(
        select(consultation)
        .where(consultation.c.contact_id == contact_id, consultation.c.state == "open")
        .order_by(consultation.c.touched_at.desc(), consultation.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _stored(vault, row)


def pending_case_of(
    connection: Connection, vault: Vault, contact_id: int, since: datetime, until: datetime
) -> StoredCase | None:
    """The case about which the person was asked last in that time, on whichever channel."""
    row = connection.execute(
        select(consultation)
        .where(
            consultation.c.contact_id.in_(_channels_of(contact_id)),
            consultation.c.awaiting.is_not(None),
            consultation.c.asked_at > since,
            consultation.c.asked_at <= until,
        )
        .order_by(consultation.c.asked_at.desc(), consultation.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _stored(vault, row)


def save_case(
    connection: Connection, vault: Vault, case_id: int, case: Case, now: datetime
) -> None:
    """What is known of the patient now."""
    set_case(connection, case_id, case_sealed=vault.seal(case_to_json(case)), touched_at=now)


def save_answer(
    connection: Connection, vault: Vault, case_id: int, answer: Answer, facility_id: int | None
) -> None:
    """The assessment: codes in the open, the summary and the evidence sealed."""
    given = answer.assessment
    set_case(
        connection,
        case_id,
        urgency=int(given.urgency),
        conditions=list(given.conditions),
        danger_signs=[sign.code for sign in given.danger_signs],
        actions=list(given.actions),
        source=given.source.value,
        provenance=json.dumps(asdict(answer.provenance), separators=(",", ":")),
        raised_by_rules=given.raised_by_rules,
        referral_level=given.referral.level.value if given.referral.needed else None,
        facility_id=facility_id,
        answer_sealed=vault.seal(json.dumps(_sealed_part(given), ensure_ascii=False)),
    )


def ask(
    connection: Connection,
    case_id: int,
    awaiting: Awaiting | None,
    now: datetime,
    question: Question | None = None,
) -> None:
    """What the health worker is asked now; None: nothing."""
    values: dict[str, Any] = {"awaiting": None, "question_code": None, "question_options": []}
    if awaiting is not None:
        values = {"awaiting": awaiting.value, "asked_at": now}
        values["question_code"] = question.code if question else None
        values["question_options"] = list(question.options) if question else []
    if question is not None:
        values["questions_asked"] = consultation.c.questions_asked.op("||")([question.code])
    set_case(connection, case_id, **values)


def set_case(connection: Connection, case_id: int, **values: Any) -> None:
    """Sets columns of one case."""
    connection.execute(update(consultation).where(consultation.c.id == case_id).values(**values))


def reopen(connection: Connection, contact_id: int, case_id: int, now: datetime) -> None:
    """This case is the one spoken of again; its life begins anew."""
    close_open_cases(connection, contact_id, "other_case", now, keep=case_id)
    set_case(
        connection,
        case_id,
        state="open",
        touched_at=now,
        opened_at=now,
        closed_at=None,
        close_reason=None,
    )


def _channels_of(contact_id: int) -> Select[tuple[int]]:
    """The contacts of one address: a question asked by WhatsApp may be answered by SMS."""
    mine = select(contact.c.address_index).where(contact.c.id == contact_id).scalar_subquery()
    return select(contact.c.id).where(contact.c.address_index == mine)


def pending_since(now: datetime) -> datetime:
    """Questions older than this are not answered by a bare digit any more."""
    return now - timedelta(days=3)


def _sealed_part(given: Assessment) -> Mapping[str, object]:
    return {
        "summary": given.summary,
        "evidence": [
            [s.code, s.source.value, s.rule_id, s.evidence.text if s.evidence else ""]
            for s in given.danger_signs
        ],
        "notes": list(given.notes),
        "rules": list(given.rule_ids),
    }


def _stored(vault: Vault, row: Row[Any]) -> StoredCase:
    question = None
    if row.question_code is not None:
        question = Question(code=row.question_code, options=tuple(row.question_options))
    text = vault.open_or_none(row.case_sealed)
    return StoredCase(
        id=row.id,
        contact_id=row.contact_id,
        language=row.language,
        case=case_from_json(text) if text else Case(),
        view=CaseView(
            id=row.id,
            is_open=row.state == "open",
            opened_at=row.opened_at,
            touched_at=row.touched_at,
            awaiting=Awaiting(row.awaiting) if row.awaiting else None,
            asked_at=row.asked_at,
            question=question,
        ),
        urgency=row.urgency,
        conditions=tuple(row.conditions),
        questions_asked=tuple(row.questions_asked),
        emergency_told_at=row.emergency_told_at,
        facility_id=row.facility_id,
    )
