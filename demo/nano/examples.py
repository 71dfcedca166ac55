"""One training example: a case as it reaches the service, and the answer that the guideline gives.

The answer is `clinical.assess_by_rules` on the true facts; the prompt holds what the reader makes
of the text. Where the reader misses a sign, the model has to see it in the text.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from random import Random

from clinical import assess_by_rules, detect_language, read_case
from clinical.assessment import Urgency
from clinical.case import AgeGroup, Case, Finding, Message, Patient, Presence, Role
from clinical.recogniser.examples import read_examples
from demo.nano.cases import draw_case
from demo.nano.summaries import write_summary
from demo.nano.texts import noisy, write_message
from demo.nano.wording import LANGUAGES, Split, sign_name, wording
from inference_svc.output import (
    MAX_ACTIONS,
    MAX_CONDITIONS,
    MAX_DANGER_SIGNS,
    MAX_SUMMARY_CHARACTERS,
    ModelAnswer,
)
from inference_svc.prompt import ChatTurn, messages_for

_LANGUAGE_WEIGHTS = (5, 3, 3)
_UNCLEAR = 0.04
_AGE_AS_A_WORD = 0.12
_AGE_NOT_TOLD = 0.06
_TWO_TURNS = 0.2
_QUESTION_SENT = 0.5
_ONLY_FACTS = 0.1
_FROM_A_TEXT = 0.15
_READ_WORSE = 0.2
_UNREAD = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """`truth` is the case with all its facts; `case` what is sent: messages and earlier facts.

    `unread` are findings that the prompt's facts line leaves out although the reader has them: the
    model has to see those in the text.
    """

    language: str
    truth: Case
    case: Case = field(repr=False)
    answer: ModelAnswer
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text of the recogniser's examples, and the signs that are marked in it."""

    language: str
    text: str = field(repr=False)
    signs: tuple[str, ...]


def draw_training_example(rng: Random, *, split: Split = Split.TRAIN) -> Example:
    """A drawn example, now and then read worse, or one made of a text of the recogniser's."""
    if rng.random() < _FROM_A_TEXT:
        return example_of_text(rng.choice(texts()), rng)
    return read_worse(draw_example(rng, split=split), rng)


@cache
def texts() -> tuple[Text, ...]:
    """Every text of the recogniser's examples; most were written by hand, in no frame of ours."""
    return tuple(
        Text(
            language=language if (language := detect_language(e.text)) in LANGUAGES else "en",
            text=e.text,
            signs=tuple(dict.fromkeys(mark.code for mark in e.marked)),
        )
        for e in read_examples()
    )


def example_of_text(text: Text, rng: Random) -> Example:
    """The text as a case; true is what the reader makes of it and what is marked in it."""
    case = Case(messages=(Message(text=noisy(text.text, rng)),))
    read = read_case(case, language=text.language).case
    stated = {finding.code for finding in read.findings if finding.presence is Presence.PRESENT}
    others = tuple(finding for finding in read.findings if finding.code not in text.signs)
    marked = tuple(Finding(code=code) for code in text.signs)
    truth = replace(read, messages=(), findings=(*marked, *others))
    return Example(
        language=text.language,
        truth=truth,
        case=case,
        answer=expected_answer(truth, text.language),
        unread=frozenset(text.signs) - stated,
    )


def draw_example(
    rng: Random, *, split: Split = Split.TRAIN, language: str | None = None
) -> Example:
    """Draw one example. The same state of `rng` gives the same example."""
    spoken = language or rng.choices(LANGUAGES, weights=_LANGUAGE_WEIGHTS)[0]
    if rng.random() < _UNCLEAR:
        truth = Case()
        text = noisy(rng.choice(wording(spoken).of_split("unclear", split)), rng)
        case = Case(messages=(Message(text=text),))
    else:
        truth = _as_told(draw_case(rng), rng)
        case = _sent(truth, spoken, rng, split)
    return Example(language=spoken, truth=truth, case=case, answer=expected_answer(truth, spoken))


