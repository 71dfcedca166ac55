"""The compiled lexicon as data: all languages joined, since messages mix languages.

Does not read files (see wordings), compile (see compiling) or match (see families).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from clinical.reader.spelling import Speller
from clinical.reader.wordings import Meaning


class Pattern(NamedTuple):
    """One wording: elements that stand in order with at most `gaps` words between, or, with
    `window` set, in any order within that many words."""

    code: str
    meaning: Meaning
    elements: tuple[int, ...]
    gaps: tuple[int, ...]
    window: int | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Cue words by role (`negators`, `uncertain`, `baby` ...), joined over all languages."""

    roles: Mapping[str, frozenset[str]]

    def __getitem__(self, role: str) -> frozenset[str]:
        return self.roles.get(role, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWords:
    """Words of time and people: numbers and units as written, `people` by role."""

    numbers: Mapping[str, float]
    units: Mapping[str, str]
    units_first: frozenset[str]
    half: frozenset[str]
    between_number_and_unit: frozenset[str]
    passed_over: frozenset[str]
    people: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """All languages compiled. Elements are numbers: one for each word and each concept."""

    languages: tuple[str, ...]
    element_of_word: Mapping[str, int]
    concepts_of_word: Mapping[int, tuple[int, ...]]
    sequences: Mapping[int, tuple[tuple[tuple[int, ...], int], ...]]
    patterns: Mapping[int, tuple[Pattern, ...]]
    fillers: frozenset[str]  # words that a wording's gaps do not count
    shortenings: Mapping[str, tuple[str, ...]]
    cues: Words
    time: TimeWords
    speller: Speller
    words_by_language: Mapping[str, frozenset[str]]
    remembered: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
