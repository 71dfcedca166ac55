"""Replies on their way: recorded before they are sent, and what became of them after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from gateway.gsm7 import measure
from gateway.inbound import StatusUpdate
from gateway.privacy import Vault
from gateway.queue import enqueue_delivery
from gateway.status import moves_forward
from gateway.tables import outbox

UNDELIVERED = ("pending", "sending", "uncertain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A reply to be sent. The same `dedupe_key` is sent once, however often a job runs.

    `asked_at` is when the message came that this answers, to tell a late answer from a timely one.
    """

    dedupe_key: str
    contact_id: int
    kind: str
    body: str = field(repr=False)
    consultation_id: int | None = None
    inbox_id: int | None = None
    urgency: int = 0
    source: str | None = None
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A reply that waits, or whose sending was begun."""

    id: int
    contact_id: int
    consultation_id: int | None
    inbox_id: int | None
    kind: str
    body: str = field(repr=False)
    state: str
    attempts: int
    urgency: int
    source: str | None
    created_at: datetime
    asked_at: datetime | None
    intent_at: datetime | None
    next_attempt_at: datetime | None


def add_draft(connection: Connection, vault: Vault, draft: Draft, now: datetime) -> int | None:
    """Outbox id of a new reply, with its delivery job; None if this reply was written before."""
    size = measure(draft.body)
    outbox_id = connection.execute(
        pg_insert(outbox)
        .values(
            dedupe_key=draft.dedupe_key,
            contact_id=draft.contact_id,
            consultation_id=draft.consultation_id,
            inbox_id=draft.inbox_id,
            kind=draft.kind,
            body_sealed=vault.seal(draft.body),
            encoding=size.encoding,
            segments=size.segments,
            urgency=draft.urgency,
            source=draft.source,
            state="pending",
            created_at=now,
            asked_at=draft.asked_at,
        )
        .on_conflict_do_nothing()
        .returning(outbox.c.id)
    ).scalar_one_or_none()
    if outbox_id is not None:
        enqueue_delivery(connection, draft.contact_id)
    return outbox_id


def was_just_said(
    connection: Connection, vault: Vault, consultation_id: int, body: str, since_inbox_id: int
) -> bool:
    """Whether the instruction sent at once for this turn says the very same."""
    rows = connection.execute(
        select(outbox.c.body_sealed).where(
            outbox.c.consultation_id == consultation_id,
            outbox.c.kind == "emergency",
            outbox.c.inbox_id >= since_inbox_id,
        )
    )
    return any(vault.open_or_none(sealed) == body for (sealed,) in rows)


def next_outgoing(connection: Connection, vault: Vault, contact_id: int) -> Outgoing | None:
    """The oldest reply of a contact that is not yet out."""
    row = connection.execute(
        select(outbox)
        .where(outbox.c.contact_id == contact_id, outbox.c.state.in_(UNDELIVERED))
        .order_by(outbox.c.id)
        .limit(1)
    ).one_or_none()
    return None if row is None else _outgoing(vault, row)


def load_outgoing(connection: Connection, vault: Vault, outbox_id: int) -> Outgoing:
    """One reply, whatever became of it."""
    return _outgoing(
        vault, connection.execute(select(outbox).where(outbox.c.id == outbox_id)).one()
    )


def claim(
    connection: Connection, outgoing: Outgoing, body_sealed: bytes | None, now: datetime
) -> bool:
    """Records the intent to send; False if another worker was quicker."""
    values: dict[str, Any] = {
        "state": "sending",
        "attempts": outgoing.attempts + 1,
        "intent_at": now,
        "next_attempt_at": None,
    }
    if body_sealed is not None:
        values["body_sealed"] = body_sealed
    claimed = connection.execute(
        update(outbox)
        .where(
            outbox.c.id == outgoing.id,
            outbox.c.state == outgoing.state,
            outbox.c.attempts == outgoing.attempts,
        )
        .values(**values)
    )
    return claimed.rowcount == 1


def record(connection: Connection, outbox_id: int, **values: Any) -> None:
    """Writes what became of a reply."""
    connection.execute(update(outbox).where(outbox.c.id == outbox_id).values(**values))


def record_sent(
    connection: Connection, outbox_id: int, message_sid: str, status: str, now: datetime
) -> None:
    """The provider took it. A callback may have been quicker: its status is kept."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == outbox_id)
        .values(
            state="sent",
            provider_sid=message_sid,
            provider_status=func.coalesce(outbox.c.provider_status, status),
            sent_at=now,
            next_attempt_at=None,
        )
    )


def sids_to_contact(connection: Connection, contact_id: int, since: datetime) -> set[str]:
    """Provider ids that already belong to replies to this contact, of a day before `since` on."""
    found = connection.execute(
        select(outbox.c.provider_sid).where(
            outbox.c.contact_id == contact_id,
            outbox.c.provider_sid.is_not(None),
            outbox.c.created_at > since - timedelta(days=1),
        )
    )
    return {str(sid) for (sid,) in found}


def apply_status(
    connection: Connection, message: StatusUpdate, now: datetime
) -> tuple[int, str] | None:
    """Moves a reply's delivery status forward; its id and new status, or None if nothing moved."""
    by_id = outbox.c.provider_sid == message.message_sid
    if message.outbox_id is not None:
        by_id = by_id | ((outbox.c.id == message.outbox_id) & outbox.c.provider_sid.is_(None))
    row = connection.execute(
        select(outbox.c.id, outbox.c.provider_status).where(by_id).with_for_update().limit(1)
    ).one_or_none()
    if row is None or not moves_forward(row.provider_status, message.status):
        return None
    values: dict[str, Any] = {"provider_status": message.status, "status_at": now}
    if message.error_code is not None:
        values["error_code"] = message.error_code
    connection.execute(update(outbox).where(outbox.c.id == row.id).values(**values))
    return row.id, message.status


def contacts_left_undelivered(
    connection: Connection, before: datetime, now: datetime
) -> Sequence[int]:
    """Contacts with a reply from before that should be out by now: their job was lost."""
    return (
        connection.execute(
            select(outbox.c.contact_id)
            .where(
                outbox.c.state.in_(UNDELIVERED),
                outbox.c.created_at < before,
                (outbox.c.next_attempt_at.is_(None)) | (outbox.c.next_attempt_at < now),
            )
            .distinct()
            .limit(500)
        )
        .scalars()
        .all()
    )


def _outgoing(vault: Vault, row: Row[Any]) -> Outgoing:
    return Outgoing(
        id=row.id,
        contact_id=row.contact_id,
        consultation_id=row.consultation_id,
        inbox_id=row.inbox_id,
        kind=row.kind,
        body=vault.open_or_none(row.body_sealed) or "",
        state=row.state,
        attempts=row.attempts,
        urgency=row.urgency,
        source=row.source,
        created_at=row.created_at,
        asked_at=row.asked_at,
        intent_at=row.intent_at,
        next_attempt_at=row.next_attempt_at,
    )
