"""What surrounds a sign: doubt, the past, a relative, an «if», advice, health talk.

None of these removes a sign of a patient; doubt is marked so that one question is asked. Only
talk that is clearly about no patient, or advice on what to come back for, is set aside.
"""

from __future__ import annotations

from collections.abc import Sequence

from clinical.reader.cues import cue_positions
from clinical.reader.families import Match, Sentence
from clinical.reader.lexicon import Lexicon

_SENTENCE_ENDS = frozenset({".", "\n", ";", "!", "?"})
_DOUBTS = ("uncertain", "past", "family", "conditional")


class Context:
    """The cue words of one message, by place."""

    def __init__(self, sentence: Sentence, lexicon: Lexicon, *, about_a_patient: bool) -> None:
        self._words = [t.word for t in sentence.tokens]
        cues = lexicon.cues
        ends = _SENTENCE_ENDS | {"but", ","}
        self._clause = _numbered(self._words, ends)
        self._sentence = _numbered(self._words, _SENTENCE_ENDS)
        self._doubts = {
            self._clause[i] for role in _DOUBTS for i in cue_positions(self._words, cues[role])
        }
        self._advice = tuple(cue_positions(self._words, cues["come_back"]))
        self._health_talk = frozenset[int]()
        if not about_a_patient:
            taught = {self._sentence[i] for i in cue_positions(self._words, cues["teach"])}
            anchored = {
                self._sentence[i] for i, w in enumerate(self._words) if w in cues["anchors"]
            }
            self._health_talk = frozenset(taught - anchored)

    def doubtful(self, match: Match) -> bool:
        """Whether the sign is stated with doubt, as past, of a relative or under an «if»."""
        asked = self._words[match.last + 1 : match.last + 2] == ["?"]
        return asked or self._clause[match.first] in self._doubts

    def set_aside(self, match: Match) -> bool:
        """Whether the sign is only talked about: health talk, or advice on when to come back."""
        if self._sentence[match.first] in self._health_talk:
            return True
        return any(
            place < match.first and self._sentence[place] == self._sentence[match.first]
            for place in self._advice
        )


def _numbered(words: Sequence[str], ends: frozenset[str]) -> list[int]:
    number, numbers = 0, []
    for word in words:
        numbers.append(number)
        if word in ends:
            number += 1
    return numbers
