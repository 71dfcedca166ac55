"""From an answer to a reply's draft: language, facility, question, rendering. Sends nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from clinical import LANGUAGES
from clinical.assessment import AnswerSource, Assessment, Question, Urgency
from clinical.case import MAX_TEXT_CHARACTERS, Message, Patient
from clinical.reader import detect_language
from gateway.assessing import Answer
from gateway.conversation import Limits
from gateway.reply import Place, ReplyFacts, render_reply
from gateway.services import services_needed
from gateway.settings import Settings
from gateway.store.cases import StoredCase
from gateway.store.contacts import Contact
from gateway.store.facilities import choose_facility
from gateway.store.outbox import Draft
from gateway.wiring import Gateway

MAX_QUESTIONS = 3  # in the whole of a case


def limits_of(settings: Settings) -> Limits:
    """Times of a conversation."""
    return Limits(
        case_idle=timedelta(minutes=settings.case_idle_minutes),
        case_life=timedelta(hours=settings.case_life_hours),
        turn_away=timedelta(hours=settings.turn_away_hours),
    )


def language_of(gateway: Gateway, contact: Contact, text: str = "") -> str:
    """The worker's language; a newcomer's is read from the text."""
    if contact.person is not None and contact.person.language in LANGUAGES:
        return contact.person.language
    if contact.language in LANGUAGES:
        return str(contact.language)
    detected = detect_language(text) if text else None
    return detected if detected in LANGUAGES else gateway.settings.default_language


def messages_of(text: str) -> tuple[Message, ...]:
    """A text as messages of the contract, cut between words where it is longer than one holds."""
    pieces = []
    while len(text) > MAX_TEXT_CHARACTERS:
        cut = text.rfind(" ", MAX_TEXT_CHARACTERS // 2, MAX_TEXT_CHARACTERS)
        cut = cut if cut > 0 else MAX_TEXT_CHARACTERS
        pieces.append(text[:cut])
        text = text[cut:].lstrip()
    return tuple(Message(text=piece) for piece in (*pieces, text) if piece.strip())


def next_question(assessment: Assessment, asked: tuple[str, ...]) -> Question | None:
    """The one question of this reply: not asked yet, and not in an emergency."""
    if assessment.urgency is Urgency.EMERGENCY or len(asked) >= MAX_QUESTIONS:
        return None
    return next((q for q in assessment.questions if q.code not in asked), None)


def answer_draft(
    gateway: Gateway,
    connection: Connection,
    contact: Contact,
    stored: StoredCase,
    answer: Answer,
    *,
    patient: Patient,
    language: str,
    dedupe_key: str,
    kind: str,
    inbox_id: int,
    asked_at: datetime,
    asks: Question | None = None,
    two_patients: bool = False,
) -> tuple[Draft, int | None]:
    """The reply's draft, and the facility it names."""
    assessment = answer.assessment
    facility = None
    if assessment.referral.needed:
        needed = services_needed(assessment, patient)
        facility = choose_facility(connection, assessment.referral.level, contact.person, needed)
    facts = ReplyFacts(
        tag=stored.tag,
        assessment=assessment,
        patient=patient,
        language=language,
        channel=contact.channel,
        segments=gateway.settings.sms_segments,
        place=Place(name=facility.name, phone=facility.phone) if facility else None,
        asks=asks,
        asks_going=asks is None and assessment.referral.needed,
        two_patients=two_patients,
        demo=answer.provenance.demo or gateway.settings.demo,
        texts=answer.texts,
    )
    draft = Draft(
        dedupe_key=dedupe_key,
        contact_id=contact.id,
        consultation_id=stored.id,
        inbox_id=inbox_id,
        kind=kind,
        body=render_reply(facts),
        urgency=int(assessment.urgency),
        source=_source_label(answer),
        asked_at=asked_at,
    )
    return draft, facility.id if facility else None


def _source_label(answer: Answer) -> str:
    """Who answered: the model with the rules, the service's rules, or the rules here."""
    if answer.assessment.source is AnswerSource.MODEL_AND_RULES:
        return "model_and_rules"
    return "service_rules" if answer.provenance.model else "rules_here"
