"""Builders of the clinical tests: a case from findings and numbers, without any text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from clinical.case import Case, Finding, Message, Patient, Presence, Vitals

PATIENT_FIELDS = {field.name for field in fields(Patient)}
VITAL_FIELDS = {field.name for field in fields(Vitals)}

CaseBuilder = Callable[..., Case]


def build_case(*findings: str, text: str | None = None, **known: Any) -> Case:
    """`build_case("cough", "no fever", age_days=300, temp_celsius=39)`."""
    if unknown := known.keys() - PATIENT_FIELDS - VITAL_FIELDS:
        raise TypeError(f"neither patient nor vitals: {sorted(unknown)}")
    return Case(
        messages=() if text is None else (Message(text=text),),
        patient=Patient(**{k: v for k, v in known.items() if k in PATIENT_FIELDS}),
        vitals=Vitals(**{k: v for k, v in known.items() if k in VITAL_FIELDS}),
        findings=tuple(_finding(stated) for stated in findings),
    )


def _finding(stated: str) -> Finding:
    if stated.startswith("no "):
        return Finding(code=stated[3:], presence=Presence.ABSENT)
    return Finding(code=stated, presence=Presence.PRESENT)


@pytest.fixture(scope="session")
def a_case() -> CaseBuilder:
    """Builds a case: see build_case."""
    return build_case
