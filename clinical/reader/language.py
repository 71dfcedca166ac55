"""Guesses the language of a message from the lexicons' words; None when nothing tells."""

from __future__ import annotations

from collections.abc import Iterable

from clinical.reader.compiling import lexicon
from clinical.reader.lexicon import Lexicon
from clinical.reader.tokens import fold, tokenize

_SHARED_WEIGHT = 0.1  # a word that two languages know says little


def language_of_words(words: Iterable[str], compiled: Lexicon) -> str | None:
    """The language that owns most of the different words."""
    score = dict.fromkeys(compiled.languages, 0.0)
    for word in set(words):
        if not word[0].isalpha() or len(word) < 2:
            continue
        owners = [n for n in compiled.languages if word in compiled.words_by_language[n]]
        for owner in owners:
            score[owner] += 1 if len(owners) == 1 else _SHARED_WEIGHT
    best = max(score, key=score.__getitem__, default=None)
    return best if best is not None and score[best] > 0 else None


def detect_language(text: str) -> str | None:
    """Language code of a text («en», «fr», «sw»), or None."""
    return language_of_words((t.word for t in tokenize(fold(text[:4_000]))), lexicon())
