"""Decides which of the signs found are denied.

A negator reaches the next sign only; in a list it reaches every item only if each is a bare
sign. Doubt is never denial: whatever is not clearly denied stays present (facts: off-the-shelf
negation drops danger signs).
"""

from __future__ import annotations

from collections.abc import Sequence

from clinical.reader.cues import cue_positions
from clinical.reader.families import Match, Sentence
from clinical.reader.lexicon import Lexicon

_LINKS = frozenset({":", "=", "-"})
_ENDS = frozenset({".", ";", "\n", "!", "?", ","})


class _Scope:
    """One message's tokens, matches and cue words, as negation sees them."""

    def __init__(self, sentence: Sentence, matches: Sequence[Match], lexicon: Lexicon) -> None:
        self.tokens = sentence.tokens
        self.words = [t.word for t in sentence.tokens]
        self.lexicon = lexicon
        self.cues = lexicon.cues
        self.starts: dict[int, list[int]] = {}
        for number, match in enumerate(matches):
            self.starts.setdefault(match.first, []).append(number)
        self.matches = matches
        self.covered = frozenset(i for m in matches for i in m.covered)

    def skip(self, i: int, *, passing: bool = True) -> int:
        """Next token that is neither filler nor (when `passing`) «any signs of»-like."""
        passes = self.cues["passes"] if passing else frozenset()
        while i < len(self.words) and i not in self.starts:
            if self.words[i] not in self.lexicon.fillers and self.words[i] not in passes:
                break
            i += 1
        return i

    def ends(self, i: int) -> bool:
        """Whether a clause ends at token i."""
        i = self.skip(i, passing=False)
        if i >= len(self.words) or self.words[i] in _ENDS:
            return True
        return self.words[i] in self.cues["turns"]

    def bare(self, number: int) -> bool:
        """Whether a sign stands as a plain noun, the only kind that a list can deny."""
        match = self.matches[number]
        if match.last - match.first >= len(match.covered) + 1:
            return False
        surface = " ".join(
            self.words[i]
            for i in range(match.first, match.last + 1)
            if self.words[i] not in self.lexicon.fillers
        )
        nouns = self.cues["bare"]
        return surface in nouns or surface.split(" ")[-1] in nouns


def denial_words(sentence: Sentence, matches: Sequence[Match], lexicon: Lexicon) -> frozenset[int]:
    """Numbers of the tokens of «did not see» and its like right before a sign: no trouble of the
    eyes is told there. With nothing behind it («did not see since morning») it may well be."""
    words = [token.word for token in sentence.tokens]
    found = cue_positions(words, lexicon.cues["negator_phrases"])
    starts = {match.first for match in matches}
    passed = lexicon.fillers | lexicon.cues["passes"]

    def before_a_sign(i: int) -> bool:
        while i < len(words) and i not in starts and words[i] in passed:
            i += 1
        return i in starts

    return frozenset(
        i for first, end in found.items() if before_a_sign(end) for i in range(first, end)
    )


def denied_matches(
    text: str, sentence: Sentence, matches: Sequence[Match], lexicon: Lexicon
) -> frozenset[int]:
    """Numbers of the matches that the message denies."""
    scope = _Scope(sentence, matches, lexicon)
    after = _after_style(scope)
    denied: set[int] = set()
    openers = scope.cues["negators"] | scope.cues["negator_phrases"]
    for i, end in cue_positions(scope.words, openers).items():
        if i not in scope.covered and scope.words[i] not in after:
            denied.update(_reach(scope, end))
    for i, word in enumerate(scope.words[:-1]):
        # «ni fièvre ni raideur»; the Swahili «ni» before a sign says that it is there.
        if word in scope.cues["denies_noun"] and scope.words[i + 1] in scope.cues["noun_denied"]:
            denied.update(_reach(scope, i + 1))
    for number, match in enumerate(matches):
        if _denied_after(text, scope, match, after):
            denied.add(number)
    return frozenset(denied)


def _reach(scope: _Scope, after_negator: int) -> list[int]:
    first = scope.skip(after_negator)
    if first < len(scope.words) and scope.words[first] == ":":
        first = scope.skip(first + 1)
    if first not in scope.starts:
        return []
    reached = list(scope.starts[first])
    return reached + _list_items(scope, max(scope.matches[n].last for n in reached) + 1, reached)


def _list_items(scope: _Scope, i: int, first: list[int]) -> list[int]:
    """Further items of a denied list: all if each is fit, else those joined by «or» at its head."""
    soft, hard = scope.cues["list_or"], scope.cues["list_and"]
    bare_so_far = all(scope.bare(n) for n in first)
    items: list[int] = []
    sure: list[int] = []
    while i < len(scope.words):
        joins = []
        while i < len(scope.words) and i not in scope.starts:
            word = scope.words[i]
            if word in soft or word in hard or word in {",", "/", "&"}:
                joins.append(word)
            elif word not in scope.lexicon.fillers and word not in scope.cues["passes"]:
                break
            i += 1
        if not joins:
            return items if scope.ends(i) else sure
        if i not in scope.starts:
            # «no fever, drinking well»: the list ended before this item.
            return items if joins[0] == "," and i < len(scope.words) else sure
        numbers = scope.starts[i]
        either = any(j in soft for j in joins)
        if not either and not (bare_so_far and all(scope.bare(n) for n in numbers)):
            return sure
        if either and sure == items:
            sure = [*sure, *numbers]
        items.extend(numbers)
        i = max(scope.matches[n].last for n in numbers) + 1
    return items


def _after_style(scope: _Scope) -> frozenset[str]:
    """Negators that this message writes behind the sign («cough nil, fever nil»)."""
    found = set()
    for word in scope.cues["negators_after"] & set(scope.words):
        places = [i for i, w in enumerate(scope.words) if w == word and i not in scope.covered]
        last_of = {m.last for m in scope.matches}
        behind = [i for i in places if _previous(scope, i) in last_of]
        if places and behind == places and scope.ends(places[-1] + 1):
            found.add(word)
    return frozenset(found)


def _previous(scope: _Scope, i: int) -> int:
    i -= 1
    while i >= 0 and (scope.words[i] in _LINKS or scope.words[i] in scope.lexicon.fillers):
        if any(m.last == i for m in scope.matches):
            break
        i -= 1
    return i


def _denied_after(text: str, scope: _Scope, match: Match, after: frozenset[str]) -> bool:
    i = match.last + 1
    linked = False
    while i < len(scope.words) and (
        scope.words[i] in _LINKS or scope.words[i] in scope.lexicon.fillers
    ):
        linked = linked or scope.words[i] in _LINKS
        i += 1
    if i >= len(scope.words) or i in scope.covered:
        return False
    word = scope.words[i]
    if word in after:
        return True
    if word in scope.cues["negators_alone"] and scope.ends(i + 1):
        return True  # «fever yes, convulsions no»: nothing follows that it could deny
    if word == "n":
        return _answers_no(text, scope, i, linked or scope.ends(i + 1))
    if word in scope.cues["negators_verb"]:
        nearby = scope.words[i + 1 : i + 2]
        return not nearby or nearby[0] not in scope.cues["negators_verb_takes"]
    return linked and word in scope.cues["negators"] | scope.cues["negators_after"]


def _answers_no(text: str, scope: _Scope, place: int, alone: bool) -> bool:
    """«convulsions N»: an answer only as a capital that stands alone or is one of several."""
    capitals = [
        i
        for i, token in enumerate(scope.tokens)
        if token.word == "n" and text[token.start : token.end] == "N"
    ]
    return place in capitals and (alone or len(capitals) > 1)
