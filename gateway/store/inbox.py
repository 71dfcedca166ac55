"""Takes messages in, once each, and keeps track of which were read and handled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    Text,
    bindparam,
    exists,
    func,
    select,
    text,
    update,
)

from gateway.inbound import InboundMessage
from gateway.privacy import Vault, sid_hash
from gateway.tables import inbox, seen_message


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMessage:
    """A message that is taken in and not yet handled. `text` is empty where nothing was written."""

    id: int
    contact_id: int
    text: str = field(repr=False)
    media_count: int
    received_at: datetime
    consultation_id: int | None = None
    body_index: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Stored:
    """Ids of a message that was new."""

    inbox_id: int
    contact_id: int


def is_seen(connection: Connection, message: InboundMessage) -> bool:
    """Whether a message was ever taken in."""
    found = connection.execute(
        select(seen_message.c.sid_hash).where(
            seen_message.c.sid_hash == sid_hash(message.provider, message.message_sid)
        )
    )
    return found.one_or_none() is not None


# One round trip: this is what a webhook waits for. Where the digest is known already, `seen` is
# empty and nothing else is written.
_STORE = text(
    """
    WITH seen AS (
        INSERT INTO seen_message (sid_hash, seen_at) VALUES (:sid_hash, :now)
        ON CONFLICT DO NOTHING RETURNING 1
    ), sender AS (
        INSERT INTO contact
            (provider, channel, address_index, address_sealed, created_at, last_inbound_at)
        SELECT :provider, :channel, :address_index, :address_sealed, :now, :now FROM seen
        ON CONFLICT (channel, address_index)
            DO UPDATE SET last_inbound_at = excluded.last_inbound_at
        RETURNING id
    )
    INSERT INTO inbox
        (provider, message_sid, contact_id, body_sealed, body_index, media_count, received_at)
    SELECT :provider, :message_sid, id, :body_sealed, :body_index, :media_count, :received_at
    FROM sender
    RETURNING id, contact_id
    """
).bindparams(
    *(bindparam(name, type_=DateTime(timezone=True)) for name in ("now", "received_at")),
    *(bindparam(name, type_=LargeBinary) for name in ("sid_hash", "address_index", "body_index")),
    *(bindparam(name, type_=LargeBinary) for name in ("address_sealed", "body_sealed")),
    *(bindparam(name, type_=Text) for name in ("provider", "channel", "message_sid")),
    bindparam("media_count", type_=Integer),
)


def store_inbound(
    connection: Connection, vault: Vault, message: InboundMessage, now: datetime
) -> Stored | None:
    """Inbox row of a new message; None for one that was ever seen before."""
    values = {
        "sid_hash": sid_hash(message.provider, message.message_sid),
        "now": now,
        "received_at": message.sent_at or now,
        "provider": message.provider,
        "channel": message.channel.value,
        "address_index": vault.index(message.address),
        "address_sealed": vault.seal(message.address),
        "message_sid": message.message_sid,
        "body_sealed": vault.seal(message.text),
        "body_index": vault.index(" ".join(message.text.casefold().split()), purpose="body"),
        "media_count": message.media_count,
    }
    row = connection.execute(_STORE, values).one_or_none()
    return None if row is None else Stored(row.id, row.contact_id)


_WAITING = (
    inbox.c.id,
    inbox.c.contact_id,
    inbox.c.consultation_id,
    inbox.c.body_sealed,
    inbox.c.body_index,
    inbox.c.media_count,
    inbox.c.received_at,
)


def load_message(connection: Connection, vault: Vault, inbox_id: int) -> WaitingMessage | None:
    """One message if it is not handled yet."""
    row = connection.execute(
        select(*_WAITING).where(inbox.c.id == inbox_id, inbox.c.handled_at.is_(None))
    ).one_or_none()
    return None if row is None else _waiting(vault, row)


def waiting_messages(
    connection: Connection, vault: Vault, contact_id: int
) -> tuple[WaitingMessage, ...]:
    """All unhandled messages of a contact, oldest first, at most 40."""
    rows = connection.execute(
        select(*_WAITING)
        .where(inbox.c.contact_id == contact_id, inbox.c.handled_at.is_(None))
        .order_by(inbox.c.id)
        .limit(40)
    )
    return tuple(_waiting(vault, row) for row in rows)


def waiting_ids(connection: Connection, contact_id: int) -> Sequence[int]:
    """Ids of a contact's unhandled messages, oldest first; opens nothing that is sealed."""
    return (
        connection.execute(
            select(inbox.c.id)
            .where(inbox.c.contact_id == contact_id, inbox.c.handled_at.is_(None))
            .order_by(inbox.c.id)
        )
        .scalars()
        .all()
    )


