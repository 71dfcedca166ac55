"""Turns an assessment into the text of one reply. Pure: codes in, words out.

Wording comes from clinical.phrases and from the gateway's phrase files. Whole sentences are left
out in the order of `Sentence.drop_rank`; an instruction that is in the reply is never cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from clinical.assessment import AnswerSource, Assessment, Question, ReferralLevel, Urgency
from clinical.case import Patient
from clinical.phrases import Form, Kind, phrase
from gateway.gsm7 import fold_if_it_helps, measure
from gateway.inbound import Channel
from gateway.phrases import say
from gateway.who import describe_patient

Fits = Callable[[str], bool]

MAX_SEGMENTS = 2
LONGEST_MINUTES = 9_999  # a week, which is how far `reconcile` looks back
MAX_WHATSAPP_CHARACTERS = 1_024
SIGNS_SHOWN = {Channel.SMS: 2, Channel.WHATSAPP: 4}
# These say where to go; the head of the reply does so already.
REFERRING_ACTIONS = ("refer_now", "refer_same_day", "clinic_visit")
NEVER = 99  # this sentence is never left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A facility of the directory."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyFacts:
    """Everything a reply is made from. `asks` is the one question, `asks_going` the digits."""

    tag: str
    assessment: Assessment
    patient: Patient
    language: str
    channel: Channel
    segments: int = 1
    place: Place | None = None
    asks: Question | None = None
    asks_going: bool = False
    two_patients: bool = False
    demo: bool = False
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Sentence:
    """One whole sentence; the lowest drop rank goes first."""

    text: str
    drop_rank: int = NEVER


def render_reply(facts: ReplyFacts) -> str:
    """The reply, folded where that keeps it in GSM-7, within the segments of its channel."""
    sentences = [s for s in _sentences(facts) if s.text]
    if facts.channel is Channel.WHATSAPP:
        return _shorten(sentences, lambda text: len(text) <= MAX_WHATSAPP_CHARACTERS, "\n")
    must = [s for s in sentences if s.drop_rank >= _MUST_FROM]
    wanted = max(facts.segments, min(MAX_SEGMENTS, measure(_joined(must, " ")).segments))
    folded = _shorten(
        sentences,
        lambda text: measure(text).segments <= wanted and fits_dated(text, facts.language),
        " ",
        _MUST_FROM,
    )
    if measure(folded).segments <= MAX_SEGMENTS and fits_dated(folded, facts.language):
        return folded
    return _shorten(sentences, lambda text: fits_dated(text, facts.language), " ")


def fits_dated(text: str, language: str) -> bool:
    """Whether the note of a late answer still has room: two segments hold both."""
    return measure(dated(text, LONGEST_MINUTES, language)).segments <= MAX_SEGMENTS


def dated(body: str, minutes: int, language: str) -> str:
    """The body of a late answer with how old it is in front, behind DEMO."""
    demo = "DEMO " if body.startswith("DEMO ") else ""
    note = say("late_answer", language, minutes=str(minutes))
    return fold_if_it_helps(f"{demo}{note} {body.removeprefix(demo)}")


# Drop ranks, first to go first. From _MUST_FROM on a sentence is worth a second segment.
_RANK_SUMMARY = 1
_RANK_ABOUT_LONG = 2
_RANK_LATER_ACTION = 10  # and up, the last action first
_RANK_WHY = 30
_RANK_ABOUT = 31
_RANK_RULE_OF_THUMB = 32
_MUST_FROM = 40
_RANK_SECOND_ACTION = 41
_RANK_RULES_ONLY = 42
_RANK_TWO_PATIENTS = 43
_RANK_LIKELY = 44


def _sentences(facts: ReplyFacts) -> list[Sentence]:
    """All sentences in reading order."""
    answer, language = facts.assessment, facts.language
    form = Form.LONG if facts.channel is Channel.WHATSAPP else Form.SMS
    rules_only = answer.source is AnswerSource.RULES_ONLY
    return [
        Sentence("DEMO" if facts.demo else ""),
        Sentence(_head(facts, form)),
        Sentence(_likely(facts, form), _RANK_LIKELY),
        Sentence(_about(facts), _RANK_ABOUT),
        *_actions(facts, form),
        Sentence(_why(facts), _RANK_WHY),
        Sentence(_summary(facts, form), _RANK_SUMMARY),
        Sentence(_rule_of_thumb(facts, form), _RANK_RULE_OF_THUMB),
        Sentence(say("two_patients", language) if facts.two_patients else "", _RANK_TWO_PATIENTS),
        Sentence(say("rules_only", language) if rules_only else "", _RANK_RULES_ONLY),
        Sentence(_closing(facts, form)),
    ]


def _head(facts: ReplyFacts, form: Form) -> str:
    """Tag, urgency, the referring instruction and where to: never left out."""
    answer, language = facts.assessment, facts.language
    urgency = phrase(Kind.URGENCY, answer.urgency.name, language=language, form=form)
    parts = [say("tag_urgency", language, tag=facts.tag, urgency=urgency.rstrip("."))]
    referring = [code for code in answer.actions if code in REFERRING_ACTIONS][:1]
    said_already = answer.urgency is Urgency.ROUTINE and referring == ["clinic_visit"]
    first = [] if said_already else referring or list(answer.actions[:1])
    parts += [_sentence(_action(facts, code, form)) for code in first]
    if answer.referral.needed or referring:
        parts.append(_where(facts, form))
    return " ".join(part for part in parts if part)


def _where(facts: ReplyFacts, form: Form) -> str:
    if facts.place is not None:
        return say("where_facility", facts.language, name=facts.place.name, phone=facts.place.phone)
    level = facts.assessment.referral.level
    if level is ReferralLevel.NONE:
        return ""
    name = phrase(Kind.LEVEL, level.value, language=facts.language, form=form)
    return say("where_level", facts.language, level=name.rstrip("."))


def _actions(facts: ReplyFacts, form: Form) -> list[Sentence]:
    """The instructions after the first; the later, the sooner left out."""
    answer = facts.assessment
    referring = [code for code in answer.actions if code in REFERRING_ACTIONS]
    in_head = (referring or list(answer.actions))[:1]
    rest = [c for c in answer.actions if c not in REFERRING_ACTIONS and c not in in_head]
    if facts.asks is not None:
        rest = [code for code in rest if code != "ask_more"]
    sentences = []
    for position, code in enumerate(rest):
        rank = _RANK_SECOND_ACTION if position == 0 else _RANK_LATER_ACTION + 10 - min(position, 10)
        sentences.append(Sentence(_sentence(_action(facts, code, form)), rank))
    return sentences


def _action(facts: ReplyFacts, code: str, form: Form) -> str:
    return _worded(Kind.ACTION, code, facts, form)


def _likely(facts: ReplyFacts, form: Form) -> str:
    known = [code for code in facts.assessment.conditions if code != "not_clear"]
    if not known:
        return ""
    name = _worded(Kind.CONDITION, known[0], facts, form)
    template = phrase(Kind.FIXED, "likely", language=facts.language, form=form)
    return _sentence(template.replace("{condition}", name))


def _why(facts: ReplyFacts) -> str:
    signs = [sign.code for sign in facts.assessment.danger_signs]
    shown = list(dict.fromkeys(signs))[: SIGNS_SHOWN[facts.channel]]
    if not shown:
        return ""
    # The first words of a sign's name are enough here: the rest only explains it.
    names = [_worded(Kind.FINDING, code, facts, Form.SMS).partition(",")[0] for code in shown]
    return say("why", facts.language, signs=", ".join(names))


def _summary(facts: ReplyFacts, form: Form) -> str:
    """The model's own words, where there is room; the rules' summary only repeats the codes."""
    by_model = facts.assessment.source is AnswerSource.MODEL_AND_RULES
    return _sentence(facts.assessment.summary) if by_model and form is Form.LONG else ""


def _about(facts: ReplyFacts) -> str:
    who = describe_patient(facts.patient, facts.language)
    return say("about", facts.language, who=who) if who else ""


def _rule_of_thumb(facts: ReplyFacts, form: Form) -> str:
    if facts.assessment.urgency is Urgency.EMERGENCY:
        return ""
    return _sentence(
        phrase(Kind.FIXED, "danger_sign_rule_of_thumb", language=facts.language, form=form)
    )


def _closing(facts: ReplyFacts, form: Form) -> str:
    """One question, or the digits: the last thing that is read."""
    if facts.asks is not None:
        return question_text(facts.asks, facts.language, form)
    return say("ask_going", facts.language) if facts.asks_going else ""


def question_text(question: Question, language: str, form: Form = Form.SMS) -> str:
    """The question with its numbered answers."""
    words = phrase(Kind.QUESTION, question.code, language=language, form=form)
    if not question.options:
        return say("question_open", language, question=words)
    options = " ".join(
        say("option", language, number=str(number), text=_option(code, language, form))
        for number, code in enumerate(question.options, start=1)
    )
    return say("ask_question", language, question=words, options=options)


def _option(code: str, language: str, form: Form) -> str:
    return phrase(Kind.OPTION, code, language=language, form=form).rstrip(".")


def _worded(kind: Kind, code: str, facts: ReplyFacts, form: Form) -> str:
    """Our own wording; the service's for a code that it knows and we do not."""
    try:
        return phrase(kind, code, language=facts.language, form=form)
    except KeyError:
        return facts.texts.get(code, "")


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".!?:)" else f"{text}."


