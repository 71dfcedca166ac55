"""Labelled texts from a JSON Lines file, parsed into types. A bad line is told with its number."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from clinical.assessment import Urgency
from clinical.case import MAX_TEXT_CHARACTERS, Patient, Pregnancy, Sex

MAX_ERRORS_TOLD = 20
MAX_AGE_DAYS = 120 * 366
MAX_GESTATION_WEEKS = 45
URGENCIES = tuple(urgency.name for urgency in Urgency if urgency is not Urgency.UNSPECIFIED)
KEYS = (
    "id",
    "text",
    "language",
    "patient",
    "urgency",
    "danger_signs",
    "condition",
    "refer",
    "group",
)
PATIENT_KEYS = ("age_days", "sex", "pregnancy", "gestation_weeks")

Value = TypeVar("Value")


class CaseFileError(ValueError):
    """The file cannot be used. The message is one sentence a line: number and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledCase:
    """A text with the answer that the guideline asks for. `refer` is None when not labelled.

    `ignored_keys` are keys that the line holds and the evaluation does not use.
    """

    id: str
    text: str = field(repr=False)
    urgency: Urgency
    language: str | None = None
    patient: Patient | None = None
    danger_signs: tuple[str, ...] = ()
    condition: str | None = None
    refer: bool | None = None
    group: str | None = None
    ignored_keys: tuple[str, ...] = ()


def read_cases(lines: Iterable[str]) -> tuple[LabelledCase, ...]:
    """Parse JSON Lines. Blank lines are skipped.

    Raises:
        CaseFileError: naming every bad line (at most 20) and what was expected there.
    """
    cases: dict[str, LabelledCase] = {}
    errors: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = case_from_line(line)
            if case.id in cases:
                raise CaseFileError(
                    f"expected an id that no earlier line has, found {case.id!r} again"
                )
            cases[case.id] = case
        except CaseFileError as error:
            errors.append(f"Line {number}: {error}.")
    if not cases and not errors:
        errors.append("The file holds no case: expected one JSON object a line.")
    if errors:
        raise CaseFileError("\n".join(errors[:MAX_ERRORS_TOLD]))
    return tuple(cases.values())


def case_from_line(line: str) -> LabelledCase:
    """Parse one line.

    Raises:
        CaseFileError: one sentence without full stop on what was expected.
    """
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deep"
        raise CaseFileError(
            f"expected one JSON object, found text that is not JSON ({reason})"
        ) from error
    if not isinstance(row, dict):
        raise CaseFileError(f"expected a JSON object, found {_kind(row)}")
    ignored = _refuse_misspelt(row, KEYS)
    return LabelledCase(
        id=_required(row, "id", _text),
        text=_required(row, "text", _message_text),
        urgency=_required(row, "urgency", _urgency),
        language=_optional(row, "language", _text),
        patient=_optional(row, "patient", _patient),
        danger_signs=_optional(row, "danger_signs", _codes) or (),
        condition=_optional(row, "condition", _text),
        refer=_optional(row, "refer", _flag),
        group=_optional(row, "group", _text),
        ignored_keys=ignored,
    )


def _refuse_misspelt(row: Mapping[str, object], known: tuple[str, ...]) -> tuple[str, ...]:
    """Keys to ignore. «danger_sign» would silently drop labels, so near misses are refused."""
    unknown = tuple(sorted(set(row) - set(known)))
    for key in unknown:
        if near := difflib.get_close_matches(key, known, n=1, cutoff=0.8):
            raise CaseFileError(f"expected the key {near[0]!r}, found {key!r}")
    return unknown


def _required(row: Mapping[str, object], key: str, parse: Callable[[str, object], Value]) -> Value:
    if row.get(key) is None:
        raise CaseFileError(f"expected the key {key!r}, which is missing")
    return parse(key, row[key])


def _optional(
    row: Mapping[str, object], key: str, parse: Callable[[str, object], Value]
) -> Value | None:
    value = row.get(key)
    return None if value is None else parse(key, value)


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise CaseFileError(f"expected {key!r} as text that is not empty, found {_kind(value)}")
    return value


def _message_text(key: str, value: object) -> str:
    # An empty message is a case worth measuring; only its type and length are checked.
    if not isinstance(value, str) or len(value) > MAX_TEXT_CHARACTERS:
        raise CaseFileError(
            f"expected {key!r} as text of at most {MAX_TEXT_CHARACTERS} characters, found "
            + (f"{len(value)} characters" if isinstance(value, str) else _kind(value))
        )
    return value


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise CaseFileError(f"expected {key!r} as true or false, found {_kind(value)}")
    return value


def _codes(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(code, str) and code for code in value):
        raise CaseFileError(f"expected {key!r} as a list of finding codes, found {_kind(value)}")
    return tuple(dict.fromkeys(value))


def _urgency(key: str, value: object) -> Urgency:
    return Urgency[_one_of(key, value, URGENCIES)]


def _one_of(key: str, value: object, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        shown = repr(value) if isinstance(value, str) else _kind(value)
        raise CaseFileError(f"expected {key!r} as one of {', '.join(allowed)}, found {shown}")
    return value


def _whole(key: str, value: object, highest: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= highest:
        shown = value if isinstance(value, int | float) else _kind(value)
        raise CaseFileError(
            f"expected {key!r} as a whole number from 0 to {highest}, found {shown}"
        )
    return value


def _patient(key: str, value: object) -> Patient:
    if not isinstance(value, dict):
        raise CaseFileError(f"expected {key!r} as an object, found {_kind(value)}")
    if unknown := sorted(set(value) - set(PATIENT_KEYS)):
        raise CaseFileError(
            f"expected in {key!r} only {', '.join(PATIENT_KEYS)}, found {unknown[0]!r}"
        )
    sex = _optional(value, "sex", lambda k, v: _one_of(k, v, tuple(Sex)))
    pregnancy = _optional(value, "pregnancy", lambda k, v: _one_of(k, v, tuple(Pregnancy)))
    return Patient(
        age_days=_optional(value, "age_days", lambda k, v: _whole(k, v, MAX_AGE_DAYS)),
        sex=Sex(sex or Sex.UNKNOWN),
        pregnancy=Pregnancy(pregnancy or Pregnancy.UNKNOWN),
        gestation_weeks=_optional(
            value, "gestation_weeks", lambda k, v: _whole(k, v, MAX_GESTATION_WEEKS)
        ),
    )


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return names.get(type(value), "nothing" if value is None else "a number")
