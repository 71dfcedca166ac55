"""The closed lists: findings, danger signs, conditions, actions. Only codes and English names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from clinical.assessment import Urgency
from clinical.tables.toml_file import (
    TableError,
    check_codes,
    check_keys,
    read_toml,
    room_file,
    text_list,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRow:
    """One action: English name, and the urgencies of an answer that permit it."""

    name: str
    urgencies: frozenset[Urgency]


def names_by_code(file_name: str) -> Mapping[str, str]:
    """`code = "English name"` of every section of one file; a code may stand only once."""
    names: dict[str, str] = {}
    for section, rows in read_toml(room_file("tables", file_name)).items():
        for code, name in rows.items():
            if code in names:
                raise TableError(f"{file_name}: [{section}] {code} stands twice")
            if not isinstance(name, str) or not name:
                raise TableError(f"{file_name}: [{section}] {code}: expected an English name")
            names[code] = name
    return MappingProxyType(names)


@cache
def findings() -> Mapping[str, str]:
    """Every finding code with its English name."""
    return names_by_code("findings.toml")


@cache
def conditions() -> Mapping[str, str]:
    """Every condition code with its English name."""
    return names_by_code("conditions.toml")


@cache
def danger_sign_codes() -> tuple[str, ...]:
    """The findings that an answer may list as danger signs, in the order of the file."""
    table = read_toml(room_file("tables", "danger_signs.toml"))
    check_keys(table, where="danger_signs.toml", required=["codes"])
    codes = text_list(table["codes"], where="danger_signs.toml: codes")
    check_codes(codes, findings(), where="danger_signs.toml", list_name="findings.toml")
    if len(set(codes)) != len(codes):
        raise TableError("danger_signs.toml: a code stands twice")
    return codes


@cache
def actions() -> Mapping[str, ActionRow]:
    """Every action code with its English name and the urgencies that permit it."""
    table = read_toml(room_file("tables", "actions.toml"))
    check_keys(table, where="actions.toml", required=["actions"])
    rows: dict[str, ActionRow] = {}
    for code, row in table["actions"].items():
        where = f"actions.toml: {code}"
        check_keys(row, where=where, required=["name", "urgency"])
        rows[code] = ActionRow(
            name=row["name"],
            urgencies=frozenset(
                urgency_named(name, where=where) for name in text_list(row["urgency"], where=where)
            ),
        )
    return MappingProxyType(rows)


@cache
def permitted_actions(urgency: Urgency) -> frozenset[str]:
    """The actions that an answer of this urgency may give; none for UNSPECIFIED."""
    return frozenset(code for code, row in actions().items() if urgency in row.urgencies)


def urgency_named(name: str, *, where: str) -> Urgency:
    """The urgency of that name. Raises TableError for any other, and for UNSPECIFIED."""
    answered = [urgency.name for urgency in Urgency if urgency is not Urgency.UNSPECIFIED]
    if name not in answered:
        raise TableError(f"{where}: urgency {name!r}; expected one of {', '.join(answered)}")
    return Urgency[name]
