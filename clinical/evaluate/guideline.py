"""What the evaluation takes from the reader and the tables: listed wordings, codes, suggestions."""

from __future__ import annotations

import re

from clinical import tables
from clinical.reader.wordings import lexicon_files, phrases

# A wording with a slot, a gap or an inflection mark is a family: it cannot stand word for word.
LITERAL = re.compile(r"[^\W_][\w'’ -]*")


def lexicon_phrases() -> dict[str, tuple[str, ...]]:
    """The sign wordings that the lexicons of all languages list literally, by finding code."""
    found: dict[str, list[str]] = {}
    for source in lexicon_files().values():
        for code, value in source.get("signs", {}).items():
            found.setdefault(code, []).extend(filter(LITERAL.fullmatch, phrases(value)))
    return {code: tuple(dict.fromkeys(listed)) for code, listed in found.items()}


def closed_codes() -> frozenset[str]:
    """All codes that a label may use."""
    return frozenset(tables.findings()) | frozenset(tables.conditions())


def conditions_by_rule() -> dict[str, str]:
    """The condition that each rule suggests, by rule id; rules without one are left out."""
    return {rule.id: rule.condition for rule in tables.rules() if rule.condition}
