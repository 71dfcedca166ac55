"""What rules lean on: named definitions, and findings that measurements or other findings state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from clinical.tables.codes import findings
from clinical.tables.populations import Population, populations_named
from clinical.tables.terms import Definitions, Term, parse_term
from clinical.tables.toml_file import check_codes, check_keys, read_toml, room_file, text_list

FILE = "derived.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A finding that measurements or other findings state, or rule out."""

    finding: str
    populations: tuple[Population, ...]
    present_when: Term
    absent_when: Term | None
    citation: str


@cache
def definitions() -> Definitions:
    """Terms that rules name as «@name». A definition may use those above it."""
    named: dict[str, Term] = {}
    for name, term in read_toml(room_file("tables", "definitions.toml")).items():
        where = f"definitions.toml: {name}"
        named[name] = parse_term(term, known=findings(), named=named, where=where)
    return named


def term_of(term: Any, *, where: str) -> Term:
    """A term over the closed findings and the definitions. Raises TableError."""
    return parse_term(term, known=findings(), named=definitions(), where=where)


@cache
def implied_findings() -> Mapping[str, frozenset[str]]:
    """Findings that a stated finding states as well, through every step."""
    table = read_toml(room_file("tables", FILE))["implies"]
    direct = {code: set(text_list(more, where=FILE)) for code, more in table.items()}
    for code, more in direct.items():
        where = f"{FILE}: implies {code}"
        check_codes({code} | more, findings(), where=where, list_name="findings.toml")
    return {code: _reached(code, direct) for code in direct}


def _reached(code: str, direct: Mapping[str, set[str]]) -> frozenset[str]:
    reached, open_codes = set[str](), [code]
    while open_codes:
        new = direct.get(open_codes.pop(), set()) - reached
        reached |= new
        open_codes.extend(new)
    return frozenset(reached)


@cache
def derived_findings() -> tuple[Derived, ...]:
    """Every derived finding, in the order in which they are applied."""
    table = read_toml(room_file("tables", FILE))
    check_keys(table, where=FILE, required=["implies", "derived"])
    return tuple(derived_of(row) for row in table["derived"])


def derived_of(row: Mapping[str, Any]) -> Derived:
    """One derived finding. Raises TableError for anything that is not expected."""
    where = f"{FILE}: {row.get('finding', '?')}"
    needed = ["finding", "population", "present_when", "citation"]
    check_keys(row, where=where, required=needed, optional=["absent_when"])
    check_codes([row["finding"]], findings(), where=where, list_name="findings.toml")
    absent = row.get("absent_when")
    return Derived(
        finding=row["finding"],
        populations=populations_named(row["population"], where=where),
        present_when=term_of(row["present_when"], where=where),
        absent_when=None if absent is None else term_of(absent, where=where),
        citation=row["citation"],
    )
