"""The facility directory: which place can take a case. Never invents one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as pg_insert

from clinical.assessment import ReferralLevel
from gateway.services import Service, offers
from gateway.store.contacts import Person
from gateway.tables import facility

EARTH_KM = 6371.0
E164 = re.compile(r"^\+[1-9][0-9]{6,14}$")
LEVELS = tuple(ReferralLevel)  # ascending


@dataclass(frozen=True, slots=True, kw_only=True)
class Facility:
    """One place of the directory. `phone` is as the directory writes it."""

    id: int = 0
    name: str
    phone: str
    level: ReferralLevel
    services: tuple[str, ...] = ()
    area: str = ""
    latitude: float | None = None
    longitude: float | None = None
    takes_notes: bool = False

    @property
    def number(self) -> str:
        """The phone in E.164 where the directory has it so; empty where no message can go."""
        plain = re.sub(r"[\s().-]", "", self.phone)
        return plain if E164.match(plain) else ""


def choose_facility(
    connection: Connection,
    level: ReferralLevel,
    person: Person | None,
    needed: frozenset[Service] = frozenset(),
) -> Facility | None:
    """The nearest facility that can take such a case; None where none is known."""
    rows = connection.execute(select(facility).where(facility.c.active))
    return nearest([_facility(row) for row in rows], level, person, needed)


def nearest(
    known: Sequence[Facility],
    level: ReferralLevel,
    person: Person | None,
    needed: frozenset[Service] = frozenset(),
) -> Facility | None:
    """By distance where both positions are known, else in the worker's own area.

    A facility of a higher level can take the case; among equals the lowest sufficient level wins.
    One that lists its services must list what the case needs. Without position and without area
    nothing is near, and nothing is named.
    """
    if person is None:
        return None
    able = [
        f
        for f in known
        if LEVELS.index(f.level) >= LEVELS.index(level) and offers(f.services, needed)
    ]
    local = [f for f in able if person.area and _same_area(f.area, person.area)]
    measured = [(km, f) for f in able if (km := kilometres(person, f)) is not None]
    closest = min(
        measured,
        key=lambda item: (item[0], LEVELS.index(item[1].level), item[1].name),
        default=None,
    )
    unmeasured = [f for f in local if kilometres(person, f) is None]
    # A place of the own area whose position nobody wrote down is nearer than one of another area.
    if closest is not None and (not unmeasured or closest[1] in local):
        return closest[1]
    return min(local, key=_rank, default=None)


def _rank(place: Facility) -> tuple[int, str]:
    return LEVELS.index(place.level), place.name


def _same_area(one: str, other: str) -> bool:
    return one.casefold().strip() == other.casefold().strip()


def kilometres(person: Person, place: Facility) -> float | None:
    """Great-circle distance, None where a position is unknown."""
    if None in (person.latitude, person.longitude, place.latitude, place.longitude):
        return None
    lat1, lon1 = radians(person.latitude or 0), radians(person.longitude or 0)
    lat2, lon2 = radians(place.latitude or 0), radians(place.longitude or 0)
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(half))


def load_facility(connection: Connection, facility_id: int) -> Facility | None:
    """One facility by its id."""
    row = connection.execute(select(facility).where(facility.c.id == facility_id)).one_or_none()
    return None if row is None else _facility(row)


def save_facilities(connection: Connection, places: Sequence[Facility]) -> int:
    """Adds or replaces facilities by name and area; how many."""
    for place in places:
        values = {
            "name": place.name,
            "phone": place.phone,
            "level": place.level.value,
            "services": list(place.services),
            "area": place.area,
            "latitude": place.latitude,
            "longitude": place.longitude,
            "takes_notes": place.takes_notes,
            "active": True,
        }
        connection.execute(
            pg_insert(facility)
            .values(**values)
            .on_conflict_do_update(index_elements=["name", "area"], set_=values)
        )
    return len(places)


def list_facilities(connection: Connection) -> tuple[Facility, ...]:
    """All active facilities by area and name."""
    rows = connection.execute(
        select(facility).where(facility.c.active).order_by(facility.c.area, facility.c.name)
    )
    return tuple(_facility(row) for row in rows)


def _facility(row: Any) -> Facility:
    return Facility(
        id=row.id,
        name=row.name,
        phone=row.phone,
        level=ReferralLevel(row.level),
        services=tuple(row.services),
        area=row.area,
        latitude=row.latitude,
        longitude=row.longitude,
        takes_notes=row.takes_notes,
    )
