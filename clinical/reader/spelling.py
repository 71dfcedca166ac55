"""Finds which lexicon word a misspelt token means: by sound first, then by edit distance.

Knows nothing of meaning; ordinary words (the lexicon's `common`) are left as they stand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

_ONE_EDIT_FROM = 6  # letters of the token; below this a typo makes another word too easily
_TWO_EDITS_FROM = 9
_SHORT = range(4, 6)  # letters of a token that is only guessed at
_DOUBLED = re.compile(r"(.)\1")
_VOWEL = re.compile(r"[aeiou]")
_FEWEST_CONSONANTS = 3
_MOST_GUESSES = 6
_CACHE_LIMIT = 20_000

# Order matters: endings and digraphs before single letters.
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"(?:t|s|z|sh|ch|c)i?(?:on|un|en|an)(s?)$", r"sn\1"),
        (r"^kn", "n"),
        (r"^wr", "r"),
        (r"ph", "f"),
        (r"igh|ough|augh", "o"),
        (r"gh", "g"),
        (r"sch|sh|sc(?=[eiy])", "s"),
        (r"ch|ck|q", "k"),
        (r"c(?=[eiy])", "s"),
        (r"c", "k"),
        (r"x", "ks"),
        (r"z", "s"),
        (r"th", "t"),
        (r"(?<=.)h", ""),
        (r"^[aeiouyw]+", "a"),
        (r"(?<=.)[aeiouyw]", "-"),
        (r"([bdfgjklmnprstv])\1+", r"\1"),
        (r"-", ""),
    )
)


def sound_key(word: str) -> str:
    """The consonant skeleton of a word as it sounds; «hedake» and «headache» share one."""
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word


def _skeleton(word: str) -> str:
    """The first letter and the consonants after it, doubles once."""
    return word[0] + _DOUBLED.sub(r"\1", _VOWEL.sub("", word[1:]))


class Speller:
    """Looks tokens up in a fixed vocabulary of lexicon words; remembers its answers."""

    def __init__(self, vocabulary: Iterable[str], common: frozenset[str]) -> None:
        self._words = frozenset(vocabulary)
        self._common = common - self._words
        self._by_first: dict[str, list[str]] = defaultdict(list)
        self._short_by_first: dict[str, list[str]] = defaultdict(list)
        self._guessed: dict[str, tuple[str, ...]] = {}
        self._by_skeleton: dict[str, list[str]] | None = None
        self._by_sound: dict[str, list[str]] | None = None
        for word in sorted(self._words):
            if len(word) >= _ONE_EDIT_FROM - 1:
                self._by_first[word[0]].append(word)
            if len(word) - 1 in _SHORT or len(word) in _SHORT:
                self._short_by_first[word[0]].append(word)
        self._remembered: dict[str, tuple[str, ...]] = {}

    def known(self, token: str) -> bool:
        """Whether the token is a lexicon word or an ordinary word."""
        return token in self._words or token in self._common

    def meanings(self, token: str) -> tuple[str, ...]:
        """The lexicon words that `token` may stand for; () when none is near enough."""
        if token in self._words:
            return (token,)
        found = self._remembered.get(token)
        if found is None:
            found = self._respell(token)
            if len(self._remembered) < _CACHE_LIMIT:
                self._remembered[token] = found
        return found

    def guesses(self, token: str) -> tuple[str, ...]:
        """Words one edit from a short unknown token: too weak to stand alone («snak bite»)."""
        if token in self._common or not token.isalpha():
            return ()
        if len(token) < _ONE_EDIT_FROM - 1 and (bare := self._by_consonants(token)):
            return bare
        if len(token) not in _SHORT:
            return ()
        found = self._guessed.get(token)
        if found is None:
            near = self._short_by_first.get(token[0], [])
            hits = process.extract(
                token,
                near,
                scorer=DamerauLevenshtein.distance,
                score_cutoff=1,
                limit=_MOST_GUESSES,
            )
            found = tuple(word for word, _, _ in hits)
            if len(self._guessed) < _CACHE_LIMIT:
                self._guessed[token] = found
        return found

    def _respell(self, token: str) -> tuple[str, ...]:
        if token in self._common or not token.isalpha() or len(token) > 24:
            return ()
        if len(token) < 5:
            return self._undoubled(token)
        return (
            self._by_edits(token)
            or self._undoubled(token)
            or self._by_consonants(token)
            or self._by_ear(token)
        )

    def _by_consonants(self, token: str) -> tuple[str, ...]:
        """Words whose vowels were left out («vmtng»); only for tokens that hold none."""
        if len(token) < _FEWEST_CONSONANTS or _VOWEL.search(token, 1):
            return ()
        if self._by_skeleton is None:
            self._by_skeleton = defaultdict(list)
            for word in sorted(self._words):
                if len(word) > _FEWEST_CONSONANTS and word.isalpha():
                    self._by_skeleton[_skeleton(word)].append(word)
        return tuple(self._by_skeleton.get(_skeleton(token), ())[:_MOST_GUESSES])

    def _undoubled(self, token: str) -> tuple[str, ...]:
        """«fittts», «hott»: a doubled letter too many."""
        single = _DOUBLED.sub(r"\1", token)
        known = len(single) >= 3 and single != token and single in self._words
        return (single,) if known else ()

    def _by_edits(self, token: str) -> tuple[str, ...]:
        length = len(token)
        allowed = 2 if length >= _TWO_EDITS_FROM else 1 if length >= _ONE_EDIT_FROM - 1 else 0
        # The first letter is the one least often mistyped; the second stands in for swaps.
        near = self._by_first.get(token[0], []) + (
            self._by_first.get(token[1], []) if token[1] != token[0] else []
        )
        if not allowed or not near:
            return ()
        hits = process.extract(
            token,
            near,
            scorer=DamerauLevenshtein.distance,
            score_cutoff=allowed,
            limit=6,
            processor=None,
        )
        fitting = [(word, d) for word, d, _ in hits if self._may_differ(token, word, int(d))]
        best = min((d for _, d in fitting), default=0)
        return tuple(word for word, d in fitting if d == best)

    @staticmethod
    def _may_differ(token: str, word: str, distance: int) -> bool:
        longest = max(len(token), len(word))
        if distance <= 1:
            return longest >= _ONE_EDIT_FROM
        # Two edits may not touch the first letter: there sits the «not» of «hajazimia», «unwell».
        return longest >= _TWO_EDITS_FROM and token[0] == word[0]

    def _by_ear(self, token: str) -> tuple[str, ...]:
        if self._by_sound is None:
            self._by_sound = defaultdict(list)
            for word in sorted(self._words):
                if len(word) >= 5:
                    self._by_sound[sound_key(word)].append(word)
        key = sound_key(token)
        if len(key) < 3:
            return ()
        near = self._by_sound.get(key, ())
        scored = [(DamerauLevenshtein.distance(token, word), word) for word in near]
        scored = [(d, word) for d, word in scored if d <= max(2, len(word) * 2 // 5 + 1)]
        best = min((d for d, _ in scored), default=0)
        return tuple(word for d, word in scored if d == best)
