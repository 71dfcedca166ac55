"""Reads the health worker's messages of a case into its findings, vitals and patient.

Never reads our own messages: «if fits: refer» must fire nothing. Facts that are established stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from clinical.case import AgeGroup, Case, Finding, Patient, Pregnancy, Role, Sex, Vitals
from clinical.reader import Reading, read_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCase:
    """A case whose messages are read, and what the reader notes (`implausible:…`, `conflict:…`)."""

    case: Case
    notes: tuple[str, ...] = ()


def read_case(case: Case, *, language: str | None = None) -> ReadCase:
    """Add what the health worker's messages state. Reading twice changes nothing.

    A later message wins over an earlier one, and an established value over both; a value that
    differs is noted as `conflict:<name>`.
    """
    patient, vitals = Patient(), Vitals()
    findings: tuple[Finding, ...] = case.findings
    notes: list[str] = []
    for reading in read_messages(case, language=language):
        patient = merged_patient(patient, reading.patient)
        vitals = merged_vitals(vitals, reading.vitals)
        findings = merged_findings(findings, reading.findings)
        notes.extend(reading.notes)
        if reading.patients > 1:
            notes.append("two_patients")
    notes.extend(_conflicts(case.vitals, vitals))
    read = replace(
        case,
        patient=merged_patient(patient, case.patient),
        vitals=merged_vitals(vitals, case.vitals),
        findings=findings,
    )
    return ReadCase(case=read, notes=tuple(dict.fromkeys(notes)))


def read_messages(case: Case, *, language: str | None = None) -> tuple[Reading, ...]:
    """What each message of the health worker states, oldest first."""
    return tuple(
        read_text(message.text, language=language, message_index=index)
        for index, message in enumerate(case.messages)
        if message.role is Role.HEALTH_WORKER
    )


def merged_patient(before: Patient, after: Patient) -> Patient:
    """Both together; what `after` states wins."""
    return Patient(
        age_days=_later(before.age_days, after.age_days),
        age_group=after.age_group if after.age_group is not AgeGroup.UNKNOWN else before.age_group,
        sex=after.sex if after.sex is not Sex.UNKNOWN else before.sex,
        pregnancy=(
            after.pregnancy if after.pregnancy is not Pregnancy.UNKNOWN else before.pregnancy
        ),
        gestation_weeks=_later(before.gestation_weeks, after.gestation_weeks),
    )


def merged_vitals(before: Vitals, after: Vitals) -> Vitals:
    """Both together; what `after` measures wins."""
    stated = {
        field.name: value
        for field in fields(Vitals)
        if (value := getattr(after, field.name)) is not None
    }
    return replace(before, **stated) if stated else before


def merged_findings(before: tuple[Finding, ...], after: Iterable[Finding]) -> tuple[Finding, ...]:
    """Both together, each statement once. Nothing that was stated is forgotten."""
    return tuple(dict.fromkeys((*before, *after)))


def _later(before: int | None, after: int | None) -> int | None:
    return before if after is None else after


def _conflicts(established: Vitals, read: Vitals) -> list[str]:
    pairs = (
        (field.name, getattr(established, field.name), getattr(read, field.name))
        for field in fields(Vitals)
    )
    return [
        f"conflict:{name}"
        for name, one, other in pairs
        if one is not None and other is not None and one != other
    ]
