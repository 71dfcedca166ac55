"""Reads the CSV files of health workers and facilities; tells every wrong line at once."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from clinical import LANGUAGES
from clinical.assessment import ReferralLevel
from gateway.people import Registration
from gateway.store.facilities import Facility

E164 = re.compile(r"^\+[1-9][0-9]{6,14}$")
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

Row = TypeVar("Row")


class CsvError(Exception):
    """What is wrong with a file, one line for each row that cannot be read."""


def people_from_csv(lines: Iterable[str]) -> tuple[Registration, ...]:
    """Health workers of a file with PEOPLE_COLUMNS. Raises CsvError; then nothing is taken."""
    return _read(lines, required=("name_code", "phone"), known=PEOPLE_COLUMNS, make=_person)


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
    reader = csv.DictReader(line.lstrip("\ufeff") for line in lines)
    header = tuple(reader.fieldnames or ())
    unknown = [name for name in header if name not in known]
    missing = [name for name in required if name not in header]
    if unknown or missing:
        raise CsvError(f"expected the columns {', '.join(known)}; got {', '.join(header)}")
    made: list[Row] = []
    wrong: list[str] = []
    for number, raw in enumerate(reader, start=2):
        if number > MAX_ROWS:
            raise CsvError(f"more than {MAX_ROWS} rows")
        try:
            made.append(make({k: (v or "").strip() for k, v in raw.items() if k is not None}))
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        raise CsvError("\n".join(wrong))
    return tuple(made)


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
        level = ReferralLevel(row["level"].upper().replace(" ", "_"))
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
        services=tuple(part.strip() for part in row.get("services", "").split(";") if part.strip()),
        area=row.get("area", ""),
        latitude=latitude,
        longitude=longitude,
        takes_notes=row.get("takes_notes", "").lower() in {"1", "yes", "true"},
    )


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
    texts = row.get("latitude", ""), row.get("longitude", "")
    if not any(texts):
        return None, None
    try:
        latitude, longitude = float(texts[0]), float(texts[1])
    except ValueError:
        raise ValueError("expected latitude and longitude as decimal degrees, or neither") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError("latitude or longitude is out of range")
    return latitude, longitude
