"""Reads one table file and refuses what it does not expect, with file and key.

Knows nothing of medicine: only that a table has the keys its reader names and no others.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

TomlTable = Mapping[str, Any]


class TableError(ValueError):
    """A table file says what is not expected. The text names file, key and expectation."""


def room_file(*path: str) -> Traversable:
    """A data file of the room `clinical`, by its path below it."""
    return resources.files("clinical").joinpath(*path)


def read_toml(file: Traversable) -> TomlTable:
    """The whole file. Raises TableError when it is not UTF-8 TOML."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TableError(f"{file.name}: expected UTF-8 TOML: {error}") from error


def check_keys(
    table: TomlTable, *, where: str, required: Iterable[str], optional: Iterable[str] = ()
) -> None:
    """Raise TableError when a required key is missing or a key is unknown."""
    need, may = set(required), set(optional)
    if missing := sorted(need - table.keys()):
        raise TableError(f"{where}: missing {', '.join(missing)}")
    if unknown := sorted(table.keys() - need - may):
        known = ", ".join(sorted(need | may))
        raise TableError(f"{where}: unknown {', '.join(unknown)}; expected {known}")


def check_codes(codes: Iterable[str], known: Iterable[str], *, where: str, list_name: str) -> None:
    """Raise TableError when a code is not in the closed list."""
    if unknown := sorted(set(codes) - set(known)):
        raise TableError(f"{where}: {', '.join(unknown)} not in {list_name}")


def text_list(value: Any, *, where: str) -> tuple[str, ...]:
    """A list of texts. Raises TableError for anything else."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TableError(f"{where}: expected a list of texts")
    return tuple(value)
