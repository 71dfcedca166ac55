"""The closed list of questions with their answers, as they stand in questions.toml.

Does not choose questions: see clinical/questions.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from clinical.case import AgeGroup, Finding, Patient, Pregnancy, Presence, Sex, Vitals
from clinical.tables.codes import findings
from clinical.tables.populations import Population, populations_named
from clinical.tables.toml_file import (
    TableError,
    check_codes,
    check_keys,
    read_toml,
    room_file,
    text_list,
)

FILE = "questions.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionRow:
    """One numbered answer: what it states. All empty: the fact stays unknown."""

    code: str
    patient: Patient
    vitals: Vitals
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRow:
    """One question with its answers in the order of their numbers.

    `yes` and `no` are what a plain «yes» or «no» states, None when it could mean several answers.
    `always`: considered for every case. `populations` empty: asked of anyone. `beside`: asked only
    where one of these findings is present; empty: whatever is found.
    """

    code: str
    answers: tuple[OptionRow, ...]
    always: bool
    populations: tuple[Population, ...]
    beside: frozenset[str]
    yes: OptionRow | None
    no: OptionRow | None


@cache
def questions() -> Mapping[str, QuestionRow]:
    """Every question by its code. Raises TableError for anything that is not expected."""
    return {
        code: question_of(code, row) for code, row in read_toml(room_file("tables", FILE)).items()
    }


def question_of(code: str, row: Mapping[str, Any]) -> QuestionRow:
    """One question. Raises TableError for anything that is not expected."""
    where = f"{FILE}: {code}"
    optional = ["always", "population", "beside", "yes", "no", "yes_states"]
    check_keys(row, where=where, required=["answers"], optional=optional)
    answers = tuple(
        _option(name, answer, where=f"{where}.{name}") for name, answer in row["answers"].items()
    )
    if len(answers) < 2:
        raise TableError(f"{where}: expected at least two answers")
    named = {option.code: option for option in answers}
    stated = [row[key] for key in ("yes", "no") if key in row]
    check_codes(stated, named, where=where, list_name="its answers")
    yes = named.get(row.get("yes", ""))
    if "yes_states" in row:
        yes = _option("yes", {"present": row["yes_states"]}, where=f"{where}.yes_states")
    bands = row.get("population")
    beside = text_list(row.get("beside", []), where=where)
    check_codes(beside, findings(), where=where, list_name="findings.toml")
    return QuestionRow(
        code=code,
        answers=answers,
        always=bool(row.get("always", False)),
        populations=populations_named(bands, where=where) if bands is not None else (),
        beside=frozenset(beside),
        yes=yes,
        no=named.get(row.get("no", "")),
    )


def _option(code: str, row: Mapping[str, Any], *, where: str) -> OptionRow:
    check_keys(row, where=where, required=[], optional=["present", "absent", "vitals", "patient"])
    return OptionRow(
        code=code,
        patient=_patient(row.get("patient", {}), where=where),
        vitals=_vitals(row.get("vitals", {}), where=where),
        findings=(
            *_findings(row.get("present", []), Presence.PRESENT, where=where),
            *_findings(row.get("absent", []), Presence.ABSENT, where=where),
        ),
    )


def _findings(codes: Any, presence: Presence, *, where: str) -> tuple[Finding, ...]:
    names = text_list(codes, where=where)
    check_codes(names, findings(), where=where, list_name="findings.toml")
    return tuple(Finding(code=code, presence=presence) for code in names)


def _vitals(row: Mapping[str, Any], *, where: str) -> Vitals:
    check_keys(row, where=where, required=[], optional=[field.name for field in fields(Vitals)])
    return Vitals(**row)


def _patient(row: Mapping[str, Any], *, where: str) -> Patient:
    check_keys(row, where=where, required=[], optional=[f.name for f in fields(Patient)])
    try:
        return Patient(
            age_days=row.get("age_days"),
            age_group=AgeGroup(row.get("age_group", AgeGroup.UNKNOWN)),
            sex=Sex(row.get("sex", Sex.UNKNOWN)),
            pregnancy=Pregnancy(row.get("pregnancy", Pregnancy.UNKNOWN)),
            gestation_weeks=row.get("gestation_weeks"),
        )
    except ValueError as error:
        raise TableError(f"{where}: {error}") from error
