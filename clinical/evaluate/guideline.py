"""What the evaluation takes from the reader and the tables: listed wordings, codes, suggestions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from clinical import tables
from clinical.reader.lexicon import lexicon_files, phrases

# A wording with a slot, a gap or an inflection mark is a family: it cannot stand word for word.
LITERAL = re.compile(r"[^\W_][\w'’ -]*")


def lexicon_phrases() -> tuple[str, ...]:
    """Every sign wording of every lexicon that is listed literally."""
    return tuple(dict.fromkeys(_literal_wordings(lexicon_files())))


def closed_codes() -> frozenset[str]:
    """All codes that a label may use."""
    return frozenset(tables.findings()) | frozenset(tables.conditions())


def conditions_by_rule() -> dict[str, str]:
    """The condition that each rule suggests, by rule id; rules without one are left out."""
    return {rule.id: rule.condition for rule in tables.rules() if rule.condition}


def _literal_wordings(sources: Mapping[str, Mapping[str, Mapping[str, str]]]) -> Iterator[str]:
    for source in sources.values():
        for value in source.get("signs", {}).values():
            yield from filter(LITERAL.fullmatch, phrases(value))
