"""Asks for every answer and adds up: each metric overall and apart, with the confusion table.

Prints nothing and writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from clinical.assessment import Assessment, Urgency
from clinical.case import Patient
from clinical.evaluate.cases import LabelledCase
from clinical.evaluate.judge import METRICS, Outcome, has_danger_sign, is_control, urgency_reached
from clinical.evaluate.proportion import Proportion
from clinical.evaluate.word_for_word import WordForWord, Wordings, compare_wording

Assess = Callable[[str, str | None, Patient | None], Assessment]
Confusion = Mapping[tuple[Urgency, Urgency], int]  # (expected, answered) -> texts
UNNAMED_SIGN = "measurement_or_unlisted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that is told about one run. Proportions by name; ids of the texts that went wrong.

    `metrics_by_group` holds every metric for each `group` label; `word_for_word` is None when no
    lexicon phrases were given.
    """

    texts: int
    metrics: Mapping[str, Proportion]
    recall_by_sign: Mapping[str, Proportion]
    recall_by_language: Mapping[str, Proportion]
    emergency_on_controls_by_language: Mapping[str, Proportion]
    metrics_by_group: Mapping[str, Mapping[str, Proportion]]
    confusion: Confusion
    missed_ids: tuple[str, ...]
    alarm_ids: tuple[str, ...]  # EMERGENCY on a control
    word_for_word: WordForWord | None = None
    remarks: tuple[str, ...] = field(default=())


def answer_cases(
    cases: Iterable[LabelledCase],
    assess: Assess,
    *,
    conditions_by_rule: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Outcome, ...]:
    """Ask once for every case, in order. What `assess` raises is not caught.

    `conditions_by_rule` tells which condition a fired rule suggests, so that it is not taken for
    an invention.
    """
    return tuple(_outcome(case, assess, conditions_by_rule) for case in cases)


def _outcome(case: LabelledCase, assess: Assess, conditions_by_rule: Mapping[str, str]) -> Outcome:
    answer = assess(case.text, case.language, case.patient)
    fired = (conditions_by_rule.get(rule) for rule in answer.rule_ids)
    return Outcome(case=case, answer=answer, suggested=frozenset(code for code in fired if code))


def measure(
    outcomes: Sequence[Outcome],
    *,
    phrases: Wordings = MappingProxyType({}),
    closed_codes: Collection[str] = (),
) -> Report:
    """Add up.

    `phrases` are lexicon phrases by finding code, for the share of texts that hold one;
    `closed_codes` all finding and condition codes: labels that are none of them are remarked on.
    """
    danger = [outcome for outcome in outcomes if has_danger_sign(outcome)]
    return Report(
        texts=len(outcomes),
        metrics=count_metrics(outcomes),
        recall_by_sign=_recall_by(danger, _sign_labels),
        recall_by_language=_recall_by(danger, _language_label),
        emergency_on_controls_by_language={
            language: count_metrics(members)["emergency_on_controls"]
            for language, members in _split(filter(is_control, outcomes), _language_label).items()
        },
        metrics_by_group={
            group: count_metrics(members)
            for group, members in _split(outcomes, _group_label).items()
        },
        confusion=Counter((outcome.case.urgency, outcome.answer.urgency) for outcome in outcomes),
        missed_ids=tuple(o.case.id for o in danger if not urgency_reached(o)),
        alarm_ids=tuple(
            o.case.id for o in outcomes if is_control(o) and o.answer.urgency is Urgency.EMERGENCY
        ),
        word_for_word=compare_wording(outcomes, phrases) if phrases else None,
        remarks=tuple(_remarks(outcomes, closed_codes)),
    )


def count_metrics(outcomes: Sequence[Outcome]) -> dict[str, Proportion]:
    """Every metric of the table over these outcomes."""
    return {
        metric.name: Proportion.of(metric.holds(o) for o in outcomes if metric.applies(o))
        for metric in METRICS
    }


def _sign_labels(outcome: Outcome) -> tuple[str, ...]:
    return outcome.case.danger_signs or (outcome.case.group or UNNAMED_SIGN,)


def _language_label(outcome: Outcome) -> tuple[str, ...]:
    return (outcome.case.language or "not_stated",)


def _group_label(outcome: Outcome) -> tuple[str, ...]:
    return (outcome.case.group,) if outcome.case.group else ()


def _split(
    outcomes: Iterable[Outcome], labels: Callable[[Outcome], tuple[str, ...]]
) -> dict[str, list[Outcome]]:
    parts: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        for label in labels(outcome):
            parts.setdefault(label, []).append(outcome)
    return dict(sorted(parts.items()))


def _recall_by(
    danger: Iterable[Outcome], labels: Callable[[Outcome], tuple[str, ...]]
) -> dict[str, Proportion]:
    return {
        label: Proportion.of(map(urgency_reached, members))
        for label, members in _split(danger, labels).items()
    }


def _remarks(outcomes: Sequence[Outcome], closed_codes: Collection[str]) -> Iterator[str]:
    labels = {code for o in outcomes for code in (*o.case.danger_signs, o.case.condition or "")}
    if closed_codes and (foreign := sorted(labels - {"", *closed_codes})):
        yield f"Labels that are no code of the tables can never be named: {', '.join(foreign)}."
    ignored = Counter(key for outcome in outcomes for key in outcome.case.ignored_keys)
    for key, lines in sorted(ignored.items()):
        yield f"The key {key!r} stands in {lines} lines and is not used."
    if not any(has_danger_sign(outcome) for outcome in outcomes):
        yield "No text states a danger sign: recall was not measured."
    if not any(is_control(outcome) for outcome in outcomes):
        yield "No text is a control: over-triage says little, and recall alone proves nothing."