def expected_answer(truth: Case, language: str) -> ModelAnswer:
    """What the guideline answers to the true facts, within the limits of the schema."""
    assessment = assess_by_rules(replace(truth, messages=()), language=language)
    urgency = Urgency(assessment.urgency)
    signs = tuple(dict.fromkeys(sign.code for sign in assessment.danger_signs))[:MAX_DANGER_SIGNS]
    return ModelAnswer(
        summary=write_summary(truth, urgency, signs, language, limit=MAX_SUMMARY_CHARACTERS),
        danger_signs=signs,
        conditions=assessment.conditions[:MAX_CONDITIONS],
        urgency=urgency,
        actions=assessment.actions[:MAX_ACTIONS],
    )


def turns_of(example: Example) -> list[ChatTurn]:
    """The prompt's turns, made by the service's own reading and prompt."""
    read = read_case(example.case, language=example.language).case
    findings = tuple(f for f in read.findings if f.code not in example.unread)
    return messages_for(replace(read, findings=findings), example.language)


def read_worse(example: Example, rng: Random) -> Example:
    """Now and then an example whose text states signs that the facts line does not."""
    told_earlier = {finding.code for finding in example.case.findings}
    if rng.random() >= _READ_WORSE:
        return example
    stated = [f.code for f in example.truth.findings if f.code not in told_earlier]
    return replace(example, unread=frozenset(code for code in stated if rng.random() < _UNREAD))


def _as_told(case: Case, rng: Random) -> Case:
    """The case with its age told less exactly now and then, as workers do."""
    patient, roll = case.patient, rng.random()
    pregnant = patient.gestation_weeks is not None or patient.pregnancy.value in {
        "PREGNANT",
        "POSTPARTUM",
    }
    if pregnant:
        return replace(case, patient=replace(patient, age_days=None)) if roll < 0.5 else case
    if roll < _AGE_NOT_TOLD:
        return replace(case, patient=Patient())
    if roll < _AGE_NOT_TOLD + _AGE_AS_A_WORD and (group := _group(patient.age_days or 0)):
        return replace(case, patient=Patient(age_group=group))
    return case


def _group(age_days: int) -> AgeGroup | None:
    """The word that a worker would use instead of the age; none for who is in between."""
    if age_days < 29:
        return AgeGroup.NEWBORN
    if 2 * 365 <= age_days < 1825:
        return AgeGroup.CHILD
    return AgeGroup.ADULT if age_days >= 16 * 365 else None


def _sent(truth: Case, language: str, rng: Random, split: Split) -> Case:
    roll = rng.random()
    if roll < _ONLY_FACTS:
        return _facts_with_a_short_text(truth, language, rng, split)
    if roll < _ONLY_FACTS + _TWO_TURNS and len(truth.findings) > 1:
        return _asked_and_answered(truth, language, rng, split)
    return Case(messages=(Message(text=write_message(truth, language, rng, split)),))


def _facts_with_a_short_text(truth: Case, language: str, rng: Random, split: Split) -> Case:
    """A later turn whose own text says little: all is known from before."""
    replies = wording(language).tables["reply"]
    short = [*replies["yes"], *replies["no"], *wording(language).of_split("unclear", split)]
    return replace(truth, messages=(Message(text=rng.choice(short)),))


def _asked_and_answered(truth: Case, language: str, rng: Random, split: Split) -> Case:
    """The case in a message and the worker's answer to a question, already read into a finding.

    Callers of the service may send the question between the two; the gateway does not.
    """
    asked = rng.choice(truth.findings)
    rest = tuple(finding for finding in truth.findings if finding is not asked)
    words = wording(language)
    key = "yes" if asked.presence is Presence.PRESENT else "no"
    told = Message(text=write_message(replace(truth, findings=rest), language, rng, split))
    question = rng.choice(words.choices("question", "text")).format(
        sign=sign_name(asked.code, language)
    )
    between = (Message(role=Role.ASSISTANT, text=question),)
    reply = Message(text=rng.choice(words.choices("reply", key)))
    messages = (told, *(between if rng.random() < _QUESTION_SENT else ()), reply)
    return Case(messages=messages, findings=(Finding(code=asked.code, presence=asked.presence),))
