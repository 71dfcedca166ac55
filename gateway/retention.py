"""Removes texts when their time is over, and people who ask for it. Codes and outcomes stay.

Digests of provider ids stay too: a webhook that is replayed years later is still known.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, cast, delete, literal, select, update
from sqlalchemy.types import Text

from gateway.store.outbox import UNDELIVERED
from gateway.tables import consultation, contact, health_worker, inbox, join_code, outbox
from gateway.wiring import Gateway

_GONE = "gone-"  # before the row's own id, where the provider's id stood


def remove_old_texts(gateway: Gateway) -> int:
    """Blanks messages, replies and cases older than the retention time; how many rows."""
    cutoff = gateway.now() - timedelta(days=gateway.settings.retention_days)
    with gateway.engine.begin() as connection:
        blanked = _blank_messages(connection, inbox.c.received_at < cutoff)
        blanked += _blank_replies(connection, outbox.c.created_at < cutoff)
        blanked += _blank_cases(connection, consultation.c.touched_at < cutoff)
        _forget_strangers(gateway, connection, cutoff)
        connection.execute(delete(join_code).where(join_code.c.expires_at < cutoff))
    return blanked


def forget(gateway: Gateway, address: str) -> bool:
    """Removes a person: registration, address, every text; False if the address is unknown."""
    index = gateway.vault.index(address)
    with gateway.engine.begin() as connection:
        ids = connection.execute(
            select(contact.c.id).where(contact.c.address_index == index)
        ).scalars()
        known = list(ids)
        gone = connection.execute(
            delete(health_worker).where(health_worker.c.address_index == index)
        )
        for contact_id in known:
            _forget_contact(gateway, connection, contact_id, gateway.now())
    return bool(known) or gone.rowcount > 0


def _forget_contact(
    gateway: Gateway, connection: Connection, contact_id: int, now: datetime
) -> None:
    """Nothing that is waiting is answered or sent any more: there is nobody to send it to."""
    connection.execute(
        update(inbox)
        .where(inbox.c.contact_id == contact_id, inbox.c.handled_at.is_(None))
        .values(handled_at=now, handling="forgotten")
    )
    connection.execute(
        update(outbox)
        .where(outbox.c.contact_id == contact_id, outbox.c.state.in_(UNDELIVERED))
        .values(state="suppressed")
    )
    _blank_messages(connection, inbox.c.contact_id == contact_id)
    mine = select(consultation.c.id).where(consultation.c.contact_id == contact_id)
    _blank_replies(
        connection, (outbox.c.contact_id == contact_id) | outbox.c.consultation_id.in_(mine)
    )
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


def _blank_messages(connection: Connection, which: ColumnElement[bool]) -> int:
    values: dict[str, Any] = {
        "body_sealed": None,
        "body_index": None,
        "message_sid": literal(_GONE) + cast(inbox.c.id, Text),
    }
    return connection.execute(
        update(inbox).where(which, inbox.c.body_sealed.is_not(None)).values(**values)
    ).rowcount


def _blank_replies(connection: Connection, which: ColumnElement[bool]) -> int:
    return connection.execute(
        update(outbox)
        .where(which, outbox.c.body_sealed.is_not(None), outbox.c.state.not_in(UNDELIVERED))
        .values(body_sealed=None, provider_sid=None)
    ).rowcount


def _blank_cases(connection: Connection, which: ColumnElement[bool]) -> int:
    return connection.execute(
        update(consultation)
        .where(which, consultation.c.case_sealed.is_not(None))
        .values(case_sealed=None, answer_sealed=None)
    ).rowcount
