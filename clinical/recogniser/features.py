"""Words as numbered features: the word, its pieces, its sound, and the pair with the word before.

Pieces and sound are what misspelt words still share. Knows no weight and no sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

from clinical.reader.spelling import sound_key

BUCKETS = 1 << 16
_PIECES = (3, 4)
_CUT_FROM = 4  # letters of a word that is also taken by its pieces
_PIECES_WEIGHT = 1.5  # all pieces of a word together, against 1 for the word itself
_SOUND_FROM = 2

Feature = tuple[int, float]  # bucket, value


def _bucket(name: str) -> int:
    return crc32(name.encode()) % BUCKETS


@lru_cache(maxsize=20_000)
def features_of_word(word: str) -> tuple[Feature, ...]:
    """What one folded word is known by."""
    if not word.isalpha():
        return ((_bucket("#" if word[0].isdigit() else f"w {word}"), 1.0),)
    found = [(_bucket(f"w {word}"), 1.0)]
    if len(word) >= _CUT_FROM:
        edged = f"<{word}>"
        pieces = [edged[i : i + n] for n in _PIECES for i in range(len(edged) - n + 1)]
        found += [(_bucket(f"p {piece}"), _PIECES_WEIGHT / len(pieces)) for piece in pieces]
    sound = sound_key(word)
    if len(sound) >= _SOUND_FROM:
        found.append((_bucket(f"s {sound}"), 1.0))
    return tuple(found)


def feature_of_pair(before: str, word: str) -> Feature:
    """Two words side by side: «not» before «breathing» is another thing than either."""
    return _bucket(f"b {before} {word}"), 1.0


def features_of(words: Sequence[str]) -> list[Feature]:
    """All features of a stretch of words."""
    found = [feature for word in words for feature in features_of_word(word)]
    found += [feature_of_pair(a, b) for a, b in pairwise(words)]
    return found
