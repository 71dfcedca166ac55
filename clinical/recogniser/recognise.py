"""Looks for signs in a message's tokens, a few words at a time. Knows nothing of negation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import exp, log
from typing import NamedTuple

from clinical.reader.tokens import Token
from clinical.recogniser.features import feature_of_pair, features_of_word
from clinical.recogniser.weights import Weights, weights
from clinical.recogniser.windows import WINDOW, sentences

NO_SIGN = ""  # the class of words that carry no sign
# Log odds of any sign against none; chosen on texts left out of training (clinical/README.md).
SURE_FROM = 0.5
LEAST_WORDS = 3  # a greeting is no sign, and one word alone is the lexicon's to read
_MOST_REMEMBERED = 20_000

Weighed = tuple[tuple[int, float], ...]
_of_word: dict[str, Weighed] = {}
_of_pair: dict[tuple[str, str], Weighed] = {}


class Recognised(NamedTuple):
    """A sign in tokens first..last, and the log odds of any sign against none there."""

    code: str
    first: int
    last: int
    odds: float


def recognise(tokens: Sequence[Token], *, sure_from: float = SURE_FROM) -> list[Recognised]:
    """The likeliest sign of each stretch that is surer than `sure_from`, in order of the text."""
    model = weights()
    found: list[Recognised] = []
    for words in sentences(tokens):
        found.extend(_strongest(_in_sentence(tokens, words, model, sure_from)))
    return found


def _strongest(found: Iterator[Recognised]) -> list[Recognised]:
    """Of overlapping stretches the surest, whatever sign they are of."""
    kept: list[Recognised] = []
    for one in sorted(found, key=lambda r: -r.odds):
        if not any(one.first <= other.last and other.first <= one.last for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda r: r.first)


def _in_sentence(
    tokens: Sequence[Token], places: Sequence[int], model: Weights, sure_from: float
) -> Iterator[Recognised]:
    if len(places) < LEAST_WORDS:
        return
    words = [tokens[i].word for i in places]
    singles = [_weighed_word(word, model) for word in words]
    pairs = [_weighed_pair(a, b, model) for a, b in pairwise(words)]
    nothing = model.signs.index(NO_SIGN)
    score = list(model.bias)
    for at, single in enumerate(singles):
        _add(score, single, 1)
        if at:
            _add(score, pairs[at - 1], 1)
        if at >= WINDOW:
            _add(score, singles[at - WINDOW], -1)
            _add(score, pairs[at - WINDOW], -1)
        if at + 1 < min(WINDOW, len(words)):
            continue
        none = score[nothing]
        score[nothing] = float("-inf")
        best = max(score)
        if best - none > sure_from - _SPREAD:
            odds = best + log(sum(exp(s - best) for s in score)) - none
            if odds > sure_from:
                sign = score.index(best)
                first, last = _telling(singles, max(0, at + 1 - WINDOW), at, sign, nothing)
                yield Recognised(model.signs[sign], places[first], places[last], odds)
        score[nothing] = none


def _telling(
    singles: Sequence[Weighed], first: int, last: int, sign: int, nothing: int
) -> tuple[int, int]:
    """The stretch without words at its ends that speak no more for the sign than for none."""

    def speaks(at: int) -> bool:
        weights = dict(singles[at])
        return weights.get(sign, 0.0) > weights.get(nothing, 0.0)

    while last - first >= LEAST_WORDS and not speaks(first):
        first += 1
    while last - first >= LEAST_WORDS and not speaks(last):
        last -= 1
    return first, last


_SPREAD = 3.0  # what many unsure signs together can add to the likeliest one


def _add(score: list[float], weighed: Weighed, sense: int) -> None:
    for sign, weight in weighed:
        score[sign] += sense * weight


def _weighed_word(word: str, model: Weights) -> Weighed:
    known = _of_word.get(word)
    if known is None:
        known = tuple(model.add_up(features_of_word(word)).items())
        if len(_of_word) < _MOST_REMEMBERED:
            _of_word[word] = known
    return known


def _weighed_pair(before: str, word: str, model: Weights) -> Weighed:
    known = _of_pair.get((before, word))
    if known is None:
        known = tuple(model.add_up((feature_of_pair(before, word),)).items())
        if len(_of_pair) < _MOST_REMEMBERED:
            _of_pair[before, word] = known
    return known
