"""Reads an answer to a question: a number of the list, a yes or no, or words and measurements."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from clinical.assessment import Question
from clinical.case import Finding, Patient, Presence, Sex, Vitals
from clinical.reader import read_text
from clinical.reader.ages import amounts_in
from clinical.reader.compiling import lexicon
from clinical.reader.tokens import fold, tokenize
from clinical.tables.question import OptionRow, QuestionRow, questions

CHOICES = re.compile(r"^\W*\d(?:\W+\d)*\W*$")
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
YES = frozenset({"yes", "y", "yeah", "yep", "ok", "oui", "ouais", "ndio", "ndiyo", "naam", "eeh"})
NO = frozenset({"no", "n", "nope", "none", "not", "non", "aucun", "rien", "hapana", "hakuna", "la"})
# Questions for a length, and from how many days the second option holds.
LONG_FROM_DAYS = {"fever_days": 7, "diarrhoea_days": 14, "cough_days": 14}
MOST_WORDS_OF_A_LENGTH = 6
LEAST_BREATHS, MOST_BREATHS = 10, 150
LEAST_CELSIUS, MOST_CELSIUS = 30.0, 43.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an answer states. Not understood: all empty, and the question may be asked again."""

    patient: Patient = field(default_factory=Patient)
    vitals: Vitals = field(default_factory=Vitals)
    findings: tuple[Finding, ...] = ()
    understood: bool = True


def read_answer(question: Question, text: str, *, language: str | None = None) -> Answer:
    """Turn «1», «2 and 3», «i counted 56», «ndio» into facts. Never raises.

    Numbers of the list come first, then the words themselves and a bare measurement, then a plain
    yes or no. Words that state a sign are read whatever was asked, so that nothing is lost.
    """
    row = questions().get(question.code)
    if CHOICES.match(text):
        chosen = _chosen(row, question, text)
        return _answer_of(chosen) if chosen else Answer(understood=False)
    reading = read_text(text, language=language)
    if (lasting := _lasting(row, text)) is not None:
        told = _answer_of([lasting])
        return replace(told, findings=(*told.findings, *reading.findings))
    vitals = _with_bare_number(question.code, text, reading.vitals)
    said = _yes_or_no(text)
    patient = reading.patient
    if said is not None:
        patient = replace(patient, sex=Sex.UNKNOWN)  # the «he» of «no he does not» tells nobody's
    if reading.findings or vitals != Vitals() or patient != Patient():
        return Answer(patient=patient, vitals=vitals, findings=reading.findings)
    option = None if row is None or said is None else row.yes if said else row.no
    return _answer_of([option]) if option else Answer(understood=False)


def tells_a_length(question: Question, text: str) -> bool:
    """Whether a text only says how long it has lasted, where that was asked."""
    return _lasting(questions().get(question.code), text) is not None


def _lasting(row: QuestionRow | None, text: str) -> OptionRow | None:
    """The option for «5 days» or «since 3 weeks» where a length was asked; that is nobody's age.

    None where another length or anything else than the length is told.
    """
    if row is None or row.code not in LONG_FROM_DAYS or len(text.split()) > MOST_WORDS_OF_A_LENGTH:
        return None
    compiled = lexicon()
    amounts = amounts_in(tokenize(fold(text)), compiled.time)
    if len(amounts) != 1:
        return None
    short, long = row.answers
    return long if amounts[0].days >= LONG_FROM_DAYS[row.code] else short


def _chosen(row: QuestionRow | None, question: Question, text: str) -> list[OptionRow]:
    """The options of those numbers; none when a number is not on the list.

    Several numbers count only where several can be true: for signs, not for ranges of a number.
    """
    options = {option.code: option for option in row.answers} if row else {}
    places = [int(digit) - 1 for digit in re.findall(r"\d", text)]
    if not all(0 <= place < len(question.options) for place in places):
        return []
    chosen = [options[code] for place in places if (code := question.options[place]) in options]
    several = len(set(places)) > 1
    measured = any(o.vitals != Vitals() or o.patient != Patient() for o in chosen)
    return [] if several and measured else chosen


def _answer_of(options: list[OptionRow]) -> Answer:
    """What the options state together; a sign that one states as present is not absent."""
    stated = [finding for option in options for finding in option.findings]
    present = {finding.code for finding in stated if finding.presence is Presence.PRESENT}
    return Answer(
        patient=options[0].patient,
        vitals=options[0].vitals,
        findings=tuple(
            f for f in stated if f.presence is Presence.PRESENT or f.code not in present
        ),
    )


def _with_bare_number(code: str, text: str, vitals: Vitals) -> Vitals:
    """The measurement that was asked for, when the answer is one believable number."""
    numbers = [float(number.replace(",", ".")) for number in NUMBER.findall(text)]
    if len(numbers) != 1:
        return vitals
    if code == "breaths_per_minute" and LEAST_BREATHS <= numbers[0] <= MOST_BREATHS:
        return replace(vitals, respiratory_rate_per_minute=int(numbers[0]))
    if code == "temperature" and LEAST_CELSIUS <= numbers[0] <= MOST_CELSIUS:
        return replace(vitals, temp_celsius=numbers[0])
    return vitals


def _yes_or_no(text: str) -> bool | None:
    words = re.findall(r"[^\W\d_]+", text.lower())
    if any(word in NO for word in words):
        return False
    return True if any(word in YES for word in words) else None
