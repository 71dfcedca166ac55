"""Rules, definitions and derived findings as they stand in the tables, compiled once.

Does not apply them: see clinical/facts.py and clinical/rules.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from clinical.assessment import ReferralLevel, Urgency
from clinical.tables.codes import (
    actions,
    conditions,
    danger_sign_codes,
    findings,
    permitted_actions,
    urgency_named,
)
from clinical.tables.populations import Population, populations
from clinical.tables.terms import Definitions, Term, parse_term
from clinical.tables.toml_file import (
    TableError,
    check_codes,
    check_keys,
    read_toml,
    room_file,
    text_list,
)

STATUSES = ("read", "secondary", "from memory")
RULE_KEYS = ("id", "says", "population", "when", "urgency", "condition", "citation", "status")
RULE_OPTIONAL = ("danger_signs", "actions", "level", "ask", "rows", "rank", "reviewed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the guideline.

    `rank` breaks ties between rules of one urgency after the number of facts they ask for;
    `rows` are the ids of the guideline rows that it transcribes; `reviewed` by a clinician.
    """

    id: str
    says: str
    populations: tuple[Population, ...]
    when: Term
    urgency: Urgency
    condition: str
    danger_signs: tuple[str, ...]  # those of its findings that an answer lists
    actions: tuple[str, ...]
    level: ReferralLevel
    ask: tuple[str, ...]
    rows: tuple[str, ...]
    rank: int
    citation: str
    status: str
    reviewed: bool
    order: int  # place in the tables: the last tie-break
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A finding that measurements or other findings state, or rule out."""

    finding: str
    populations: tuple[Population, ...]
    present_when: Term
    absent_when: Term | None
    citation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UrgencyFrame:
    """What every answer of an urgency holds. `within_hours` is None without referral."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    refer: bool
    within_hours: int | None
    level: ReferralLevel


@cache
def definitions() -> Definitions:
    """Terms that rules name as «@name». A definition may use those above it."""
    named: dict[str, Term] = {}
    for name, term in read_toml(room_file("tables", "definitions.toml")).items():
        where = f"definitions.toml: {name}"
        named[name] = parse_term(term, known=findings(), named=named, where=where)
    return named


@cache
def implied_findings() -> Mapping[str, frozenset[str]]:
    """Findings that a stated finding states as well, through every step."""
    table = read_toml(room_file("tables", "derived.toml")).get("implies", {})
    direct = {code: set(text_list(more, where="derived.toml")) for code, more in table.items()}
    for code, more in direct.items():
        where = f"derived.toml: implies {code}"
        check_codes({code} | more, findings(), where=where, list_name="findings.toml")
    closed: dict[str, frozenset[str]] = {}
    for code in direct:
        reached, open_codes = set[str](), [code]
        while open_codes:
            new = direct.get(open_codes.pop(), set()) - reached
            reached |= new
            open_codes.extend(new)
        closed[code] = frozenset(reached)
    return closed


@cache
def derived_findings() -> tuple[Derived, ...]:
    """Every derived finding, in the order in which they are applied."""
    table = read_toml(room_file("tables", "derived.toml"))
    check_keys(table, where="derived.toml", required=["implies", "derived"])
    return tuple(_derived(row) for row in table["derived"])


def _derived(row: Mapping[str, Any]) -> Derived:
    where = f"derived.toml: {row.get('finding', '?')}"
    check_keys(
        row,
        where=where,
        required=["finding", "population", "present_when", "citation"],
        optional=["absent_when"],
    )
    check_codes([row["finding"]], findings(), where=where, list_name="findings.toml")
    absent = row.get("absent_when")
    return Derived(
        finding=row["finding"],
        populations=_populations(row["population"], where=where),
        present_when=_term(row["present_when"], where=where),
        absent_when=None if absent is None else _term(absent, where=where),
        citation=row["citation"],
    )


@cache
def urgency_frames() -> Mapping[Urgency, UrgencyFrame]:
    """What every answer of an urgency holds, for each urgency that can be answered."""
    table = read_toml(room_file("tables", "urgencies.toml"))
    frames = {
        urgency_named(name, where="urgencies.toml"): _frame(name, row)
        for name, row in table.items()
    }
    if missing := set(Urgency) - {Urgency.UNSPECIFIED} - frames.keys():
        raise TableError(f"urgencies.toml: missing {', '.join(sorted(u.name for u in missing))}")
    return frames


