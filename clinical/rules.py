"""Which rules fire for the established facts of a case. Does not read messages (see reader) and
does not write the answer (see answer)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from clinical.assessment import Urgency
from clinical.case import Case, Pregnancy, Sex
from clinical.facts import (
    absent_codes,
    age_hints,
    age_is_stated,
    band_of,
    facts_at_age,
    measured,
    plausible_ages,
    plausible_pregnancies,
    present_codes,
)
from clinical.tables.rule import Rule, rules
from clinical.tables.terms import Facts

RulesByKey = Mapping[str, tuple[Rule, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Rules that fired at the age that was judged by, most urgent and most specific first."""

    urgency: Urgency
    fired: tuple[Rule, ...]
    facts: Facts
    age_days: int


def judge(case: Case) -> Judgement:
    """Judge the established facts of a case; messages are not read.

    Of several plausible ages the one with the highest urgency counts; of equals the youngest, or
    the oldest when a sign speaks of an adult.
    """
    judgements = [
        _judgement(age, facts, index) for age, facts, index in _facts_by_plausible_age(case)
    ]
    if not age_hints()["speaks_of_adult"].isdisjoint(judgements[0].facts.direct):
        judgements.reverse()
    return max(judgements, key=lambda judgement: judgement.urgency)


def highest_urgency(case: Case, *, at_least: Urgency) -> Urgency:
    """The urgency of `judge(case)`, or `at_least` when that is higher; fast, for trying answers."""
    highest = at_least
    for _age, facts, index in _facts_by_plausible_age(case):
        for key in (*facts.present, *facts.numbers):
            for rule in index.get(key, ()):
                if rule.urgency <= highest:
                    break  # the rows of a key stand most urgent first
                if rule.when.holds(facts):
                    highest = rule.urgency
                    break
            if highest is Urgency.EMERGENCY:
                return highest
    return highest


def _facts_by_plausible_age(case: Case) -> Iterator[tuple[int, Facts, RulesByKey]]:
    present, absent = present_codes(case.findings), absent_codes(case.findings)
    numbers = measured(case)
    sex, age_stated = case.patient.sex, age_is_stated(case.patient)
    for pregnancy in plausible_pregnancies(case.patient, present):
        for age in plausible_ages(case.patient, present, pregnancy):
            facts = facts_at_age(
                present, absent, numbers, age_days=age, pregnancy=pregnancy, sex=sex
            )
            yield age, facts, _rules_by_key(band_of(age), pregnancy, sex, age_stated)


def _judgement(age_days: int, facts: Facts, index: RulesByKey) -> Judgement:
    candidates = {
        rule.order: rule for key in (*facts.present, *facts.numbers) for rule in index.get(key, ())
    }
    fired = sorted(
        (rule for rule in candidates.values() if rule.when.holds(facts)), key=_precedence
    )
    urgency = fired[0].urgency if fired else Urgency.ROUTINE
    return Judgement(urgency=urgency, fired=tuple(fired), facts=facts, age_days=age_days)


def _precedence(rule: Rule) -> tuple[int, int, int]:
    """Most urgent first; then what asks for more facts, a pregnancy counting as one of them."""
    mothers_only = all(population.pregnancy for population in rule.populations)
    return -rule.urgency, -(rule.when.weight + rule.rank + mothers_only), rule.order


@lru_cache(maxsize=1024)
def _rules_by_key(band: int, pregnancy: Pregnancy, sex: Sex, age_stated: bool) -> RulesByKey:
    """Rules that can apply to such a patient, by a fact without which they cannot hold."""
    index: dict[str, list[Rule]] = {}
    for rule in rules():
        if any(
            p.holds(age_days=band, pregnancy=pregnancy, sex=sex)
            and (age_stated or not p.age_stated)
            for p in rule.populations
        ):
            for key in rule.when.keys:
                index.setdefault(key, []).append(rule)
    return {key: tuple(sorted(rows, key=lambda rule: -rule.urgency)) for key, rows in index.items()}
