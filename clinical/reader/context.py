"""What surrounds a sign: doubt, the past, a relative, an «if», advice, health talk.

Doubt is marked so that one question is asked; it removes no sign. Set aside is only what is
clearly about no patient now: health talk, advice on what to come back for, a sign of years ago or
of a past illness that is said to have healed, and a bleeding that is said to have ended. Never set
aside: thoughts of suicide, and a bleeding in pregnancy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from clinical.reader.cues import cue_positions
from clinical.reader.families import Match, Sentence
from clinical.reader.lexicon import Lexicon

_SENTENCE_ENDS = frozenset({".", "\n", ";", "!", "?"})
_REACH_OF_END = 10  # tokens between a bleeding and the word that ends it
_MAY_END = frozenset(
    {"vaginal_bleeding", "bleeding_uncontrolled", "unexplained_bleeding", "bleeding"}
)
_NEVER_PAST = frozenset({"suicidal_thoughts", "suicide_attempt", "hands_face_fits_history"})
_OF_ANIMALS = frozenset({"animal_bite", "major_trauma", "contact_haemorrhagic_fever"})
_YEAR = re.compile(r"(?:19[5-9]|20[0-4])\d")
_MEASURES = frozenset(
    {"ml", "mls", "g", "gr", "gm", "gms", "grams", "grammes", "kg", "cc", "hrs", "h"}
)
_DOUBTS = ("uncertain", "past", "family", "conditional")


class Context:
    """The cue words of one message, by place."""

    def __init__(
        self, sentence: Sentence, lexicon: Lexicon, *, about_a_patient: bool, pregnant: bool = False
    ) -> None:
        self._words = [t.word for t in sentence.tokens]
        cues = lexicon.cues
        self._persons = cues["anchors"] - cues["stock"]
        ends = _SENTENCE_ENDS | {"but", ","}
        self._clause = _numbered(self._words, ends)
        self._sentence = _numbered(self._words, _SENTENCE_ENDS)
        self._doubts = {
            self._clause[i] for role in _DOUBTS for i in cue_positions(self._words, cues[role])
        }
        self._may_have_ended = not pregnant
        self._ends = self._endings(lexicon)
        self._long_past = self._long_ago(lexicon)
        self._advice = tuple(cue_positions(self._words, cues["come_back"]))
        self._health_talk = self._stock(lexicon)
        if not about_a_patient:
            taught = {self._sentence[i] for i in cue_positions(self._words, cues["teach"])}
            self._health_talk |= taught - self._anchored(lexicon)
        self._fillers = lexicon.fillers
        self._animals = lexicon.cues["animals"]
        self._keeping = lexicon.cues["keeping_animals"]
        self._animal_clauses = self._headed_by_animals(lexicon)

    def _stock(self, lexicon: Lexicon) -> frozenset[int]:
        """Sentences that count medicines for a sign; the numbers in them are nobody's age."""
        listed = {self._sentence[i] for i in cue_positions(self._words, lexicon.cues["stock"])}
        spoken = {self._sentence[i] for i, w in enumerate(self._words) if w in self._persons}
        return frozenset(listed - spoken)

    def _anchored(self, lexicon: Lexicon) -> frozenset[int]:
        """Sentences that speak of somebody who is there: «she», «now», a person after the teaching.

        «During the talk a woman started fitting» is no talk; «what to do if a child fits» is.
        """
        cues, people = lexicon.cues, lexicon.time.people
        anchored = {self._sentence[i] for i, w in enumerate(self._words) if w in cues["anchors"]}
        supposed = {
            self._sentence[i]
            for i in cue_positions(self._words, cues["conditional"] | cues["supposed"])
        }
        person = people["person"] - people["newborn"]
        for start in cue_positions(self._words, cues["teach"]):
            number = self._sentence[start]
            named = any(
                word in person and self._words[i - 1] not in cues["groups"]
                for i, word in enumerate(self._words)
                if i > start and self._sentence[i] == number
            )
            if named and number not in supposed:
                anchored.add(number)
        return frozenset(anchored)

    def _headed_by_animals(self, lexicon: Lexicon) -> frozenset[int]:
        """Clauses whose first word is an animal or a thing, and that name no person."""
        heads: dict[int, str] = {}
        peopled: set[int] = set()
        people = lexicon.time.people["person"] | lexicon.cues["anchors"]
        for clause, word in zip(self._clause, self._words, strict=True):
            if word in people:
                peopled.add(clause)
            if word not in self._fillers:
                heads.setdefault(clause, word)
        return frozenset(c for c, w in heads.items() if w in self._animals and c not in peopled)

    def _of_an_animal(self, match: Match) -> bool:
        """«the cow was bitten by a snake»: an animal before the sign, or heading the clause."""
        i = match.first - 1
        while i >= 0 and self._words[i] in self._fillers:
            i -= 1
        if i >= 0 and self._words[i] in self._animals:
            return i == 0 or not set(self._words[max(0, i - 2) : i]) & self._keeping
        return self._clause[match.first] in self._animal_clauses

    def doubtful(self, match: Match) -> bool:
        """Whether the sign is stated with doubt, as past, of a relative or under an «if»."""
        asked = self._words[match.last + 1 : match.last + 2] == ["?"]
        return asked or self._clause[match.first] in self._doubts

    def set_aside(self, match: Match) -> bool:
        """Whether the sign is only talked about: health talk, or advice on when to come back."""
        if self._sentence[match.first] in self._health_talk:
            return True
        if match.code not in _OF_ANIMALS and self._of_an_animal(match):
            return True
        if match.code not in _NEVER_PAST and self._clause[match.first] in self._long_past:
            return True
        if match.code in _MAY_END and self._may_have_ended and self._ended(match):
            return True
        return any(
            place < match.first and self._sentence[place] == self._sentence[match.first]
            for place in self._advice
        )

    def _endings(self, lexicon: Lexicon) -> tuple[tuple[int, int], ...]:
        """Places of «has stopped», «ne saigne plus», those denied or taken back left out."""
        cues = lexicon.cues
        begun = {self._sentence[i] for i in cue_positions(self._words, cues["started_again"])}
        return tuple(
            (i, end)
            for i, end in cue_positions(self._words, cues["ended"]).items()
            if self._sentence[i] not in begun
            and not set(self._words[max(0, i - 2) : i]) & (cues["negators"] | cues["not_ended"])
        )

    def _ended(self, match: Match) -> bool:
        return any(
            self._sentence[i] == self._sentence[match.first]
            and i - match.last <= _REACH_OF_END
            and match.first - end <= _REACH_OF_END
            for i, end in self._ends
        )

    def _long_ago(self, lexicon: Lexicon) -> frozenset[int]:
        """Clauses that speak of years ago, or of a past illness in a sentence that says healed."""
        cues = lexicon.cues
        since = {self._clause[i] for i in cue_positions(self._words, cues["since"])}
        ago = {self._clause[i] for i in cue_positions(self._words, cues["years_ago"])}
        ago |= {
            self._clause[i]
            for i, word in enumerate(self._words)
            if _YEAR.fullmatch(word) and not set(self._words[i + 1 : i + 2]) & _MEASURES
        }
        healed = {self._sentence[i] for i in cue_positions(self._words, cues["healed"])}
        ago |= {
            self._clause[i]
            for i in cue_positions(self._words, cues["past_illness"])
            if self._sentence[i] in healed
        }
        well = {clause for i, clause in enumerate(self._clause) if self._sentence[i] in healed}
        return frozenset((ago - since) | (ago & well))


def _numbered(words: Sequence[str], ends: frozenset[str]) -> list[int]:
    number, numbers = 0, []
    for word in words:
        numbers.append(number)
        if word in ends:
            number += 1
    return numbers
