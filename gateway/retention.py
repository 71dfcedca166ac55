"""Removes texts when their time is over, and people who ask for it. Codes and outcomes stay.

Digests of provider ids stay too: a webhook that is replayed years later is still known.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    cast,
    delete,
    literal,
    select,
    update,
)
from sqlalchemy.types import Text

from gateway.store.outbox import UNDELIVERED
from gateway.tables import consultation, contact, health_worker, inbox, join_code, outbox
from gateway.wiring import Gateway

BATCH = 2_000
_GONE = "gone-"  # before the row's own id, where the provider's id stood


def remove_old_texts(gateway: Gateway) -> int:
    """Blanks messages, replies and cases older than the retention time; how many rows.

    In batches, each committed: however much there is, no statement runs long.
    """
    cutoff = gateway.now() - timedelta(days=gateway.settings.retention_days)
    blanked = 0
    for blank, which in (
        (_blank_messages, inbox.c.received_at < cutoff),
        (_blank_replies, outbox.c.created_at < cutoff),
        (_blank_cases, consultation.c.touched_at < cutoff),
    ):
        rows = BATCH
        while rows == BATCH:
            with gateway.engine.begin() as connection:
                rows = blank(connection, which, BATCH)
            blanked += rows
    with gateway.engine.begin() as connection:
        _forget_strangers(gateway, connection, cutoff)
        connection.execute(delete(join_code).where(join_code.c.expires_at < cutoff))
    return blanked


def forget(gateway: Gateway, address: str) -> bool:
    """Removes a person: registration, address, every text; False if the address is unknown.

    As a supervisor, too: the workers who had this number as theirs have none any more.
    """
    index = gateway.vault.index(address)
    with gateway.engine.begin() as connection:
        ids = connection.execute(
            select(contact.c.id).where(contact.c.address_index == index)
        ).scalars()
        known = list(ids)
        gone = connection.execute(
            delete(health_worker).where(health_worker.c.address_index == index)
        ).rowcount
        gone += _forget_supervisor(gateway, connection, health_worker, address)
        gone += _forget_supervisor(gateway, connection, join_code, address)
        for contact_id in known:
            _forget_contact(gateway, connection, contact_id, gateway.now())
    return bool(known) or gone > 0


def _forget_supervisor(gateway: Gateway, connection: Connection, table: Table, address: str) -> int:
    """Takes the number out of the rows that name it; it is sealed, so that each must be opened."""
    column = table.c.supervisor_sealed
    rows = connection.execute(select(table.c.id, column).where(column.is_not(None))).all()
    theirs = [row_id for row_id, sealed in rows if gateway.vault.open(sealed) == address]
    if theirs:
        connection.execute(
            update(table).where(table.c.id.in_(theirs)).values(supervisor_sealed=None)
        )
    return len(theirs)


def _forget_contact(
    gateway: Gateway, connection: Connection, contact_id: int, now: datetime
) -> None:
    """Nothing that is waiting is answered or sent any more, and nobody else is told of it."""
    connection.execute(
        update(inbox)
        .where(inbox.c.contact_id == contact_id, inbox.c.handled_at.is_(None))
        .values(handled_at=now, handling="forgotten")
    )
    mine = select(consultation.c.id).where(consultation.c.contact_id == contact_id)
    written = select(inbox.c.id).where(inbox.c.contact_id == contact_id)
    # Also what was written to supervisors and facilities: it may hold the person's number.
    about = (
        (outbox.c.contact_id == contact_id)
        | outbox.c.consultation_id.in_(mine)
        | outbox.c.inbox_id.in_(written)
    )
    connection.execute(
        update(outbox).where(about, outbox.c.state.in_(UNDELIVERED)).values(state="suppressed")
    )
    _blank_messages(connection, inbox.c.contact_id == contact_id)
    _blank_replies(connection, about)
    _blank_cases(connection, consultation.c.contact_id == contact_id)
    connection.execute(
        update(contact)
        .where(contact.c.id == contact_id)
        .values(
            address_index=secrets.token_bytes(32),
            address_sealed=gateway.vault.seal(""),
            version=contact.c.version + 1,
        )
    )


def _forget_strangers(gateway: Gateway, connection: Connection, cutoff: datetime) -> None:
    """Addresses that nobody registered and that were silent for the retention time."""
    registered = select(health_worker.c.address_index)
    strangers = connection.execute(
        select(contact.c.id).where(
            contact.c.last_inbound_at < cutoff,
            contact.c.address_index.not_in(registered),
            contact.c.opted_out_at.is_(None),
        )
    ).scalars()
    for contact_id in list(strangers):
        _forget_contact(gateway, connection, contact_id, gateway.now())


def _blank_messages(
    connection: Connection, which: ColumnElement[bool], most: int | None = None
) -> int:
    values: dict[str, Any] = {
        "body_sealed": None,
        "body_index": None,
        "message_sid": literal(_GONE) + cast(inbox.c.id, Text),
    }
    return _blank(connection, inbox, which & inbox.c.body_sealed.is_not(None), values, most)


def _blank_replies(
    connection: Connection, which: ColumnElement[bool], most: int | None = None
) -> int:
    kept = outbox.c.body_sealed.is_not(None) & outbox.c.state.not_in(UNDELIVERED)
    values = {"body_sealed": None, "provider_sid": None}
    return _blank(connection, outbox, which & kept, values, most)


def _blank_cases(
    connection: Connection, which: ColumnElement[bool], most: int | None = None
) -> int:
    values = {"case_sealed": None, "answer_sealed": None}
    kept = consultation.c.case_sealed.is_not(None)
    return _blank(connection, consultation, which & kept, values, most)


def _blank(
    connection: Connection,
    table: Table,
    which: ColumnElement[bool],
    values: Mapping[str, Any],
    most: int | None,
) -> int:
    if most is not None:
        which = table.c.id.in_(select(table.c.id).where(which).limit(most))
    return connection.execute(update(table).where(which).values(**values)).rowcount