def _frame(name: str, row: Mapping[str, Any]) -> UrgencyFrame:
    where = f"urgencies.toml: {name}"
    keys = ["first", "last", "refer", "level"]
    check_keys(row, where=where, required=keys, optional=["within_hours"])
    first, last = text_list(row["first"], where=where), text_list(row["last"], where=where)
    _check_permitted(first + last, urgency_named(name, where=where), where=where)
    return UrgencyFrame(
        first=first,
        last=last,
        refer=bool(row["refer"]),
        within_hours=row.get("within_hours"),
        level=_level(row["level"], where=where),
    )


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of clinical/tables/rules, in the order of files and rows. Ids are unique."""
    files = sorted(room_file("tables", "rules").iterdir(), key=lambda file: file.name)
    rows = [
        (file.name, row)
        for file in files
        if file.name.endswith(".toml")
        for row in _rule_rows(file.name, read_toml(file))
    ]
    loaded = tuple(_rule(row, file, order) for order, (file, row) in enumerate(rows))
    seen: dict[str, str] = {}
    for rule in loaded:
        if rule.id in seen:
            raise TableError(f"rules/{rule.file}: {rule.id} stands already in {seen[rule.id]}")
        seen[rule.id] = rule.file
    return loaded


def _rule_rows(file: str, table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    check_keys(table, where=f"rules/{file}", required=["title", "rule"])
    rows: list[Mapping[str, Any]] = table["rule"]
    return rows


def _rule(row: Mapping[str, Any], file: str, order: int) -> Rule:
    where = f"rules/{file}: {row.get('id', f'row {order}')}"
    check_keys(row, where=where, required=RULE_KEYS, optional=RULE_OPTIONAL)
    urgency = urgency_named(row["urgency"], where=where)
    acts = text_list(row.get("actions", []), where=where)
    _check_permitted(acts, urgency, where=where)
    check_codes([row["condition"]], conditions(), where=where, list_name="conditions.toml")
    when = _term(row["when"], where=where)
    if not when.keys:
        raise TableError(f"{where}: when can hold although nothing is known")
    shown = [code for code in danger_sign_codes() if code in when.findings]
    signs = text_list(row.get("danger_signs", shown), where=where)
    check_codes(signs, shown, where=where, list_name="the danger signs that `when` asks for")
    if row["status"] not in STATUSES:
        raise TableError(f"{where}: status expects one of {', '.join(STATUSES)}")
    if not row["citation"].strip():
        raise TableError(f"{where}: citation expects the source")
    return Rule(
        id=row["id"],
        says=row["says"],
        populations=_populations(row["population"], where=where),
        when=when,
        urgency=urgency,
        condition=row["condition"],
        danger_signs=signs,
        actions=acts,
        level=_level(row.get("level", urgency_frames()[urgency].level), where=where),
        ask=text_list(row.get("ask", []), where=where),
        rows=text_list(row.get("rows", []), where=where),
        rank=int(row.get("rank", 0)),
        citation=row["citation"],
        status=row["status"],
        reviewed=bool(row.get("reviewed", False)),
        order=order,
        file=file,
    )


def _term(term: Any, *, where: str) -> Term:
    return parse_term(term, known=findings(), named=definitions(), where=where)


def _populations(codes: Any, *, where: str) -> tuple[Population, ...]:
    names = text_list(codes, where=f"{where}: population")
    check_codes(names, populations(), where=where, list_name="populations.toml")
    if not names:
        raise TableError(f"{where}: population expects at least one")
    return tuple(populations()[name] for name in names)


def _level(name: str, *, where: str) -> ReferralLevel:
    try:
        return ReferralLevel(name)
    except ValueError as error:
        raise TableError(f"{where}: level expects one of {', '.join(ReferralLevel)}") from error


def _check_permitted(codes: tuple[str, ...], urgency: Urgency, *, where: str) -> None:
    check_codes(codes, actions(), where=where, list_name="actions.toml")
    if milder := sorted(set(codes) - permitted_actions(urgency)):
        raise TableError(f"{where}: {', '.join(milder)} not permitted at {urgency.name}")
