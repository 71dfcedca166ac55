"""Reads an answer to a question: a number of the list, a yes or no, or words and measurements."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace

from clinical.assessment import Question
from clinical.case import Finding, Patient, Vitals
from clinical.reader import Reading, read_text
from clinical.tables.question import OptionRow, questions

CHOICE = re.compile(r"^\W*(\d)\W*$")
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
YES = frozenset({"yes", "y", "yeah", "yep", "ok", "oui", "ouais", "ndio", "ndiyo", "naam", "eeh"})
NO = frozenset({"no", "n", "nope", "none", "not", "non", "aucun", "hapana", "hakuna", "la", "sio"})
# What a bare number answers, and what is a believable one.
BARE_NUMBER = {
    "breaths_per_minute": ("respiratory_rate_per_minute", 10, 150),
    "temperature": ("temp_celsius", 30, 43),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an answer states. Not understood: all empty, and the question may be asked again."""

    patient: Patient = field(default_factory=Patient)
    vitals: Vitals = field(default_factory=Vitals)
    findings: tuple[Finding, ...] = ()
    understood: bool = True


def read_answer(question: Question, text: str, *, language: str | None = None) -> Answer:
    """Turn «1», «i counted 56», «ndio» into facts. Never raises.

    A number of the list comes first, then a bare measurement, then the words themselves, then yes
    or no. Words that state a sign are read whatever was asked, so that nothing is lost.
    """
    row = questions().get(question.code)
    options = {option.code: option for option in row.answers} if row else {}
    if match := CHOICE.match(text):
        place = int(match.group(1)) - 1
        chosen = (
            options.get(question.options[place]) if 0 <= place < len(question.options) else None
        )
        return _answer_of(chosen) if chosen else Answer(understood=False)
    reading = read_text(text, language=language)
    vitals = _with_bare_number(question.code, text, reading.vitals)
    stated = _states_something(replace(reading, vitals=vitals))
    if stated:
        return Answer(patient=reading.patient, vitals=vitals, findings=reading.findings)
    said = _yes_or_no(text)
    if said is not None and (option := _option_for(said, question, options)):
        return _answer_of(option)
    return Answer(understood=False)


def _answer_of(option: OptionRow) -> Answer:
    return Answer(patient=option.patient, vitals=option.vitals, findings=option.findings)


def _with_bare_number(code: str, text: str, vitals: Vitals) -> Vitals:
    if code not in BARE_NUMBER:
        return vitals
    name, least, most = BARE_NUMBER[code]
    numbers = [float(match.replace(",", ".")) for match in NUMBER.findall(text)]
    believable = [number for number in numbers if least <= number <= most]
    if getattr(vitals, name) is not None or len(believable) != 1:
        return vitals
    value = believable[0] if name == "temp_celsius" else int(believable[0])
    stated = {f.name: getattr(vitals, f.name) for f in fields(Vitals)}
    return Vitals(**{**stated, name: value})


def _states_something(reading: Reading) -> bool:
    return bool(reading.findings or reading.vitals != Vitals() or reading.patient != Patient())


def _yes_or_no(text: str) -> bool | None:
    words = re.findall(r"[^\W\d_]+", text.lower())
    if any(word in NO for word in words):
        return False
    return True if any(word in YES for word in words) else None


def _option_for(said: bool, question: Question, options: dict[str, OptionRow]) -> OptionRow | None:
    """The option that a plain yes or no means, when only one can be meant."""
    wanted = ("yes", "pregnant") if said else ("no", "none_of_these", "not_pregnant", "no_bleeding")
    return next(
        (options[code] for code in wanted if code in options and code in question.options), None
    )
