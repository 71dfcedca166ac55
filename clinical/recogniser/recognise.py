"""Looks for signs in a message's tokens, a few words at a time. Knows nothing of negation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from math import exp, log
from operator import add, sub
from typing import NamedTuple

from clinical.reader.tokens import Token
from clinical.recogniser.features import feature_of_pair, features_of_word
from clinical.recogniser.weights import Weights, weights
from clinical.recogniser.windows import WINDOW, sentences

NO_SIGN = ""  # the class of words that carry no sign
# Log odds of any sign against none; chosen on texts left out of training (clinical/README.md).
SURE_FROM = 1.0
LEAST_WORDS = 3  # a greeting is no sign, and one word alone is the lexicon's to read
_MOST_REMEMBERED = 8_000

Scores = tuple[float, ...]  # one for each sign, by its number
_of_word: dict[str, Scores] = {}
_of_pair: dict[tuple[str, str], dict[int, float]] = {}


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
    singles = [_scores_of_word(word, model) for word in words]
    sums = list(accumulate(_with_pairs(words, singles, model), _plus, initial=model.bias))
    nothing = model.signs.index(NO_SIGN)
    for at in range(min(WINDOW, len(words)), len(words) + 1):
        score = list(sums[at])
        if at > WINDOW:
            score = list(map(sub, score, map(sub, sums[at - WINDOW], model.bias)))
        none = score[nothing]
        score[nothing] = float("-inf")
        best = max(score)
        if best - none > sure_from - _SPREAD:
            odds = best + log(sum(exp(s - best) for s in score)) - none
            if odds > sure_from:
                sign = score.index(best)
                first, last = _telling(singles, max(0, at - WINDOW), at - 1, sign, nothing)
                yield Recognised(model.signs[sign], places[first], places[last], odds)


def _plus(one: Scores, other: Scores) -> Scores:
    return tuple(map(add, one, other))


def _with_pairs(
    words: Sequence[str], singles: Sequence[Scores], model: Weights
) -> Iterator[Scores]:
    """What each word adds, the pair with the word before it included."""
    yield singles[0]
    for (before, word), single in zip(pairwise(words), singles[1:], strict=True):
        if pair := _scores_of_pair(before, word, model):
            both = list(single)
            for sign, weight in pair.items():
                both[sign] += weight
            yield tuple(both)
        else:
            yield single


def _telling(
    singles: Sequence[Scores], first: int, last: int, sign: int, nothing: int
) -> tuple[int, int]:
    """The stretch without words at its ends that speak no more for the sign than for none."""

    def speaks(at: int) -> bool:
        return singles[at][sign] > singles[at][nothing]

    while last - first >= LEAST_WORDS and not speaks(first):
        first += 1
    while last - first >= LEAST_WORDS and not speaks(last):
        last -= 1
    return first, last


_SPREAD = 3.0  # what many unsure signs together can add to the likeliest one


def _scores_of_word(word: str, model: Weights) -> Scores:
    known = _of_word.get(word)
    if known is None:
        total = model.add_up(features_of_word(word))
        known = tuple(total.get(sign, 0.0) for sign in range(len(model.signs)))
        if len(_of_word) < _MOST_REMEMBERED:
            _of_word[word] = known
    return known


def _scores_of_pair(before: str, word: str, model: Weights) -> dict[int, float]:
    known = _of_pair.get((before, word))
    if known is None:
        known = model.add_up((feature_of_pair(before, word),))
        if len(_of_pair) < _MOST_REMEMBERED:
            _of_pair[before, word] = known
    return known
