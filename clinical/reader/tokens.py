"""Cuts a message into tokens whose offsets point into the original text.

Folds case and accents one character at a time so that offsets survive; knows no word's meaning.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

MARK = "\u0300"  # stands for any combining mark: kept while offsets matter, dropped from the word

_ODD_FOLDS = {"œ": "e", "æ": "e", "’": "'", "`": "'", "´": "'", "ʼ": "'", "‘": "'", "٫": "."}
_ELISIONS = frozenset({"l", "d", "n", "j", "c", "s", "m", "t", "qu", "jusqu", "aujourd"})
_LETTER = rf"(?:[^\W\d_]|{MARK})"
_TOKEN = re.compile(rf"\d+(?:[.,]\d+)?|{_LETTER}+(?:'{_LETTER}+)*|[^\w\s]|\n|_")
LONG_RUN = re.compile(r"([^\W\d_])\1{2,}")


class Token(NamedTuple):
    """One word, number or punctuation mark; [start, end) are character offsets in the text."""

    word: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    if unicodedata.combining(character):
        return MARK
    folded = _ODD_FOLDS.get(character.lower()[0])
    return folded or unicodedata.normalize("NFKD", character)[0].lower()[0]


def fold(text: str) -> str:
    """Lower case without accents, exactly as long as `text`."""
    if text.isascii():
        return text.lower().replace("`", "'")
    return "".join(map(_fold_character, text))


def _word(raw: str) -> str:
    """A word as looked up: without marks, apostrophes and runs of a letter («soooo»)."""
    if raw.isalpha() and not LONG_RUN.search(raw):
        return raw
    return LONG_RUN.sub(r"\1\1", raw.replace(MARK, "").replace("'", ""))


def tokenize(folded: str) -> list[Token]:
    """Tokens of a folded text. French elisions are cut off; «can't» becomes «cant»."""
    tokens = []
    for match in _TOKEN.finditer(folded):
        raw, start = match.group(), match.start()
        if "'" in raw and len(raw) > 1:
            head, _, tail = raw.partition("'")
            if head in _ELISIONS and len(tail) > 1:
                tokens.append(Token(head + "'", start, start + len(head) + 1))
                raw, start = tail, start + len(head) + 1
        word = _word(raw) if len(raw) > 1 else raw
        if word:
            tokens.append(Token(word, start, match.end()))
    return tokens
