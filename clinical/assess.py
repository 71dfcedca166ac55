"""The answer by the rules alone: reads the case, judges it, words a short summary.

No model, no network: this is what answers when the inference service is away.
"""

from __future__ import annotations

from dataclasses import replace

from clinical.answer import answer
from clinical.assessment import Assessment
from clinical.case import Case, Message, Patient, Vitals
from clinical.phrases import Form, Kind, phrase
from clinical.questions import questions_for_read
from clinical.read_case import ReadCase, merged_vitals, read_case, read_messages
from clinical.reader import detect_language
from clinical.rules import judge

MAX_SUMMARY_CHARACTERS = 240
MAX_SIGNS_IN_SUMMARY = 3


def assess_by_rules(
    case: Case, *, language: str = "en", read: ReadCase | None = None
) -> Assessment:
    """Answer a case by the guideline rules. Never raises for any text.

    Nothing read is ROUTINE with the danger-sign question, never HOME. `read` is what `read_case`
    made of this same case, from a caller that has read it already.
    """
    read = read or read_case(case)
    judged, judgement = read.case, judge(read.case)
    if any(note.startswith("conflict:") for note in read.notes):
        other = _as_the_messages_say(case, read.case)
        judged, judgement = max(
            (judged, judgement), (other, judge(other)), key=lambda pair: pair[1].urgency
        )
    assessment = answer(judged, judgement)
    return replace(
        assessment,
        summary=summary_of(assessment, language=language),
        questions=questions_for_read(judged, judgement),
        notes=read.notes,
    )


def assess_text(
    text: str, language: str | None = None, patient: Patient | None = None
) -> Assessment:
    """Answer one message by the rules alone. `patient` states what the text does not say.

    Without a language the summary is in the one that the text is written in, else in English.
    """
    case = Case(messages=(Message(text=text),), patient=patient or Patient())
    return assess_by_rules(case, language=language or detect_language(text) or "en")


def summary_of(assessment: Assessment, *, language: str) -> str:
    """One short sentence in the language: the sign, what is likely, how soon."""
    if assessment.danger_signs:
        template = "summary_sign"
    elif assessment.rule_ids:
        template = "summary_condition"
    else:
        template = "summary_nothing_read"
    words = {
        "sign": ", ".join(
            phrase(Kind.FINDING, sign.code, language=language)
            for sign in assessment.danger_signs[:MAX_SIGNS_IN_SUMMARY]
        ),
        "condition": phrase(Kind.CONDITION, assessment.conditions[0], language=language),
        "urgency": phrase(Kind.URGENCY, assessment.urgency.name, language=language, form=Form.LONG),
    }
    text = phrase(Kind.FIXED, template, language=language, form=Form.LONG).format(**words)
    return (text[:1].upper() + text[1:])[:MAX_SUMMARY_CHARACTERS]


def _as_the_messages_say(case: Case, read: Case) -> Case:
    """The case with measured values of the messages where they differ from the established ones.

    Two different blood pressures: neither may hide the other, so both are judged.
    """
    vitals = Vitals()
    for reading in read_messages(case):
        vitals = merged_vitals(vitals, reading.vitals)
    return replace(read, vitals=merged_vitals(read.vitals, vitals))
