"""Finds cue phrases («not sure», «come back if») among a message's words. Knows no cue itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache


@lru_cache(maxsize=128)
def _by_first_word(cues: frozenset[str]) -> Mapping[str, tuple[tuple[str, ...], ...]]:
    filed: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for phrase in cues:
        if words := tuple(phrase.split()):
            filed[words[0]].append(words)
    return {w: tuple(sorted(group, key=len, reverse=True)) for w, group in filed.items()}


def cue_positions(words: Sequence[str], cues: frozenset[str]) -> Mapping[int, int]:
    """Start and end token of every cue phrase in the message, the longest at each start."""
    filed = _by_first_word(cues)
    found: dict[int, int] = {}
    for i, word in enumerate(words):
        if word not in filed:
            continue
        for phrase in filed[word]:
            if tuple(words[i : i + len(phrase)]) == phrase:
                found[i] = i + len(phrase)
                break
    return found
