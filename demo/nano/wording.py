"""The words for a case: this room's own wording tables, the reader's lexicon, the phrase catalogue.

A share of the wordings of each sign is held out: training never sees it, the evaluation does.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from clinical.phrases import Form, Kind, phrase
from demo.nano.lexicon_wordings import lexicon_denials, lexicon_wordings

LANGUAGES = ("en", "fr", "sw")
_HELD_OUT_OF = 6
_FEWEST_TO_HOLD_OUT = 4


class Split(StrEnum):
    """Which wordings may be used."""

    TRAIN = "train"
    HELD_OUT = "held_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The tables of one language: section -> key -> alternatives."""

    language: str
    tables: Mapping[str, Mapping[str, tuple[str, ...]]]

    def choices(self, section: str, key: str) -> tuple[str, ...]:
        """Alternatives of one entry; KeyError names it when it is missing."""
        return self.tables[section][key]

    def of_split(self, section: str, split: Split) -> tuple[str, ...]:
        """Alternatives of a split; where nothing is held out, those of training."""
        table = self.tables[section]
        return table.get(split) or table[Split.TRAIN]


@cache
def wording(language: str) -> Wording:
    """The tables of `language`, one of LANGUAGES."""
    text = resources.files("demo.nano").joinpath("wording", f"{language}.toml").read_text("utf-8")
    raw: Mapping[str, Mapping[str, Any]] = tomllib.loads(text)
    tables = {
        section: {key: tuple(values) for key, values in rows.items()}
        for section, rows in raw.items()
    }
    return Wording(language=language, tables=tables)


@cache
def sign_wordings(code: str, language: str, split: Split) -> tuple[str, ...]:
    """Ways to state a finding; never empty. Held-out wordings are disjoint from training's."""
    known = _all_wordings(code, language)
    held = tuple(words for words in known if _is_held_out(code, words))
    if len(known) < _FEWEST_TO_HOLD_OUT or len(held) == len(known):
        return known
    if split is Split.TRAIN:
        return tuple(words for words in known if words not in held)
    return held or known


@cache
def denials(code: str, language: str, split: Split) -> tuple[str, ...]:
    """Ways to state that a finding was looked for and is not there; never empty.

    A wording that is negative already («cannot drink») is not negated once more, and one that was
    put together from a pattern («cries when the neck bends») is not negated: nobody writes so.
    """
    words = wording(language)
    negative = set(words.choices("negation", "negative_words"))
    common = {*words.tables["signs"].get(code, ()), sign_name(code, language)}
    plain = [
        said
        for said in sign_wordings(code, language, split)
        if said in common and negative.isdisjoint(said.split())
    ]
    negated = [
        pattern.format(sign=said) for said in plain for pattern in words.of_split("negation", split)
    ]
    known = (*negated, *lexicon_denials(code, language))
    return known or (words.of_split("negation", split)[0].format(sign=sign_name(code, language)),)


@cache
def sign_name(code: str, language: str) -> str:
    """The short name of a finding, as a reply would say it."""
    return phrase(Kind.FINDING, code, language=language, form=Form.SMS)


def _all_wordings(code: str, language: str) -> tuple[str, ...]:
    own = wording(language).tables["signs"].get(code, ())
    found = [*own, *lexicon_wordings(code, language), sign_name(code, language)]
    return tuple(dict.fromkeys(found))


def _is_held_out(code: str, words: str) -> bool:
    digest = hashlib.sha256(f"{code}:{words}".encode()).digest()
    return digest[0] % _HELD_OUT_OF == 0