def contact_of(connection: Connection, inbox_id: int) -> int | None:
    """Who wrote a message."""
    return connection.execute(
        select(inbox.c.contact_id).where(inbox.c.id == inbox_id)
    ).scalar_one_or_none()


def mark_read(connection: Connection, inbox_id: int, now: datetime) -> None:
    """The rules have read this message."""
    connection.execute(update(inbox).where(inbox.c.id == inbox_id).values(read_at=now))


def mark_handled(
    connection: Connection,
    inbox_ids: Iterable[int],
    handling: str,
    now: datetime,
    consultation_id: int | None = None,
) -> None:
    """These messages have led to what `handling` says."""
    values: dict[str, object] = {"handled_at": now, "handling": handling}
    if consultation_id is not None:
        values["consultation_id"] = consultation_id
    connection.execute(
        update(inbox)
        .where(inbox.c.id.in_(list(inbox_ids)), inbox.c.handled_at.is_(None))
        .values(**values)
    )


def release_awaiting_consent(connection: Connection, contact_id: int, now: datetime) -> int:
    """Texts of the last day that waited for consent are unhandled again; how many."""
    released = connection.execute(
        update(inbox)
        .where(
            inbox.c.contact_id == contact_id,
            inbox.c.handling == "awaiting_consent",
            inbox.c.received_at > now - timedelta(days=1),
        )
        .values(handled_at=None, handling=None)
    )
    return released.rowcount


def attach_to_case(connection: Connection, inbox_id: int, consultation_id: int) -> None:
    """This message belongs to that case."""
    connection.execute(
        update(inbox).where(inbox.c.id == inbox_id).values(consultation_id=consultation_id)
    )


def count_until(connection: Connection, message: WaitingMessage, since: datetime) -> int:
    """How many messages its sender sent since then, up to this one: later ones do not count."""
    return connection.execute(
        select(func.count()).select_from(inbox).where(*_up_to(message, since))
    ).scalar_one()


def count_alike(connection: Connection, message: WaitingMessage, since: datetime) -> int:
    """How many of these have the very text of this one, itself included."""
    if message.body_index is None:
        return 1
    return connection.execute(
        select(func.count())
        .select_from(inbox)
        .where(*_up_to(message, since), inbox.c.body_index == message.body_index)
    ).scalar_one()


def was_heard_since(
    connection: Connection, message: WaitingMessage, since: datetime | None
) -> bool:
    """Whether anything that its sender wrote since then was handled before this message."""
    if since is None:
        return True
    earlier = (*_up_to(message, since), inbox.c.handled_at.is_not(None))
    return bool(connection.execute(select(exists().where(*earlier))).scalar_one())


def attach_earlier(connection: Connection, message: WaitingMessage, consultation_id: int) -> None:
    """What its sender wrote before this message, and is not handled yet, belongs to that case."""
    connection.execute(
        update(inbox)
        .where(
            inbox.c.contact_id == message.contact_id,
            inbox.c.id < message.id,
            inbox.c.handled_at.is_(None),
            inbox.c.consultation_id.is_(None),
        )
        .values(consultation_id=consultation_id)
    )


def _up_to(message: WaitingMessage, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        inbox.c.contact_id == message.contact_id,
        inbox.c.received_at > since,
        inbox.c.id <= message.id,
    )


def contacts_left_waiting(connection: Connection, before: datetime) -> Sequence[int]:
    """Contacts with an unhandled message from before: their job was lost."""
    return (
        connection.execute(
            select(inbox.c.contact_id)
            .where(inbox.c.handled_at.is_(None), inbox.c.received_at < before)
            .distinct()
            .limit(500)
        )
        .scalars()
        .all()
    )


def _waiting(vault: Vault, row: Any) -> WaitingMessage:
    return WaitingMessage(
        id=row.id,
        contact_id=row.contact_id,
        text=vault.open_or_none(row.body_sealed) or "",
        media_count=row.media_count,
        received_at=row.received_at,
        consultation_id=row.consultation_id,
        body_index=row.body_index,
    )