def _joined(sentences: Sequence[Sentence], gap: str) -> str:
    """In one line or in several; DEMO stands before the first word in both."""
    texts = [s.text for s in sentences]
    if texts and texts[0] == "DEMO" and len(texts) > 1:
        texts = [f"DEMO {texts[1]}", *texts[2:]]
    return fold_if_it_helps(gap.join(texts))


def _shorten(sentences: Sequence[Sentence], fits: Fits, gap: str, spared_from: int = NEVER) -> str:
    """Leaves out whole sentences, lowest rank first, until the text fits.

    What was left out before a long sentence went may fit again behind it, and comes back then;
    instructions do not: a later one is never shown where an earlier one is missing.
    """
    kept = list(sentences)
    dropped: list[Sentence] = []
    while not fits(_joined(kept, gap)):
        droppable = [s for s in kept if s.drop_rank < spared_from]
        if not droppable:
            break
        dropped.append(min(droppable, key=lambda s: s.drop_rank))
        kept.remove(dropped[-1])
    for sentence in reversed(dropped):
        fuller = [s for s in sentences if s in kept or s is sentence]
        if not _is_later_action(sentence) and fits(_joined(fuller, gap)):
            kept = fuller
    return _joined(kept, gap)


def _is_later_action(sentence: Sentence) -> bool:
    rank = sentence.drop_rank
    return _RANK_LATER_ACTION <= rank < _RANK_WHY or rank == _RANK_SECOND_ACTION
