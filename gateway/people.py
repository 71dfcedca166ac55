"""Registered health workers: added by command, by a CSV file, or by a single-use join code."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from gateway.keywords import JOIN_CODE_LETTERS
from gateway.privacy import Vault
from gateway.tables import health_worker, join_code

CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that look alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Who is registered. `name_code` is not a name: what the programme calls them in messages."""

    name_code: str
    address: str = field(repr=False)
    language: str = "en"
    area: str = ""
    supervisor: str = field(default="", repr=False)
    latitude: float | None = None
    longitude: float | None = None


def register(connection: Connection, vault: Vault, person: Registration, now: datetime) -> int:
    """Adds or updates a health worker, found by name code.

    A worker with a new number keeps what was agreed; a number that goes to another worker is
    theirs from now on, and asks them for their own consent.
    """
    index = vault.index(person.address)
    connection.execute(
        delete(health_worker).where(
            health_worker.c.address_index == index, health_worker.c.name_code != person.name_code
        )
    )
    values = {
        "name_code": person.name_code,
        "address_index": index,
        "address_sealed": vault.seal(person.address),
        "language": person.language,
        "area": person.area,
        "supervisor_sealed": vault.seal(person.supervisor) if person.supervisor else None,
        "latitude": person.latitude,
        "longitude": person.longitude,
        "active": True,
    }
    registered: int = connection.execute(
        pg_insert(health_worker)
        .values(**values, created_at=now)
        .on_conflict_do_update(index_elements=["name_code"], set_=values)
        .returning(health_worker.c.id)
    ).scalar_one()
    return registered


def issue_join_code(
    connection: Connection,
    vault: Vault,
    *,
    name_code: str,
    language: str,
    area: str,
    supervisor: str,
    now: datetime,
    valid: timedelta,
) -> str:
    """A new code, shown once; only its digest is stored."""
    code = "".join(secrets.choice(CODE_LETTERS) for _ in range(JOIN_CODE_LETTERS))
    connection.execute(
        insert(join_code).values(
            code_index=vault.index(code, purpose="join"),
            name_code=name_code,
            language=language,
            area=area,
            supervisor_sealed=vault.seal(supervisor) if supervisor else None,
            expires_at=now + valid,
        )
    )
    return code


def join(
    connection: Connection, vault: Vault, *, code: str, address: str, now: datetime
) -> str | None:
    """Registers the address by a code; the name code, or None if the code is not valid any more."""
    plain = "".join(c for c in code.upper() if c.isalnum())
    used = connection.execute(
        update(join_code)
        .where(
            join_code.c.code_index == vault.index(plain, purpose="join"),
            join_code.c.used_at.is_(None),
            join_code.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(join_code)
    ).one_or_none()
    if used is None:
        return None
    person = Registration(
        name_code=used.name_code,
        address=address,
        language=used.language,
        area=used.area,
        supervisor=vault.open_or_none(used.supervisor_sealed) or "",
    )
    register(connection, vault, person, now)
    return person.name_code


def list_people(connection: Connection) -> list[tuple[str, str, str, bool, bool]]:
    """Name code, language, area, active, consented; no addresses."""
    rows = connection.execute(select(health_worker).order_by(health_worker.c.name_code))
    return [(r.name_code, r.language, r.area, r.active, r.consented_at is not None) for r in rows]


def deactivate(connection: Connection, name_code: str) -> bool:
    """Takes a health worker off the list; False if there is none of that code."""
    done = connection.execute(
        update(health_worker).where(health_worker.c.name_code == name_code).values(active=False)
    )
    return done.rowcount == 1


def enrol_newcomer(
    connection: Connection, vault: Vault, address: str, language: str, now: datetime
) -> None:
    """Demo only: whoever writes is registered with consent, so that a newcomer gets triage."""
    number = connection.execute(select(func.count()).select_from(health_worker)).scalar_one()
    connection.execute(
        pg_insert(health_worker)
        .values(
            name_code=f"DEMO-{number + 1}-{secrets.token_hex(2)}",
            address_index=vault.index(address),
            address_sealed=vault.seal(address),
            language=language,
            created_at=now,
            consented_at=now,
        )
        .on_conflict_do_nothing()
    )
