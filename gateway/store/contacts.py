"""Contacts: any address, per channel, that wrote to us or is written to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from gateway.inbound import PROVIDER, Channel
from gateway.privacy import Vault
from gateway.tables import contact, health_worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A registered health worker, as the conversation needs to know them."""

    id: int
    language: str
    area: str
    consented_at: datetime | None
    supervisor: str | None = field(default=None, repr=False)
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One address on one channel, with the registered person behind it, if any."""

    id: int
    channel: Channel
    address: str = field(repr=False)
    language: str | None
    version: int
    last_inbound_at: datetime | None = None
    opted_out_at: datetime | None = None
    turned_away_at: datetime | None = None
    consent_asked_at: datetime | None = None
    silenced_until: datetime | None = None
    person: Person | None = None


def contact_id_of(
    connection: Connection,
    vault: Vault,
    channel: Channel,
    address: str,
    now: datetime,
    *,
    inbound: bool = False,
) -> int:
    """Id of the contact with this address, made where it is new."""
    values = {
        "provider": PROVIDER,
        "channel": channel.value,
        "address_index": vault.index(address),
        "address_sealed": vault.seal(address),
        "created_at": now,
        "last_inbound_at": now if inbound else None,
    }
    statement = pg_insert(contact).values(**values)
    merged = func.coalesce(statement.excluded.last_inbound_at, contact.c.last_inbound_at)
    found: int = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["channel", "address_index"], set_={"last_inbound_at": merged}
        ).returning(contact.c.id)
    ).scalar_one()
    return found


def load_contact(
    connection: Connection, vault: Vault, contact_id: int, *, lock: bool = False
) -> Contact:
    """The contact; with `lock` its row is held until the transaction ends."""
    statement = (
        select(contact, *(column.label(f"hw_{column.name}") for column in health_worker.c))
        .select_from(
            contact.outerjoin(
                health_worker,
                (health_worker.c.address_index == contact.c.address_index) & health_worker.c.active,
            )
        )
        .where(contact.c.id == contact_id)
    )
    if lock:
        statement = statement.with_for_update(of=contact)
    return _contact(vault, connection.execute(statement).one())


def bump_version(connection: Connection, contact_id: int, version: int) -> bool:
    """False if the conversation moved since `version` was read: then nothing may be written."""
    moved = connection.execute(
        update(contact)
        .where(contact.c.id == contact_id, contact.c.version == version)
        .values(version=contact.c.version + 1)
    )
    return moved.rowcount == 1


def update_contact(connection: Connection, contact_id: int, **values: Any) -> None:
    """Sets columns of one contact."""
    connection.execute(update(contact).where(contact.c.id == contact_id).values(**values))


def set_person_language(connection: Connection, person_id: int, language: str) -> None:
    """A registered health worker's language."""
    connection.execute(
        update(health_worker).where(health_worker.c.id == person_id).values(language=language)
    )


def set_consent(connection: Connection, person_id: int, now: datetime) -> None:
    """The health worker has agreed; a first agreement keeps its date."""
    kept = case((health_worker.c.consented_at.is_(None), now), else_=health_worker.c.consented_at)
    connection.execute(
        update(health_worker).where(health_worker.c.id == person_id).values(consented_at=kept)
    )


def _contact(vault: Vault, row: Row[Any]) -> Contact:
    person = None
    if row.hw_id is not None:
        person = Person(
            id=row.hw_id,
            language=row.hw_language,
            area=row.hw_area,
            consented_at=row.hw_consented_at,
            supervisor=vault.open_or_none(row.hw_supervisor_sealed),
            latitude=row.hw_latitude,
            longitude=row.hw_longitude,
        )
    return Contact(
        id=row.id,
        channel=Channel(row.channel),
        address=vault.open(row.address_sealed),
        language=row.language,
        version=row.version,
        last_inbound_at=row.last_inbound_at,
        opted_out_at=row.opted_out_at,
        turned_away_at=row.turned_away_at,
        consent_asked_at=row.consent_asked_at,
        silenced_until=row.silenced_until,
        person=person,
    )
