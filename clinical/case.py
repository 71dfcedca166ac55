"""The case: what is known of one patient, as plain frozen data.

Does not read text (see reader) and does not judge (see rules). Unknown is never the same as absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """Who wrote a message. Only a health worker's messages are read for signs."""

    HEALTH_WORKER = "HEALTH_WORKER"
    ASSISTANT = "ASSISTANT"


class Presence(StrEnum):
    """What is known of one finding."""

    PRESENT = "PRESENT"
    ABSENT = "ABSENT"
    UNKNOWN = "UNKNOWN"


class Sex(StrEnum):
    """Sex of the patient as stated."""

    UNKNOWN = "UNKNOWN"
    FEMALE = "FEMALE"
    MALE = "MALE"


class Pregnancy(StrEnum):
    """Pregnancy state as stated; POSTPARTUM is up to 42 days after birth."""

    UNKNOWN = "UNKNOWN"
    NOT_PREGNANT = "NOT_PREGNANT"
    PREGNANT = "PREGNANT"
    POSTPARTUM = "POSTPARTUM"


class AgeGroup(StrEnum):
    """Age as a word, for texts that give no number («baby», «child», «woman»)."""

    UNKNOWN = "UNKNOWN"
    NEWBORN = "NEWBORN"  # 0-28 days
    YOUNG_INFANT = "YOUNG_INFANT"  # 0-59 days
    CHILD = "CHILD"  # 2-59 months; «child» alone excludes the young infant
    OLDER_CHILD = "OLDER_CHILD"  # 5-11 years
    ADULT = "ADULT"  # 12 years and over


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the conversation. `text` is at most `MAX_TEXT_CHARACTERS` long."""

    role: Role = Role.HEALTH_WORKER
    text: str = field(repr=False)


MAX_TEXT_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Who the case is about. `age_days` and `gestation_weeks` are None when not stated."""

    age_days: int | None = None
    age_group: AgeGroup = AgeGroup.UNKNOWN
    sex: Sex = Sex.UNKNOWN
    pregnancy: Pregnancy = Pregnancy.UNKNOWN
    gestation_weeks: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """Measurements; None is «not measured», never 0. Units stand in the names."""

    temp_celsius: float | None = None
    respiratory_rate_per_minute: int | None = None
    pulse_per_minute: int | None = None
    systolic_mmhg: int | None = None
    diastolic_mmhg: int | None = None
    spo2_percent: int | None = None
    muac_mm: int | None = None
    weight_grams: int | None = None
    glucose_mg_per_dl: int | None = None
    haemoglobin_g_per_dl: float | None = None
    blood_loss_ml: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a fact stands in the messages: message index and character span [start, end)."""

    message: int
    start: int
    end: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding code (clinical/tables/findings.toml) with its presence.

    `uncertain` marks signs stated as past, doubtful, conditional or of a relative: they still
    count as present, and one question is asked.
    """

    code: str
    presence: Presence = Presence.PRESENT
    evidence: Evidence | None = None
    uncertain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything known of one patient at one moment: conversation, patient, vitals, findings.

    `findings` and `vitals` are facts already established (by an earlier turn or by the caller);
    `messages` may state more, which `clinical.read_case` adds.
    """

    messages: tuple[Message, ...] = ()
    patient: Patient = field(default_factory=Patient)
    vitals: Vitals = field(default_factory=Vitals)
    findings: tuple[Finding, ...] = ()

    def presence_by_code(self) -> Mapping[str, Presence]:
        """Presence of each stated finding; PRESENT wins over ABSENT when both stand."""
        order = {Presence.UNKNOWN: 0, Presence.ABSENT: 1, Presence.PRESENT: 2}
        known: dict[str, Presence] = {}
        for finding in self.findings:
            before = known.get(finding.code, Presence.UNKNOWN)
            known[finding.code] = max(before, finding.presence, key=order.__getitem__)
        return known
