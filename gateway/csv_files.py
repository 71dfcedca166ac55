"""Reads the CSV files of health workers and facilities; tells every wrong line at once."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from clinical import LANGUAGES
from clinical.assessment import ReferralLevel
from gateway.inbound import split_address
from gateway.people import Registration
from gateway.store.facilities import E164, Facility

MAX_ROWS = 20_000
PEOPLE_COLUMNS = (
    "name_code",
    "phone",
    "language",
    "area",
    "supervisor_phone",
    "latitude",
    "longitude",
)
FACILITY_COLUMNS = (
    "name",
    "phone",
    "level",
    "services",
    "area",
    "latitude",
    "longitude",
    "takes_notes",
)
# What a column may be called, too. `position` holds both numbers: «-0.09 34.76».
OTHER_NAMES = {
    "address": "phone",
    "number": "phone",
    "code": "name_code",
    "supervisor": "supervisor_phone",
    "lat": "latitude",
    "lon": "longitude",
    "lng": "longitude",
    "notes": "takes_notes",
}
POSITION = "position"
SERVICE_GAP = re.compile(r"[;|,/]")

Row = TypeVar("Row")


class CsvError(Exception):
    """What is wrong with a file, one line for each row that cannot be read."""


def people_from_csv(lines: Iterable[str]) -> tuple[Registration, ...]:
    """Health workers of a file with PEOPLE_COLUMNS. Raises CsvError; then nothing is taken."""
    people = _read(lines, required=("name_code", "phone"), known=PEOPLE_COLUMNS, make=_person)
    _refuse_twice("name_code", [person.name_code for person in people])
    _refuse_twice("phone", [person.address for person in people])
    return people


def facilities_from_csv(lines: Iterable[str]) -> tuple[Facility, ...]:
    """Facilities of a file with FACILITY_COLUMNS. Raises CsvError; then nothing is taken."""
    return _read(lines, required=("name", "phone", "level"), known=FACILITY_COLUMNS, make=_facility)


def _read(
    lines: Iterable[str],
    *,
    required: tuple[str, ...],
    known: tuple[str, ...],
    make: Callable[[Mapping[str, str]], Row],
) -> tuple[Row, ...]:
    text = [line.lstrip("\ufeff") for line in lines]
    # A spreadsheet of a country with decimal commas writes semicolons between the cells.
    delimiter = ";" if text and text[0].count(";") > text[0].count(",") else ","
    reader = csv.DictReader(text, delimiter=delimiter)
    header = tuple(_column(name) for name in reader.fieldnames or ())
    unknown = [name for name in header if name not in (*known, POSITION)]
    missing = [name for name in required if name not in header]
    if unknown or missing:
        raise CsvError(f"expected the columns {', '.join(known)}; got {', '.join(header)}")
    made: list[Row] = []
    wrong: list[str] = []
    for number, raw in enumerate(reader, start=2):
        if number > MAX_ROWS:
            raise CsvError(f"more than {MAX_ROWS} rows")
        try:
            made.append(make({_column(k): (v or "").strip() for k, v in raw.items() if k}))
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        raise CsvError("\n".join(wrong))
    return tuple(made)


def _column(name: str) -> str:
    """A column's name as we know it, however it is spelt: «Name code», «Supervisor»."""
    plain = "_".join(name.casefold().replace("-", " ").replace("_", " ").split())
    return OTHER_NAMES.get(plain, plain)


def _refuse_twice(name: str, values: Sequence[str]) -> None:
    """One row would silently replace the other. Says which line repeats, not what."""
    seen: set[str] = set()
    for number, value in enumerate(values, start=2):
        if value in seen:
            raise CsvError(f"line {number}: this {name} is in the file twice")
        seen.add(value)


def _person(row: Mapping[str, str]) -> Registration:
    language = row.get("language") or "en"
    if language not in LANGUAGES:
        raise ValueError(f"expected a language of {', '.join(LANGUAGES)}")
    supervisor = row.get("supervisor_phone", "")
    latitude, longitude = _position(row)
    return Registration(
        name_code=_filled(row, "name_code"),
        address=phone_number(row["phone"]),
        language=language,
        area=row.get("area", ""),
        supervisor=phone_number(supervisor) if supervisor else "",
        latitude=latitude,
        longitude=longitude,
    )


def _facility(row: Mapping[str, str]) -> Facility:
    try:
        level = ReferralLevel(_level(row["level"]))
    except ValueError:
        levels = ", ".join(level.value for level in ReferralLevel if level.value != "NONE")
        raise ValueError(f"expected a level of {levels}") from None
    if level is ReferralLevel.NONE:
        raise ValueError("a facility needs a level")
    latitude, longitude = _position(row)
    return Facility(
        name=_filled(row, "name"),
        phone=_filled(row, "phone"),
        level=level,
        services=tuple(
            p.strip() for p in re.split(r"[;|,/]", row.get("services", "")) if p.strip()
        ),
        area=row.get("area", ""),
        latitude=latitude,
        longitude=longitude,
        takes_notes=row.get("takes_notes", "").lower() in {"1", "yes", "true"},
    )


def _level(text: str) -> str:
    """«Health center», «health-post», «Hospital» as the level's name."""
    name = "_".join(text.upper().replace("-", " ").replace("_", " ").split())
    return name.replace("CENTER", "CENTRE")


def takes_no_note(place: Facility) -> bool:
    """Whether a place asks for notes and has no number that a message can be sent to."""
    return place.takes_notes and not place.number


def known_address(text: str) -> str:
    """An address as it is stored: a number without spaces, or another id as it stands."""
    bare = split_address(text.strip())[1]
    try:
        return phone_number(bare)
    except ValueError:
        return bare


def phone_number(text: str) -> str:
    """A number in E.164, spaces and dashes taken out. Raises ValueError without showing it."""
    plain = re.sub(r"[\s().-]", "", text)
    if not E164.match(plain):
        raise ValueError("expected a phone number like +254712345678")
    return plain


def _filled(row: Mapping[str, str], name: str) -> str:
    if not row.get(name):
        raise ValueError(f"{name} is empty")
    return row[name][:80]


def _position(row: Mapping[str, str]) -> tuple[float | None, float | None]:
    texts = [row.get("latitude", ""), row.get("longitude", "")]
    if not any(texts):
        texts = re.split(r"[\s,;]+", row.get(POSITION, ""))
    if not any(texts):
        return None, None
    try:
        latitude, longitude = map(float, texts)
    except ValueError:
        raise ValueError("expected latitude and longitude as decimal degrees, or neither") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError("latitude or longitude is out of range")
    return latitude, longitude
