"""The condition language of the tables: what a rule asks for, and whether known facts satisfy it.

A term is a finding («cough»), a finding stated as absent («no cough»), a comparison
(«systolic_mmhg >= 160»), a name of definitions.toml («@general_danger_sign»), or a group
{any|all|none = [...]} or {at_least = 2, of = [...]}. Unknown satisfies nothing: only what is stated
or measured counts.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from clinical.tables.toml_file import TableError

Number = int | float

COMPARISONS: Mapping[str, Callable[[Number, Number], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
COMPARISON = re.compile(r"^([a-z][a-z0-9_]*) (>=|<=|>|<) (\d+(?:\.\d+)?)$")
QUANTITIES = frozenset(
    {
        "temp_celsius",
        "respiratory_rate_per_minute",
        "pulse_per_minute",
        "systolic_mmhg",
        "diastolic_mmhg",
        "spo2_percent",
        "muac_mm",
        "weight_grams",
        "glucose_mg_per_dl",
        "haemoglobin_g_per_dl",
        "blood_loss_ml",
        "age_days",
        "gestation_weeks",
    }
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known, ready to be asked: findings that are present, and numbers by quantity name.

    `direct` are the findings that are stated or measured, without those that others imply.
    """

    present: frozenset[str]
    numbers: Mapping[str, Number]
    direct: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Term:
    """One term, compiled.

    `holds` asks the facts. `keys` are the findings and quantities of which at least one must be
    known for the term to hold (empty: it can hold without any). `weight` is the least number of
    facts that make it true: a rule that asks for more is more specific.
    """

    holds: Callable[[Facts], bool]
    keys: frozenset[str]
    weight: int
    says: str
    findings: frozenset[str]
    quantities: frozenset[str]
    ages: frozenset[int] = frozenset()  # days at which an age comparison changes
    is_finding: bool = False  # a bare finding, no group and no comparison
    softened_by: frozenset[str] = frozenset()  # findings that a `none` within names


Definitions = Mapping[str, Term]


def parse_term(term: Any, *, known: Mapping[str, str], named: Definitions, where: str) -> Term:
    """Compile one term. Raises TableError naming `where` for anything that is not understood."""
    if isinstance(term, str):
        return _leaf(term, known=known, named=named, where=where)
    if isinstance(term, dict):
        return _group(term, known=known, named=named, where=where)
    raise TableError(f"{where}: expected a text or a group, not {term!r}")


def _leaf(text: str, *, known: Mapping[str, str], named: Definitions, where: str) -> Term:
    if text.startswith("@"):
        if text[1:] not in named:
            raise TableError(f"{where}: {text} not in definitions.toml")
        return named[text[1:]]
    if match := COMPARISON.match(text):
        return _comparison(*match.groups(), where=where)
    if text.startswith("no ") and text[3:] in known:
        return _absence(text[3:])
    if text not in known:
        raise TableError(f"{where}: {text!r} is no finding, and no comparison like 'age_days < 60'")
    code = frozenset({text})
    return Term(
        lambda facts: text in facts.present, code, 1, text, code, frozenset(), is_finding=True
    )


def _absence(code: str) -> Term:
    """A finding stated as absent: it softens a rule, so it never makes one fire by itself."""
    none = frozenset[str]()
    return Term(lambda facts: code in facts.absent, none, 0, f"no {code}", none, none)


def _comparison(quantity: str, sign: str, limit_text: str, *, where: str) -> Term:
    if quantity not in QUANTITIES:
        raise TableError(f"{where}: unknown quantity {quantity}")
    limit = float(limit_text)
    compare = COMPARISONS[sign]

    def holds(facts: Facts) -> bool:
        value = facts.numbers.get(quantity)
        return value is not None and compare(value, limit)

    is_age = quantity == "age_days"
    first_day = int(limit) + (sign in {">", "<="})
    return Term(
        holds,
        frozenset() if is_age else frozenset({quantity}),
        0 if is_age else 1,
        f"{quantity} {sign} {limit_text}",
        frozenset(),
        frozenset({quantity}),
        frozenset({first_day}) if is_age else frozenset(),
    )


