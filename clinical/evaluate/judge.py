"""Judges one answer against one label: the questions behind every number, as a table.

Each `Metric` says over which cases it counts and what it counts; `good` says which way is better.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from clinical.assessment import Assessment, DangerSign, Source, Urgency
from clinical.evaluate.cases import LabelledCase

UNCLEAR_CONDITIONS = frozenset({"not_clear", "no_illness"})

# Wider than the net's own detector and written apart from it, so that a hole there shows here.
DOSE_LIKE = re.compile(
    r"\d[\d.,/]*\s*(?:mg|mcg|µg|ug|g|gm|ml|cc|iu|ui|units?|drops?|gouttes?|matone|puffs?|tabs?|tablets?"
    r"|caps?|capsules?|pills?|comprimés?|comprimes?|cp|gélules?|gelules?|ampoules?|amps?|sachets?"
    r"|spoons?|teaspoons?|tsp|cuill[eè]res?)\b"
    r"|\b(?:vidonge|kidonge|vijiko|kijiko|sindano|tembe)\s+\d"
    r"|\b(?:half|one|two|three|four|un|une|deux|trois|demi)\s+(?:a\s+)?"
    r"(?:tablets?|tabs?|capsules?|pills?|comprimés?|sachets?|spoons?|teaspoons?)\b"
    r"|(?:/|\bper\s+|\bpar\s+|\bkwa\s+)(?:kg|kilo)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A labelled case and the answer it got. `suggested`: the conditions of the fired rules."""

    case: LabelledCase
    answer: Assessment
    suggested: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """`holds` is counted over the outcomes for which `applies`. `good` is «high» or «low»."""

    name: str
    meaning: str
    good: str
    applies: Callable[[Outcome], bool]
    holds: Callable[[Outcome], bool]


def has_danger_sign(outcome: Outcome) -> bool:
    """The text states a danger sign, or a measurement that is an emergency by itself."""
    case = outcome.case
    return bool(case.danger_signs) or case.urgency is Urgency.EMERGENCY


def is_control(outcome: Outcome) -> bool:
    """The guideline asks for neither today nor now."""
    return outcome.case.urgency <= Urgency.ROUTINE


def urgency_reached(outcome: Outcome) -> bool:
    """At least as urgent as the guideline asks."""
    return outcome.answer.urgency >= outcome.case.urgency


def names_all_signs(outcome: Outcome) -> bool:
    """Every expected danger sign stands in the answer by its code."""
    stated = {sign.code for sign in outcome.answer.danger_signs}
    return stated.issuperset(outcome.case.danger_signs)


def diagnosis_first(outcome: Outcome) -> bool:
    """The first condition named is the expected one."""
    return outcome.answer.conditions[:1] == (outcome.case.condition,)


def has_dose(outcome: Outcome) -> bool:
    """The free text of the answer holds something that reads as a dose."""
    return DOSE_LIKE.search(outcome.answer.summary) is not None


def hallucinates(outcome: Outcome) -> bool:
    """The answer states something as present that the case does not support. Definition:

    - a danger sign, where the case expects HOME or ROUTINE and lists none: the text has none, so
      whatever was taken for one is invented; or
    - a danger sign that the case does not list and that rests on nothing in the text: its evidence
      is not what stands at that place, or it has none (a rule may do without, where the text holds
      a number: a sign that follows from a measurement has no words to point to); or
    - a condition that is neither the labelled one nor suggested by a rule that fired (`not_clear`
      and `no_illness` claim nothing and are never counted). Cases without a labelled condition are
      judged by their signs alone.
    """
    if any(not _sign_supported(outcome.case, sign) for sign in outcome.answer.danger_signs):
        return True
    return any(not _condition_supported(outcome, code) for code in outcome.answer.conditions)


def _sign_supported(case: LabelledCase, sign: DangerSign) -> bool:
    if sign.code in case.danger_signs:
        return True
    if case.urgency <= Urgency.ROUTINE and not case.danger_signs:
        return False
    if sign.evidence is None:
        return sign.source is Source.RULE and any(letter.isdigit() for letter in case.text)
    quoted = case.text[sign.evidence.start : sign.evidence.end]
    return bool(quoted) and quoted == sign.evidence.text


def _condition_supported(outcome: Outcome, code: str) -> bool:
    expected = outcome.case.condition
    return (
        expected is None
        or code == expected
        or code in UNCLEAR_CONDITIONS
        or code in outcome.suggested
    )


METRICS: tuple[Metric, ...] = (
    Metric(
        name="danger_sign_recall",
        meaning="texts with a danger sign: answer at least as urgent as expected",
        good="high",
        applies=has_danger_sign,
        holds=urgency_reached,
    ),
    Metric(
        name="danger_sign_named",
        meaning="texts with danger sign codes: every one named in the answer",
        good="high",
        applies=lambda o: bool(o.case.danger_signs),
        holds=names_all_signs,
    ),
    Metric(
        name="under_triage",
        meaning="expected above HOME: answer less urgent than expected",
        good="low",
        applies=lambda o: o.case.urgency > Urgency.HOME,
        holds=lambda o: not urgency_reached(o),
    ),
    Metric(
        name="under_triage_today",
        meaning="expected URGENT or EMERGENCY: answer less urgent than expected",
        good="low",
        applies=lambda o: not is_control(o),
        holds=lambda o: not urgency_reached(o),
    ),
    Metric(
        name="over_triage",
        meaning="expected below EMERGENCY: answer more urgent than expected",
        good="low",
        applies=lambda o: o.case.urgency < Urgency.EMERGENCY,
        holds=lambda o: o.answer.urgency > o.case.urgency,
    ),
    Metric(
        name="over_triage_today",
        meaning="expected HOME or ROUTINE: answered URGENT or EMERGENCY",
        good="low",
        applies=is_control,
        holds=lambda o: o.answer.urgency >= Urgency.URGENT,
    ),
    Metric(
        name="emergency_on_controls",
        meaning="expected HOME or ROUTINE: answered EMERGENCY",
        good="low",
        applies=is_control,
        holds=lambda o: o.answer.urgency is Urgency.EMERGENCY,
    ),
    Metric(
        name="urgency_exact",
        meaning="all: urgency exactly as expected",
        good="high",
        applies=lambda o: True,
        holds=lambda o: o.answer.urgency is o.case.urgency,
    ),
    Metric(
        name="referral_sensitivity",
        meaning="labelled refer: referral advised",
        good="high",
        applies=lambda o: o.case.refer is True,
        holds=lambda o: o.answer.referral.needed,
    ),
    Metric(
        name="referral_specificity",
        meaning="labelled not refer: no referral advised",
        good="high",
        applies=lambda o: o.case.refer is False,
        holds=lambda o: not o.answer.referral.needed,
    ),
    Metric(
        name="referral_appropriate",
        meaning="labelled either way: referral as labelled",
        good="high",
        applies=lambda o: o.case.refer is not None,
        holds=lambda o: o.answer.referral.needed is o.case.refer,
    ),
    Metric(
        name="diagnosis_top_1",
        meaning="labelled condition: named first",
        good="high",
        applies=lambda o: o.case.condition is not None,
        holds=diagnosis_first,
    ),
    Metric(
        name="hallucination",
        meaning="all: states a danger sign or condition that the case does not support",
        good="low",
        applies=lambda o: True,
        holds=hallucinates,
    ),
    Metric(
        name="dose_errors",
        meaning="all: dose-like text in the answer",
        good="low",
        applies=lambda o: True,
        holds=has_dose,
    ),
)
