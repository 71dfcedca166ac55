"""The assessment: what is answered for a case, as plain frozen data. Wording lives in phrases."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from clinical.case import Evidence


class Urgency(IntEnum):
    """How soon care is needed, ordered. Zero never reads as safe: it is treated as not answered."""

    UNSPECIFIED = 0
    HOME = 1
    ROUTINE = 2
    URGENT = 3  # same day
    EMERGENCY = 4  # now


class Source(StrEnum):
    """Who named a danger sign."""

    RULE = "RULE"
    MODEL = "MODEL"


class ReferralLevel(StrEnum):
    """Where to, as a level; a facility is chosen by the gateway's directory."""

    NONE = "NONE"
    HEALTH_POST = "HEALTH_POST"
    HEALTH_CENTRE = "HEALTH_CENTRE"
    HOSPITAL = "HOSPITAL"


class AnswerSource(StrEnum):
    """What an answer was made from."""

    RULES_ONLY = "RULES_ONLY"
    MODEL_AND_RULES = "MODEL_AND_RULES"


@dataclass(frozen=True, slots=True, kw_only=True)
class DangerSign:
    """A danger sign of the answer. `rule_id` is empty when the model named it."""

    code: str
    source: Source
    rule_id: str = ""
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """Whether, how soon (hours, 0 is now; None without referral) and to which level."""

    needed: bool = False
    within_hours: int | None = None
    level: ReferralLevel = ReferralLevel.NONE
    reason: str = ""  # finding or condition code


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question of the closed list, with numbered options (option codes, first is «1»)."""

    code: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The answer to a case. Codes only; `summary` is the one free text, at most 240 characters.

    `rule_ids` are the rules that fired; `raised_by_rules` says that the net raised the model's
    urgency; `notes` are machine codes such as `implausible:systolic_mmhg` or `contradiction:fever`.
    """

    urgency: Urgency
    summary: str = field(default="", repr=False)
    danger_signs: tuple[DangerSign, ...] = ()
    conditions: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    referral: Referral = field(default_factory=Referral)
    questions: tuple[Question, ...] = ()
    source: AnswerSource = AnswerSource.RULES_ONLY
    raised_by_rules: bool = False
    rule_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