def _group(group: Any, *, known: Mapping[str, str], named: Definitions, where: str) -> Term:
    kind = next((name for name in GROUPS if name in group), None)
    expected = {kind, "of"} if kind == "at_least" else {kind}
    if kind is None or set(group) != expected:
        raise TableError(f"{where}: expected one of any, all, none, or at_least with of: {group!r}")
    members = group["of"] if kind == "at_least" else group[kind]
    if not isinstance(members, list) or not members:
        raise TableError(f"{where}: {kind} expects a list that is not empty")
    terms = [parse_term(item, known=known, named=named, where=where) for item in members]
    if kind != "at_least":
        return GROUPS[kind](terms, 0)
    count = group["at_least"]
    if not isinstance(count, int) or not 1 <= count <= len(terms):
        raise TableError(f"{where}: at_least expects a number from 1 to {len(terms)}")
    return GROUPS[kind](terms, count)


def _any(terms: list[Term], _count: int) -> Term:
    codes = frozenset[str]().union(*(term.findings for term in terms if term.is_finding))
    others = [term.holds for term in terms if not term.is_finding]

    def holds(facts: Facts) -> bool:
        # Most alternatives are bare findings: one set comparison answers for all of them.
        return not codes.isdisjoint(facts.present) or any(ask(facts) for ask in others)

    keys = _union_or_free([term.keys for term in terms])
    return _joined(terms, holds, keys, min(term.weight for term in terms), "any of: ")


def _all(terms: list[Term], _count: int) -> Term:
    asks = [term.holds for term in terms]
    bound = [term.keys for term in terms if term.keys]
    keys = min(bound, key=len, default=frozenset())
    return _joined(
        terms, lambda facts: all(ask(facts) for ask in asks), keys, sum(t.weight for t in terms),
        "all of: ",
    )  # fmt: skip


def _none(terms: list[Term], _count: int) -> Term:
    """None of them is stated. What only follows from a graver sign reassures nobody.

    «Cough» may make a chest pain less alarming; a cough that follows from «cough for 14 days» does
    not, or one more danger sign would lower the answer.
    """
    codes = frozenset[str]().union(*(term.findings for term in terms if term.is_finding))
    others = [term.holds for term in terms if not term.is_finding]

    def holds(facts: Facts) -> bool:
        if not codes.isdisjoint(facts.direct):
            return False
        stated = replace(facts, present=facts.direct) if others else facts
        return not any(ask(stated) for ask in others)

    joined = _joined(terms, holds, frozenset(), 0, "none of: ")
    return replace(joined, findings=frozenset(), softened_by=joined.findings | joined.softened_by)


def _at_least(terms: list[Term], count: int) -> Term:
    asks = [term.holds for term in terms]
    keys = _union_or_free([term.keys for term in terms])
    weight = sum(sorted(term.weight for term in terms)[:count])
    return _joined(
        terms, lambda facts: sum(ask(facts) for ask in asks) >= count, keys, weight,
        f"at least {count} of: ",
    )  # fmt: skip


GROUPS: Mapping[str, Callable[[list[Term], int], Term]] = {
    "any": _any,
    "all": _all,
    "none": _none,
    "at_least": _at_least,
}


def _union_or_free(keys: list[frozenset[str]]) -> frozenset[str]:
    """Keys of an alternative: all of them, or none when one member can hold without any."""
    return frozenset().union(*keys) if all(keys) else frozenset()


def _joined(
    terms: list[Term],
    holds: Callable[[Facts], bool],
    keys: frozenset[str],
    weight: int,
    words: str,
) -> Term:
    return Term(
        holds,
        keys,
        weight,
        f"({words}{'; '.join(term.says for term in terms)})",
        frozenset().union(*(term.findings for term in terms)),
        frozenset().union(*(term.quantities for term in terms)),
        frozenset().union(*(term.ages for term in terms)),
        softened_by=frozenset().union(*(term.softened_by for term in terms)),
    )
