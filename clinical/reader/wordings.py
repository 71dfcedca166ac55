"""Reads the lexicon files and takes wordings apart into words. Compiles nothing (see compiling).

A language is one file of `clinical/lexicon/`; families.toml holds what is the same in all.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any

from clinical.reader.tokens import fold, tokenize


class Meaning(StrEnum):
    """What a wording says of its code."""

    SIGN = "signs"
    ABSENT = "absent"
    NOTHING = "nothing"


class LexiconError(ValueError):
    """A lexicon file does not have the expected form; says which file, where and what was due."""


def phrases(value: str) -> tuple[str, ...]:
    """The comma-separated wordings of one lexicon entry."""
    return tuple(p for p in (" ".join(part.split()) for part in value.split(",")) if p)


@lru_cache(maxsize=1)
def lexicon_files() -> Mapping[str, Mapping[str, Any]]:
    """Every lexicon file as parsed, by name without ending («en», «families» ...)."""
    folder = files("clinical") / "lexicon"
    found = {}
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            found[entry.name.removesuffix(".toml")] = tomllib.loads(
                entry.read_text(encoding="utf-8")
            )
    return found


@lru_cache(maxsize=20_000)
def part_words(part: str) -> tuple[str, ...]:
    """Words of one blank-free piece; an elision or a «++» makes several."""
    if part.isascii() and part.isalpha() and part.islower():
        return (part,)
    return tuple(t.word for t in tokenize(fold(part)))


@lru_cache(maxsize=20_000)
def plain_words(phrase: str) -> tuple[str, ...]:
    """The literal words of a wording, without slots and gaps."""
    if phrase.isascii() and phrase.islower() and phrase.replace(" ", "").isalpha():
        return tuple(phrase.split())
    return tuple(w for part in phrase.split() if part[0] not in "<~&" for w in part_words(part))
