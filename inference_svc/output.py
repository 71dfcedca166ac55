"""What the model may say: the JSON schema of its answer, and the strict reading of what it said.

Pure. Repairs nothing: an answer that does not fit the schema is `Unusable`, and the rules answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

from clinical.assessment import AnswerSource, Assessment, DangerSign, Source, Urgency
from inference_svc.codes import URGENCIES, action_codes, condition_codes, danger_sign_codes

MAX_SUMMARY_CHARACTERS = 160
MAX_DANGER_SIGNS = 4
MAX_CONDITIONS = 2
MAX_ACTIONS = 4

# No control character, quote, backslash or angle bracket, and no leading blank: so JSON needs no
# escapes, and an untrained or looping model cannot fill the string with white space lines.
# The length stands in the pattern because xgrammar ignores maxLength beside a pattern, and in two
# halves because its compiler fails on one repetition of more than 128.
_FIRST = r'[^\x00-\x20"\\<>\x7f-\x9f]'
_OTHER = r'[^\x00-\x1f"\\<>\x7f-\x9f]'
_HALF = MAX_SUMMARY_CHARACTERS // 2
_SUMMARY_PATTERN = f"^{_FIRST}{_OTHER}{{0,{_HALF - 1}}}{_OTHER}{{0,{_HALF}}}$"


class UnusableReason(StrEnum):
    """Why an answer of the model was not used; told as `fallback_reason`."""

    UNPARSEABLE = "unparseable"
    LENGTH = "length"
    REPETITION = "repetition"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAnswer:
    """The model's answer as codes that are known to be in the lists, without repeats."""

    summary: str = field(repr=False)
    danger_signs: tuple[str, ...]
    conditions: tuple[str, ...]
    urgency: Urgency
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """An answer that cannot be used, and why. Holds no text of the model."""

    reason: UnusableReason


@cache
def schema() -> Mapping[str, Any]:
    """The JSON schema that constrains generation, in the order in which the model writes."""
    properties = {
        "summary": {"type": "string", "pattern": _SUMMARY_PATTERN},
        "danger_signs": _codes(danger_sign_codes(), minimum=0, maximum=MAX_DANGER_SIGNS),
        "conditions": _codes(condition_codes(), minimum=1, maximum=MAX_CONDITIONS),
        "urgency": {"type": "string", "enum": list(URGENCIES)},
        "actions": _codes(action_codes(), minimum=1, maximum=MAX_ACTIONS),
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


@cache
def schema_digest() -> str:
    """SHA-256 over the schema with its order: what a demo model is trained to write."""
    return hashlib.sha256(json.dumps(schema()).encode()).hexdigest()


def canonical_json(answer: ModelAnswer) -> str:
    """The answer as the constrained model writes it: one line, no white space between parts."""
    return json.dumps(
        {
            "summary": answer.summary,
            "danger_signs": list(answer.danger_signs),
            "conditions": list(answer.conditions),
            "urgency": answer.urgency.name,
            "actions": list(answer.actions),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def codes_json(answer: ModelAnswer) -> str:
    """What the model chose, in ASCII and without its free text: fit for a header."""
    return json.dumps(
        {
            "danger_signs": list(answer.danger_signs),
            "conditions": list(answer.conditions),
            "urgency": answer.urgency.name,
            "actions": list(answer.actions),
        },
        separators=(",", ":"),
    )


def from_codes_json(text: str) -> ModelAnswer:
    """The answer of `codes_json`, with an empty summary. Raises ValueError for anything else."""
    value = json.loads(text)
    return ModelAnswer(
        summary="",
        danger_signs=tuple(value["danger_signs"]),
        conditions=tuple(value["conditions"]),
        urgency=Urgency[value["urgency"]],
        actions=tuple(value["actions"]),
    )


def parse(text: str, finish_reason: str | None) -> ModelAnswer | Unusable:
    """Read the model's text, which ended for `finish_reason` («stop», «length», «repetition»).

    Never raises: whatever does not fit the schema is `Unusable`.
    """
    if finish_reason in (UnusableReason.LENGTH, UnusableReason.REPETITION):
        return Unusable(reason=UnusableReason(finish_reason))
    try:
        return _answer_from(json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError):
        return Unusable(reason=UnusableReason.UNPARSEABLE)


def to_assessment(answer: ModelAnswer) -> Assessment:
    """The model's answer as an assessment, before the safety net and the dose filter."""
    return Assessment(
        urgency=answer.urgency,
        summary=answer.summary,
        danger_signs=tuple(
            DangerSign(code=code, source=Source.MODEL) for code in answer.danger_signs
        ),
        conditions=answer.conditions,
        actions=answer.actions,
        source=AnswerSource.MODEL_AND_RULES,
    )


def _codes(codes: tuple[str, ...], *, minimum: int, maximum: int) -> dict[str, Any]:
    # uniqueItems is not in xgrammar; repeats are dropped when the answer is read.
    return {
        "type": "array",
        "items": {"type": "string", "enum": list(codes)},
        "minItems": minimum,
        "maxItems": maximum,
    }


def _answer_from(value: Any) -> ModelAnswer:
    properties = schema()["properties"]
    if not isinstance(value, dict) or value.keys() != properties.keys():
        raise ValueError("not an object of exactly the schema's properties")
    summary = value["summary"]
    if not re.fullmatch(_SUMMARY_PATTERN.strip("^$"), summary):
        raise ValueError("summary does not match its pattern")
    if value["urgency"] not in URGENCIES:
        raise ValueError("urgency is not one of the list")
    return ModelAnswer(
        summary=summary.strip(),
        danger_signs=_chosen(value["danger_signs"], properties["danger_signs"]),
        conditions=_chosen(value["conditions"], properties["conditions"]),
        urgency=Urgency[value["urgency"]],
        actions=_chosen(value["actions"], properties["actions"]),
    )


def _chosen(codes: Any, rule: Mapping[str, Any]) -> tuple[str, ...]:
    allowed = rule["items"]["enum"]
    if not isinstance(codes, list) or not rule["minItems"] <= len(codes) <= rule["maxItems"]:
        raise ValueError("not a list of the permitted length")
    if not all(isinstance(code, str) and code in allowed for code in codes):
        raise ValueError("a code that is not in the list")
    return tuple(dict.fromkeys(codes))
