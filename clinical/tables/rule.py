"""The rules as they stand in clinical/tables/rules, compiled once. Applied in clinical/rules.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from clinical.assessment import ReferralLevel, Urgency
from clinical.tables.codes import conditions, danger_sign_codes, urgency_named
from clinical.tables.derived import term_of
from clinical.tables.frames import check_permitted, level_named, urgency_frames
from clinical.tables.populations import Population, populations_named
from clinical.tables.question import questions
from clinical.tables.terms import Term
from clinical.tables.toml_file import (
    TableError,
    check_codes,
    check_keys,
    read_toml,
    room_file,
    text_list,
)

STATUSES = ("read", "secondary", "from memory")
REQUIRED = ("id", "says", "population", "when", "urgency", "condition", "citation", "status")
OPTIONAL = ("danger_signs", "actions", "level", "ask", "rows", "rank", "reviewed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the guideline.

    `rank` is added to the number of facts that a rule asks for: of two rules of one urgency the
    more specific one names the condition. `rows` are the guideline rows that it transcribes,
    `danger_signs` those of its findings that an answer lists, `order` its place in the tables.
    """

    id: str
    says: str
    populations: tuple[Population, ...]
    when: Term
    urgency: Urgency
    condition: str
    danger_signs: tuple[str, ...]
    actions: tuple[str, ...]
    level: ReferralLevel
    ask: tuple[str, ...]
    rows: tuple[str, ...]
    rank: int
    citation: str
    status: str
    reviewed: bool
    order: int
    file: str


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order of files and rows. Raises TableError; ids are unique."""
    files = sorted(room_file("tables", "rules").iterdir(), key=lambda file: file.name)
    rows: list[tuple[str, Mapping[str, Any]]] = []
    for file in files:
        if file.name.endswith(".toml"):
            table = read_toml(file)
            check_keys(table, where=f"rules/{file.name}", required=["title", "rule"])
            rows.extend((file.name, row) for row in table["rule"])
    return unique(rule_of(row, file=file, order=order) for order, (file, row) in enumerate(rows))


def unique(loaded: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules, once. Raises TableError when an id stands twice."""
    by_id: dict[str, Rule] = {}
    for rule in loaded:
        if rule.id in by_id:
            other = by_id[rule.id].file
            raise TableError(f"rules/{rule.file}: {rule.id} stands already in rules/{other}")
        by_id[rule.id] = rule
    return tuple(by_id.values())


def rule_of(row: Mapping[str, Any], *, file: str, order: int) -> Rule:
    """One rule. Raises TableError with file, id and expectation for anything not expected."""
    where = f"rules/{file}: {row.get('id', f'row {order}')}"
    check_keys(row, where=where, required=REQUIRED, optional=OPTIONAL)
    urgency = urgency_named(row["urgency"], where=where)
    when = _when(row["when"], where=where)
    acts = text_list(row.get("actions", []), where=where)
    check_permitted(acts, urgency, where=where)
    ask = text_list(row.get("ask", []), where=where)
    check_codes(ask, questions(), where=where, list_name="questions.toml")
    check_codes([row["condition"]], conditions(), where=where, list_name="conditions.toml")
    return Rule(
        id=row["id"],
        says=row["says"],
        populations=populations_named(row["population"], where=where),
        when=when,
        urgency=urgency,
        condition=row["condition"],
        danger_signs=_danger_signs(row, when, where=where),
        actions=acts,
        level=level_named(row.get("level", urgency_frames()[urgency].level), where=where),
        ask=ask,
        rows=text_list(row.get("rows", []), where=where),
        rank=int(row.get("rank", 0)),
        citation=_citation(row, where=where),
        status=row["status"],
        reviewed=bool(row.get("reviewed", False)),
        order=order,
        file=file,
    )


def _when(term: Any, *, where: str) -> Term:
    when = term_of(term, where=where)
    if not when.keys:
        raise TableError(f"{where}: `when` could hold although nothing is known")
    if softening := sorted(when.softened_by.intersection(danger_sign_codes())):
        raise TableError(f"{where}: none names the danger sign {', '.join(softening)}")
    return when


def _danger_signs(row: Mapping[str, Any], when: Term, *, where: str) -> tuple[str, ...]:
    """All danger signs that `when` asks for, or the fewer that the row names."""
    asked = [code for code in danger_sign_codes() if code in when.findings]
    signs = text_list(row.get("danger_signs", asked), where=where)
    check_codes(signs, asked, where=where, list_name="the danger signs that `when` asks for")
    return signs


def _citation(row: Mapping[str, Any], *, where: str) -> str:
    if row["status"] not in STATUSES:
        raise TableError(f"{where}: status expects one of {', '.join(STATUSES)}")
    citation: str = row["citation"]
    if not citation.strip():
        raise TableError(f"{where}: citation expects the source")
    return citation
