"""Cuts a message into sentences of words; a sign is looked for in a few words side by side."""

from __future__ import annotations

from collections.abc import Sequence

from clinical.reader.tokens import Token

WINDOW = 10  # words looked at together
_SENTENCE_ENDS = frozenset({".", "\n", ";", "!", "?"})


def sentences(tokens: Sequence[Token]) -> list[list[int]]:
    """Token numbers of the words of each sentence; marks are left out."""
    found: list[list[int]] = [[]]
    for number, token in enumerate(tokens):
        if token.word in _SENTENCE_ENDS:
            found.append([])
        elif token.word[0].isalnum():
            found[-1].append(number)
    return [words for words in found if words]
