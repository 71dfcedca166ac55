"""The closed code lists that a model chooses from, as `clinical` names them. Adds none."""

from __future__ import annotations

import hashlib
import json
from functools import cache

from clinical import tables

URGENCIES = ("HOME", "ROUTINE", "URGENT", "EMERGENCY")


def danger_sign_codes() -> tuple[str, ...]:
    """Codes that may stand in `danger_signs`, in table order."""
    return tuple(tables.danger_sign_codes())


def condition_codes() -> tuple[str, ...]:
    """Codes that may stand in `conditions`, in table order."""
    return tuple(tables.conditions())


def action_codes() -> tuple[str, ...]:
    """Codes that may stand in `actions`, in table order."""
    return tuple(tables.actions())


@cache
def code_table_digest() -> str:
    """SHA-256 over the four lists in order: a checkpoint trained on others must not be served."""
    lists = [danger_sign_codes(), condition_codes(), URGENCIES, action_codes()]
    return hashlib.sha256(json.dumps(lists).encode()).hexdigest()
