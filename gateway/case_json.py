"""A clinical case as JSON text and back, to be sealed. Evidence is left out: it is read anew."""

from __future__ import annotations

import json
from dataclasses import asdict

from clinical.case import (
    AgeGroup,
    Case,
    Finding,
    Message,
    Patient,
    Pregnancy,
    Presence,
    Role,
    Sex,
    Vitals,
)


def case_to_json(case: Case) -> str:
    """Compact JSON of a case."""
    known = {name: value for name, value in asdict(case.vitals).items() if value is not None}
    return json.dumps(
        {
            "messages": [[message.role, message.text] for message in case.messages],
            "patient": asdict(case.patient),
            "vitals": known,
            "findings": [[f.code, f.presence, f.uncertain] for f in case.findings],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def case_from_json(text: str) -> Case:
    """The case of `case_to_json`. Fields that are missing are unknown."""
    raw = json.loads(text)
    patient = raw.get("patient", {})
    return Case(
        messages=tuple(Message(role=Role(role), text=said) for role, said in raw["messages"]),
        patient=Patient(
            age_days=patient.get("age_days"),
            age_group=AgeGroup(patient.get("age_group", AgeGroup.UNKNOWN)),
            sex=Sex(patient.get("sex", Sex.UNKNOWN)),
            pregnancy=Pregnancy(patient.get("pregnancy", Pregnancy.UNKNOWN)),
            gestation_weeks=patient.get("gestation_weeks"),
        ),
        vitals=Vitals(**raw.get("vitals", {})),
        findings=tuple(
            Finding(code=code, presence=Presence(presence), uncertain=bool(uncertain))
            for code, presence, uncertain in raw.get("findings", [])
        ),
    )
