"""The closed code lists that a model chooses from, as `clinical` names them. Adds none."""

from __future__ import annotations

import hashlib
import json
import tomllib
from functools import cache
from importlib import resources

URGENCIES = ("HOME", "ROUTINE", "URGENT", "EMERGENCY")


@cache
def danger_sign_codes() -> tuple[str, ...]:
    """Codes that may stand in `danger_signs`, in table order."""
    return tuple(_table("danger_signs")["codes"])


@cache
def condition_codes() -> tuple[str, ...]:
    """Codes that may stand in `conditions`, in table order."""
    return tuple(code for section in _table("conditions").values() for code in section)


@cache
def action_codes() -> tuple[str, ...]:
    """Codes that may stand in `actions`, in table order."""
    return tuple(_table("actions")["actions"])


@cache
def code_table_digest() -> str:
    """SHA-256 over the four lists in order: a checkpoint trained on others must not be served."""
    lists = [danger_sign_codes(), condition_codes(), URGENCIES, action_codes()]
    return hashlib.sha256(json.dumps(lists).encode()).hexdigest()


def _table(name: str) -> dict[str, dict[str, object]]:
    text = resources.files("clinical").joinpath("tables", f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)
