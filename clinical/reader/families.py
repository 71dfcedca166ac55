"""Finds the lexicon's wordings and families of wording in a tokenised message.

A family is a pattern over concepts, as «<limb> & <powerless>». Knows nothing of negation.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import accumulate, pairwise, product
from typing import NamedTuple

from clinical.reader.lexicon import Lexicon, Pattern
from clinical.reader.tokens import Token
from clinical.reader.wordings import Meaning

# What it costs a pattern's gap to step over a token; a full stop ends nearly every family.
_COST_OF_MARK = {",": 2, ";": 5, ".": 5, "\n": 5, "!": 5, "?": 5, ":": 2, "(": 2, ")": 2, "-": 0}
_COST_OF_TURN = 6  # a negator or «but» between two parts
_VAGUE = frozenset({"bleeding"})  # codes that any fuller wording of the same words replaces
_WIDEST_PART = 4  # words of a concept's longest usual wording
_MOST_REMEMBERED = 20_000
_SPLIT_FROM = 7  # letters of a run-together word


class Match(NamedTuple):
    """A wording found: `first` and `last` are token numbers, `covered` the tokens it rests on."""

    code: str
    meaning: Meaning
    first: int
    last: int
    covered: frozenset[int]
    source: str
    loose: bool  # found as «a & b», in any order


class Sentence(NamedTuple):
    """A message ready for matching: tokens, and for each the elements that start there."""

    tokens: list[Token]
    spans: dict[int, list[tuple[int, int]]]
    weak: frozenset[int]  # tokens respelt so freely that they count only beside a sure one
    cost: list[int]  # running cost, so that cost[j] - cost[i] is the price of tokens i..j-1


def split_joined(tokens: list[Token], lexicon: Lexicon) -> list[Token]:
    """Cuts run-together words («notable», «vomitseverything») where both halves are known."""
    known = lexicon.element_of_word
    whole = []
    for token in tokens:
        word = token.word
        at = None
        if len(word) >= _SPLIT_FROM and word.isalpha() and not lexicon.speller.known(word):
            at = next(
                (k for k in range(len(word) - 3, 2, -1) if word[:k] in known and word[k:] in known),
                None,
            )
        if at is None or token.end - token.start != len(word):
            whole.append(token)
        else:
            whole.append(Token(word[:at], token.start, token.start + at))
            whole.append(Token(word[at:], token.start + at, token.end))
    return whole


def _meanings(word: str, lexicon: Lexicon) -> tuple[str, ...]:
    if word in lexicon.element_of_word:
        return (word,)
    return lexicon.speller.meanings(word) if word.isalpha() else ()


def expand_shortenings(tokens: list[Token], lexicon: Lexicon) -> list[Token]:
    """Writes SMS shortenings out; each word of the expansion keeps the token's place."""
    written = []
    for token in tokens:
        full = lexicon.shortenings.get(token.word)
        if full is None:
            written.append(token)
        else:
            written.extend(Token(word, token.start, token.end) for word in full)
    return written


class _TokenMeaning(NamedTuple):
    """What one word brings to matching, wherever it stands."""

    elements: tuple[int, ...]  # lexicon words it stands for
    concepts: tuple[int, ...]
    weak: bool
    cost: int


def _look_up(word: str, lexicon: Lexicon) -> _TokenMeaning:
    means, weak = _meanings(word, lexicon), False
    if not means and (guesses := lexicon.speller.guesses(word)):
        means, weak = guesses, True
    elements = tuple(lexicon.element_of_word[w] for w in means)
    concepts = tuple(c for e in elements for c in lexicon.concepts_of_word.get(e, ()))
    return _TokenMeaning(elements, tuple(dict.fromkeys(concepts)), weak, _cost(word, lexicon))


def _meaning_of(word: str, lexicon: Lexicon) -> _TokenMeaning:
    remembered: _TokenMeaning | None = lexicon.remembered.get(word)
    if remembered is None:
        remembered = _look_up(word, lexicon)
        if len(lexicon.remembered) < _MOST_REMEMBERED:
            lexicon.remembered[word] = remembered
    return remembered


def _cost(word: str, lexicon: Lexicon) -> int:
    if word in lexicon.cues["negators"] or word in lexicon.cues["turns"]:
        return _COST_OF_TURN
    if word in lexicon.fillers:
        return 0
    return _COST_OF_MARK.get(word, 1)


