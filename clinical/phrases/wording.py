"""Loads the wording files and finds the wording of one code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from clinical.assessment import ReferralLevel, Urgency
from clinical.phrases.gsm7 import folded_to_gsm7
from clinical.tables.codes import actions, conditions, findings
from clinical.tables.question import questions
from clinical.tables.toml_file import TableError, check_codes, check_keys, read_toml, room_file

LANGUAGES = ("en", "fr", "sw")
DEFAULT_LANGUAGE = "en"


class Kind(StrEnum):
    """What a code names; the section of a wording file."""

    CONDITION = "condition"
    FINDING = "finding"
    ACTION = "action"
    QUESTION = "question"
    OPTION = "option"
    LEVEL = "level"
    URGENCY = "urgency"
    FIXED = "fixed"


class Form(StrEnum):
    """How much room there is: `SMS` is terse, `LONG` is a full phrase."""

    SMS = "sms"
    LONG = "long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One code in both forms."""

    long: str
    sms: str

    def form(self, form: Form) -> str:
        """The text in that form."""
        return self.sms if form is Form.SMS else self.long


def phrase(kind: Kind, code: str, *, language: str, form: Form = Form.SMS) -> str:
    """The wording of a code. A language or a code without wording is answered in English.

    Raises KeyError for a code that the closed lists do not hold.
    """
    chosen = language if language in LANGUAGES else DEFAULT_LANGUAGE
    worded = wordings(chosen)[kind].get(code) or wordings(DEFAULT_LANGUAGE)[kind][code]
    return worded.form(form)


def is_reviewed(language: str) -> bool:
    """Whether a native clinician has reviewed the wording file of that language."""
    return bool(_file(language)["reviewed"])


@cache
def wordings(language: str) -> Mapping[Kind, Mapping[str, Wording]]:
    """Every wording of one language. Raises TableError for unknown codes or keys."""
    table = _file(language)
    return {kind: _section(kind, table.get(kind.value, {}), language) for kind in Kind}


@cache
def _file(language: str) -> Mapping[str, Any]:
    where = f"phrases/{language}.toml"
    table = read_toml(room_file("phrases", f"{language}.toml"))
    check_keys(table, where=where, required=["reviewed"], optional=[kind.value for kind in Kind])
    return table


def _section(kind: Kind, rows: Mapping[str, Any], language: str) -> Mapping[str, Wording]:
    where = f"phrases/{language}.toml: [{kind.value}]"
    check_codes(rows, codes_of(kind), where=where, list_name=f"the codes of kind {kind.value}")
    english = _names_in_tables(kind) if language == DEFAULT_LANGUAGE else {}
    worded = {code: Wording(long=name, sms=name) for code, name in english.items()}
    for code, row in rows.items():
        worded[code] = _wording(row, english.get(code), where=f"{where} {code}")
    return worded


def _wording(row: Any, name: str | None, *, where: str) -> Wording:
    """A text is both forms: as it stands, and folded to GSM-7.

    In English it is the SMS form alone, since the tables hold the name.
    """
    if isinstance(row, str):
        return Wording(long=name or row, sms=folded_to_gsm7(row))
    if not isinstance(row, Mapping):
        raise TableError(f"{where}: expected a text, or long and sms")
    check_keys(row, where=where, required=["long", "sms"])
    return Wording(long=row["long"], sms=row["sms"])


def _names_in_tables(kind: Kind) -> Mapping[str, str]:
    if kind is Kind.CONDITION:
        return conditions()
    if kind is Kind.FINDING:
        return findings()
    if kind is Kind.ACTION:
        return {code: row.name for code, row in actions().items()}
    return {}


def codes_of(kind: Kind) -> frozenset[str]:
    """Every code of a kind: the closed list that a language words."""
    if kind is Kind.QUESTION:
        return frozenset(questions())
    if kind is Kind.OPTION:
        return frozenset(o.code for row in questions().values() for o in row.answers)
    if kind is Kind.LEVEL:
        return frozenset(ReferralLevel)
    if kind is Kind.URGENCY:
        return frozenset(urgency.name for urgency in Urgency if urgency)
    if kind is Kind.FIXED:
        return FIXED_CODES
    return frozenset(_names_in_tables(kind))


# Sentences that are no code of the tables. Those with braces are templates.
FIXED_CODES = frozenset(
    {
        "summary_sign",
        "summary_condition",
        "summary_nothing_read",
        "danger_sign_rule_of_thumb",
        "demo_not_for_care",
        "rules_only",
        "not_understood",
        "likely",
        "why",
        "about_service",
        "about_limits",
    }
)
