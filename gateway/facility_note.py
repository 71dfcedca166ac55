"""A note to the facility that a patient is coming: tag, whom, urgency, likely condition."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from clinical.assessment import Urgency
from clinical.phrases import Kind, phrase
from gateway.case_json import case_from_json
from gateway.escalation import tell
from gateway.phrases import say
from gateway.store.facilities import load_facility
from gateway.tables import consultation
from gateway.who import describe_patient
from gateway.wiring import Gateway


def send_facility_note(
    gateway: Gateway, connection: Connection, case_id: int, now: datetime
) -> bool:
    """Writes to the case's facility if it takes notes; no name and no number of anyone."""
    row = connection.execute(select(consultation).where(consultation.c.id == case_id)).one_or_none()
    if row is None or row.facility_id is None:
        return False
    facility = load_facility(connection, row.facility_id)
    if facility is None or not facility.takes_notes or not facility.number:
        return False
    language = gateway.settings.default_language
    sealed = gateway.vault.open_or_none(row.case_sealed)
    who = describe_patient(case_from_json(sealed).patient, language) if sealed else ""
    likely = next((code for code in row.conditions if code != "not_clear"), "")
    body = say(
        "facility_note",
        language,
        tag=f"K{case_id}",
        who=who or say("patient", language),
        urgency=phrase(Kind.URGENCY, Urgency(row.urgency).name, language=language).rstrip("."),
        likely=_likely(likely, language),
    )
    key = f"facility:{case_id}"
    tell(
        gateway,
        connection,
        facility.number,
        body,
        kind="facility_note",
        key=key,
        case_id=case_id,
        now=now,
    )
    return True


def _likely(code: str, language: str) -> str:
    if not code:
        return ""
    name = phrase(Kind.CONDITION, code, language=language)
    return phrase(Kind.FIXED, "likely", language=language).replace("{condition}", name)