def prepare(tokens: list[Token], lexicon: Lexicon) -> Sentence:
    """Respells, then finds the elements (words and concepts) at every token."""
    tokens = split_joined(expand_shortenings(tokens, lexicon), lexicon)
    meanings = [_meaning_of(t.word, lexicon) for t in tokens]
    cost = [0, *accumulate(m.cost for m in meanings)]
    spans: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for i, meaning in enumerate(meanings):
        place = (i, i + 1)
        for element in meaning.elements + meaning.concepts:
            spans[element].append(place)
    at = [m.elements for m in meanings]
    grown = set()
    for i, elements in enumerate(at):
        for element in elements:
            for rest, concept in lexicon.sequences.get(element, ()):
                if end := _follow(rest, i + 1, at, cost):
                    spans[concept].append((i, end))
                    grown.add(concept)
    for concept in grown:
        spans[concept].sort()
    weak = frozenset(i for i, m in enumerate(meanings) if m.weak)
    return Sentence(tokens, spans, weak, cost)


def _follow(rest: tuple[int, ...], i: int, at: list[tuple[int, ...]], cost: list[int]) -> int:
    """End of a word sequence that starts its second word at or after token i; 0 if it fails."""
    for element in rest:
        while i < len(at) and element not in at[i]:
            if cost[i + 1] > cost[i]:
                return 0
            i += 1
        if i == len(at):
            return 0
        i += 1
    return i


def find_matches(sentence: Sentence, lexicon: Lexicon) -> list[Match]:
    """Every wording found, those inside a longer one left out, in the order of the text."""
    found = []
    spans = sentence.spans
    for element in tuple(spans):
        for pattern in lexicon.patterns.get(element, ()):
            if all(e in spans for e in pattern.elements):
                found.extend(_matches(pattern, sentence))
    return _widest(found)


def _matches(pattern: Pattern, sentence: Sentence) -> list[Match]:
    if pattern.window is not None:
        chains = _any_order(pattern, sentence)
    else:
        chains = _ordered(pattern, sentence)
    found = []
    for chain in chains:
        covered = frozenset(i for a, b in chain for i in range(a, b))
        if covered <= sentence.weak:
            continue
        found.append(
            Match(
                pattern.code,
                pattern.meaning,
                min(covered),
                max(covered),
                covered,
                pattern.source,
                pattern.window is not None,
            )
        )
    return found


def _ordered(pattern: Pattern, sentence: Sentence) -> list[tuple[tuple[int, int], ...]]:
    spans, cost = sentence.spans, sentence.cost
    chains: list[tuple[tuple[int, int], ...]] = [(s,) for s in spans[pattern.elements[0]]]
    for element, gap in zip(pattern.elements[1:], pattern.gaps, strict=True):
        longer = []
        for chain in chains:
            end = chain[-1][1]
            for a, b in spans[element]:
                if a >= end and cost[a] - cost[end] <= gap:
                    longer.append((*chain, (a, b)))
                    if gap:
                        break  # the nearest is enough
        chains = longer
        if not chains:
            break
    return chains


def _any_order(pattern: Pattern, sentence: Sentence) -> list[tuple[tuple[int, int], ...]]:
    """Chains around each place of the rarest part; far places of the others are not tried."""
    spans, cost = sentence.spans, sentence.cost
    window = pattern.window or 0
    rarest = min(pattern.elements, key=lambda e: len(spans[e]))
    others = [e for e in pattern.elements if e != rarest]
    reach = (window + _WIDEST_PART) * len(others)
    found: list[tuple[tuple[int, int], ...]] = []
    for place in spans[rarest]:
        low, high = cost[place[0]] - reach, cost[place[1]] + reach
        near = [[s for s in spans[e] if cost[s[1]] >= low and cost[s[0]] <= high] for e in others]
        for rest in product(*near):
            ordered = sorted((place, *rest))
            if all(
                a[1] <= b[0] and cost[b[0]] - cost[a[1]] <= window for a, b in pairwise(ordered)
            ):
                found.append(tuple(ordered))
                break
    return found


def _widest(matches: list[Match]) -> list[Match]:
    """Drops a match whose tokens all belong to a longer one, and repeats of the same finding."""
    matches.sort(
        key=lambda m: (-len(m.covered), m.meaning is Meaning.SIGN, m.last - m.first, m.first)
    )
    kept: list[Match] = []
    kept_over: dict[int, list[Match]] = defaultdict(list)
    seen: set[tuple[str, int]] = set()
    for match in matches:
        if (match.code, match.first) in seen:
            continue
        if any(_yields(match, other) for other in kept_over[match.first]):
            continue
        seen.add((match.code, match.first))
        kept.append(match)
        for i in match.covered:
            kept_over[i].append(match)
    return sorted(kept, key=lambda m: (m.first, m.last))


def _yields(match: Match, other: Match) -> bool:
    """Whether `match` only repeats a part of `other`: «not feeding» in «not feeding well»."""
    if match.covered < other.covered:
        return not other.loose or match.code in _VAGUE
    return other.meaning is Meaning.NOTHING and match.covered <= other.covered
