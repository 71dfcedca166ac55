"""A turn that tells symptoms or answers a question: which case it is about, and its assessment.

Reads and assesses; writes nothing. `moves` writes what comes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from clinical import Reading, accumulate, is_other_patient, read_answer, read_text
from clinical.answers import tells_a_length
from clinical.assessment import AnswerSource, Assessment, Question
from clinical.case import Case, Patient
from gateway.assessing import Answer, assess_case, assess_here
from gateway.conversation import Act, Move
from gateway.drafting import language_of, messages_of, next_question
from gateway.keywords import HOLDS_SYMPTOMS, Kind, parse
from gateway.store import cases
from gateway.store.cases import StoredCase
from gateway.store.contacts import Contact
from gateway.store.inbox import WaitingMessage
from gateway.wiring import Gateway

DIGITS = frozenset({Kind.DIGIT, Kind.PERSON})
MAX_CASE_MESSAGES = 40  # what the contract carries


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a turn told and what is answered. `stored` None: a new case must be opened."""

    stored: StoredCase | None
    case: Case = field(repr=False)
    answer: Answer
    language: str
    question: Question | None
    two_patients: bool
    understood: bool
    consumed: int  # how many messages of the turn it covers
    asks_again: bool = False  # the digit was none of the question's


def assess_told(
    gateway: Gateway, contact: Contact, move: Move, messages: Sequence[WaitingMessage]
) -> Told:
    """Reads the turn into its case and assesses that."""
    texts = [symptom_text(m) for m in messages]
    language = language_of(gateway, contact, " ".join(texts))
    stored = _stored_case(gateway, contact, move, messages)
    case = stored.case if stored else Case()
    two_patients = understood = False
    consumed = 0
    for text in texts:
        parsed = parse(text)
        if move.act is Act.ANSWER and stored is not None and parsed.kind in DIGITS:
            # The number alone: «no 2» is the second option and no «no».
            digit = str(parsed.number)
            case, understood = _with_answer(case, stored.view.question, digit, language)
            consumed += 1
            continue
        reading = read_text(text, language=language)
        answers = stored.view.question if move.act is Act.ANSWER and stored is not None else None
        if answers is not None and tells_a_length(answers, text):
            # «5 days» says how long the fever lasts: nobody of five days is meant.
            reading = replace(reading, patient=Patient())
        if is_other_patient(case, reading):
            # Phones are shared: another age, sex or pregnancy is another patient.
            if consumed:
                break  # whose turn comes next
            stored, case = None, Case()
        consumed += 1
        if move.act is Act.ANSWER and stored is not None:
            case, read = _with_answer(case, stored.view.question, text, language)
            understood |= read
        case = with_text(accumulate(case, reading), text)
        two_patients |= reading.patients > 1
        understood |= says_something(reading)
    if move.act is Act.ANSWER and stored is not None and not understood:
        return _asked_again(case, stored, language, consumed)
    answer = assess_case(
        gateway.triage,
        case,
        language=language,
        request_id=f"inbox-{messages[consumed - 1].id}",
        deadline_seconds=gateway.settings.assess_deadline_seconds,
    )
    return Told(
        stored=stored,
        case=case,
        answer=answer,
        language=language,
        question=next_question(answer.assessment, stored.questions_asked if stored else ()),
        two_patients=two_patients,
        consumed=consumed,
        understood=understood or _knows_something(case) or by_model(answer.assessment),
    )


def _asked_again(case: Case, stored: StoredCase, language: str, consumed: int) -> Told:
    """Nothing new was said, so that nothing is assessed anew."""
    return Told(
        stored=stored,
        case=case,
        answer=assess_here(case, language=language, reason="asked_again"),
        language=language,
        question=stored.view.question,
        two_patients=False,
        understood=False,
        consumed=consumed,
        asks_again=True,
    )


def _stored_case(
    gateway: Gateway, contact: Contact, move: Move, messages: Sequence[WaitingMessage]
) -> StoredCase | None:
    """The case that the first reading opened for one of these texts, else that of the move."""
    told = (m for m in messages if parse(m.text, m.media_count).kind in HOLDS_SYMPTOMS)
    opened = next((m.consultation_id for m in told if m.consultation_id is not None), None)
    case_id = opened if opened is not None else move.case_id
    if case_id is None:
        return None
    with gateway.engine.begin() as connection:
        return cases.load_case(connection, gateway.vault, case_id, contact.id)


def symptom_text(message: WaitingMessage) -> str:
    """A message without the keyword or tag in front of it."""
    parsed = parse(message.text, message.media_count)
    return parsed.text if parsed.kind in (Kind.NEW, Kind.TAG) else message.text


def with_text(case: Case, text: str) -> Case:
    """The case with one more text of the health worker, oldest left out past the contract's 40."""
    return replace(case, messages=(*case.messages, *messages_of(text))[-MAX_CASE_MESSAGES:])


def says_something(reading: Reading) -> bool:
    """Whether the rules read anything of a patient in it."""
    return bool(reading.findings) or reading.vitals != Case().vitals


def by_model(assessment: Assessment) -> bool:
    """Whether a model read it, who may understand what the rules do not."""
    return assessment.source is AnswerSource.MODEL_AND_RULES


def _knows_something(case: Case) -> bool:
    return bool(case.findings) or case.vitals != Case().vitals


def _with_answer(
    case: Case, question: Question | None, text: str, language: str
) -> tuple[Case, bool]:
    if question is None:
        return case, False
    given = read_answer(question, text, language=language)
    return (accumulate(case, given), True) if given.understood else (case, False)
