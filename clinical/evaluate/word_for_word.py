"""How much of a measured share is only the lexicon finding its own words again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clinical.evaluate.judge import Outcome, urgency_reached
from clinical.evaluate.proportion import Proportion

Wordings = Mapping[str, Iterable[str]]  # finding code -> phrases of the lexicons
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordForWord:
    """Phrases count as whole words, whatever their case and accents.

    `any_phrase`: texts that hold any phrase of any finding («cough» is one). `own_sign`: texts with
    danger sign codes that hold a phrase of one of them. `recall_without`: danger sign recall over
    those that hold none, which is what was read without being listed.
    """

    any_phrase: Proportion
    own_sign: Proportion
    recall_without: Proportion


def compare_wording(outcomes: Sequence[Outcome], phrases: Wordings) -> WordForWord:
    """Count the texts that hold listed phrases."""
    by_code = {code: _by_first_word(listed) for code, listed in phrases.items()}
    held = [(o, _codes_held(words_of(o.case.text), by_code)) for o in outcomes]
    signed = [
        (o, not codes.isdisjoint(o.case.danger_signs)) for o, codes in held if o.case.danger_signs
    ]
    return WordForWord(
        any_phrase=Proportion.of(bool(codes) for _, codes in held),
        own_sign=Proportion.of(listed for _, listed in signed),
        recall_without=Proportion.of(urgency_reached(o) for o, listed in signed if not listed),
    )


def words_of(text: str) -> Words:
    """Words in small letters without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return tuple(re.findall(r"\w+", plain))


def _by_first_word(phrases: Iterable[str]) -> dict[str, set[Words]]:
    filed: dict[str, set[Words]] = {}
    for words in filter(None, map(words_of, phrases)):
        filed.setdefault(words[0], set()).add(words)
    return filed


def _codes_held(words: Words, by_code: Mapping[str, Mapping[str, set[Words]]]) -> frozenset[str]:
    return frozenset(code for code, filed in by_code.items() if _holds(words, filed))


def _holds(words: Words, filed: Mapping[str, set[Words]]) -> bool:
    return any(
        words[start : start + len(phrase)] == phrase
        for start, word in enumerate(words)
        for phrase in filed.get(word, ())
    )
