"""Facts that make a rule's term true, drawn at random from the raw guideline tables.

The other direction of clinical.tables.terms: there facts are asked, here they are made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from clinical.tables.terms import COMPARISON
from clinical.tables.toml_file import read_toml, room_file

NO = "no "
"""Begins a term that asks for a finding's stated absence."""

_TWO_OF_A_GROUP = 0.25
"""How often a second member of an «any» group is stated as well."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """What has been drawn so far: stated findings, barred findings, bounds of numbers.

    `barred` holds what must not be stated: «cough», or «no cough» for its absence.
    """

    present: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    barred: set[str] = field(default_factory=set)
    at_least: dict[str, float] = field(default_factory=dict)
    at_most: dict[str, float] = field(default_factory=dict)

    def state(self, statement: str) -> None:
        """Note a finding once, as present («cough») or as absent («no cough»)."""
        code = statement.removeprefix(NO)
        stated = self.absent if statement.startswith(NO) else self.present
        if code not in stated:
            stated.append(code)


def draw_term(term: Any, draft: Draft, rng: Random) -> None:
    """Add to `draft` what makes `term` true. Bars what a «none» group excludes."""
    if isinstance(term, str):
        _draw_leaf(term, draft, rng)
        return
    if "none" in term:
        for member in term["none"]:
            draft.barred |= statements_in(member)
        return
    for member in _chosen(term, rng):
        draw_term(member, draft, rng)


def statements_in(term: Any) -> set[str]:
    """Every finding, or absence of one, that a raw term names."""
    if isinstance(term, str):
        if term.startswith("@"):
            return statements_in(_definitions()[term[1:]])
        return set() if COMPARISON.match(term) else {term}
    members = next(value for key, value in term.items() if key != "at_least")
    return set().union(*(statements_in(member) for member in members))


def _chosen(group: Mapping[str, Any], rng: Random) -> list[Any]:
    if "all" in group:
        return list(group["all"])
    members = group["any"] if "any" in group else group["of"]
    count = int(group.get("at_least", 1))
    if count < len(members) and rng.random() < _TWO_OF_A_GROUP:
        count += 1
    return rng.sample(members, count)


def _draw_leaf(term: str, draft: Draft, rng: Random) -> None:
    if term.startswith("@"):
        draw_term(_definitions()[term[1:]], draft, rng)
    elif match := COMPARISON.match(term):
        _bound(draft, *match.groups())
    else:
        draft.state(term)


def _bound(draft: Draft, quantity: str, sign: str, limit_text: str) -> None:
    limit, step = float(limit_text), _step(quantity)
    if sign in {">=", ">"}:
        low = limit + (step if sign == ">" else 0)
        draft.at_least[quantity] = max(low, draft.at_least.get(quantity, low))
    else:
        high = limit - (step if sign == "<" else 0)
        draft.at_most[quantity] = min(high, draft.at_most.get(quantity, high))


def _step(quantity: str) -> float:
    return 0.1 if quantity in {"temp_celsius", "haemoglobin_g_per_dl"} else 1


@cache
def _definitions() -> Mapping[str, Any]:
    return read_toml(room_file("tables", "definitions.toml"))
