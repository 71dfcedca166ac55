"""Amounts of time in a message and what each is: an age, a duration, a gestation, time since birth.

Reads «14mo», «2yr old», «3/12», «mtoto wa miezi 8», «bébé de 3 semaines», «34wks», «x3 days».
Which words are units, numbers and people is lexicon data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz.distance import DamerauLevenshtein

from clinical.reader.cues import cue_positions
from clinical.reader.lexicon import TimeWords
from clinical.reader.tokens import Token

DAYS_IN_UNIT: Mapping[str, float] = {
    "minute": 1 / 1440,
    "hour": 1 / 24,
    "day": 1,
    "week": 7,
    "month": 30.44,
    "year": 365.25,
}
_FRACTION_UNITS = {"7": "day", "52": "week", "12": "month", "40": "gestation"}
MAX_AGE_DAYS = round(120 * 365.25)
_SHORTEST_MISSPELT_UNIT = 3
_LONGEST_AGE_IN_WEEKS = 12  # an infant older than this is counted in months
_GESTATION_WEEKS = range(4, 45)
_YOUNG_DAYS = 60  # below this a fever is an emergency, so days are taken for an age in doubt
_SURELY_AN_AGE_DAYS = 300  # no illness that a message tells of in days has lasted so long
_GROWN_YEARS = 13


class Role(StrEnum):
    """What an amount of time says."""

    AGE = "AGE"
    DURATION = "DURATION"
    GESTATION = "GESTATION"
    SINCE_BIRTH = "SINCE_BIRTH"


@dataclass(frozen=True, slots=True)
class Amount:
    """`value` in `unit` (minute, hour, day, week, month, year), on the tokens first..last."""

    value: float
    unit: str
    first: int
    last: int

    @property
    def days(self) -> float:
        """Length in days."""
        return self.value * DAYS_IN_UNIT[self.unit]


@dataclass(frozen=True, slots=True)
class TimedFact:
    """An amount with its role. `below`: «less than» stands before it."""

    amount: Amount
    role: Role
    below: bool = False


def amounts_in(tokens: Sequence[Token], words: TimeWords) -> list[Amount]:
    """Every amount of time, in the order of the text."""
    found: list[Amount] = []
    i = 0
    while i < len(tokens):
        amount = _fraction(tokens, i) or _plain(tokens, i, words) or _unit_first(tokens, i, words)
        if amount is None:
            i += 1
        else:
            found.append(amount)
            i = amount.last + 1
    return found


def _fraction(tokens: Sequence[Token], i: int) -> Amount | None:
    """«3/7», «3/52», «3/12», «34/40» as clinicians write days, weeks, months, gestation."""
    if i + 2 >= len(tokens) or tokens[i + 1].word != "/" or not tokens[i].word.isdigit():
        return None
    unit = _FRACTION_UNITS.get(tokens[i + 2].word)
    value = int(tokens[i].word)
    apart = tokens[i + 2].end - tokens[i].start > len(tokens[i].word) + 4
    chained = i > 0 and tokens[i - 1].word == "/"
    if unit is None or apart or chained or value > (44 if unit == "gestation" else 24):
        return None
    return Amount(value, "week" if unit == "gestation" else unit, i, i + 2)


def _number(token: Token, words: TimeWords) -> float | None:
    if token.word[0].isdigit():
        if len(token.word) > 5 or not token.word.isascii():
            return None
        return float(token.word.replace(",", "."))
    return words.numbers.get(token.word)


def unit_of(word: str, words: TimeWords) -> str | None:
    """The unit that a word behind a number means, one typo allowed from three letters on."""
    exact = words.units.get(word)
    if exact is not None or len(word) < _SHORTEST_MISSPELT_UNIT or word in words.passed_over:
        return exact
    near = {
        unit
        for name, unit in words.units.items()
        if len(name) >= _SHORTEST_MISSPELT_UNIT
        and name[0] == word[0]
        and DamerauLevenshtein.distance(name, word, score_cutoff=1) <= 1
    }
    return near.pop() if len(near) == 1 else None


def _plain(tokens: Sequence[Token], i: int, words: TimeWords) -> Amount | None:
    value = _number(tokens[i], words)
    if value is None:
        return None
    j = i + 1
    while j < len(tokens) and tokens[j].word in words.between_number_and_unit:
        if tokens[j].word in words.half:
            value += 0.5
        j += 1
    if j >= len(tokens):
        return None
    unit = unit_of(tokens[j].word, words)
    if unit is None or (len(tokens[j].word) == 1 and not _letter_is_unit(tokens, i, j, words)):
        return None
    if tokens[j].word in words.units_first and _starts_number(tokens, j + 1, words):
        return None  # «MUAC 11.1 miezi 18»: the unit belongs to the number behind it
    return Amount(value, unit, i, j)


def _letter_is_unit(tokens: Sequence[Token], i: int, j: int, words: TimeWords) -> bool:
    """«2d», «depuis 2 j», «garçon de 37 j», but not the letters of «2 d rules» or «page 3 m»."""
    if not tokens[i].word[0].isdigit():
        return False
    if tokens[j].start == tokens[j - 1].end:
        return True
    before = i - 1
    if before >= 0 and tokens[before].word in words.people["duration_before"]:
        return True
    while before >= 0 and tokens[before].word in words.passed_over:
        before -= 1
    return before >= 0 and tokens[before].word in words.people["person"]


def _starts_number(tokens: Sequence[Token], i: int, words: TimeWords) -> bool:
    return i < len(tokens) and tokens[i].word[0].isdigit()


def _unit_first(tokens: Sequence[Token], i: int, words: TimeWords) -> Amount | None:
    """«wiki tatu», «miezi 8»: languages that put the unit before the number."""
    if tokens[i].word not in words.units_first or i + 1 >= len(tokens):
        return None
    value = _number(tokens[i + 1], words)
    if value is None:
        return None
    return Amount(value, words.units[tokens[i].word], i, i + 1)


class RoleReader:
    """Tells what each amount of a message is, from the words next to it."""

    def __init__(
        self,
        tokens: Sequence[Token],
        words: TimeWords,
        *,
        symptom_ends: frozenset[int],
        symptom_starts: frozenset[int],
        short_ends: frozenset[int] = frozenset(),
        long_ends: frozenset[int] = frozenset(),
        of_pregnancy: bool = False,
        measured: frozenset[int] = frozenset(),
    ) -> None:
        self._words = [t.word for t in tokens]
        self._digits = [t.word[0].isdigit() for t in tokens]
        self._time = words
        self._symptom_ends = symptom_ends
        self._symptom_starts = symptom_starts
        self._short_ends = short_ends
        self._long_ends = long_ends
        self._measured = measured
        text = set(self._words)
        self._nobody = not text & words.people["person"]
        self._pregnancy = bool(text & words.people["pregnant"])
        self._likely_pregnant = self._pregnancy or of_pregnancy
        self._infant = bool(text & (words.people["infant"] | words.people["newborn"]))
        self._young = self._infant or bool(text & words.people["child"])
        self._male = bool(text & words.people["male"])
        self._grown = not self._young and bool(text & words.people["adult"])
        self._below = frozenset(cue_positions(self._words, words.people["less_than"]).values())

    def facts(self, amounts: Sequence[Amount]) -> tuple[TimedFact, ...]:
        """Every amount with its role; beside a certain age, days next to a sign are the sign's."""
        roles = [self.role(amount) for amount in amounts]
        sure = any(
            role is Role.AGE
            and (amount.days >= _SURELY_AN_AGE_DAYS or amount.unit in {"month", "year"})
            for amount, role in zip(amounts, roles, strict=True)
        )
        return tuple(
            TimedFact(
                amount,
                Role.DURATION if sure and role is Role.AGE and self._of_a_sign(amount) else role,
                self._is_below(amount),
            )
            for amount, role in zip(amounts, roles, strict=True)
        )

    def _of_a_sign(self, amount: Amount) -> bool:
        young = self._time.people["infant"] | self._time.people["newborn"]
        named = self._near(amount.first - 1, step=-1)[:1]
        ends = self._symptom_ends & {amount.first - 1, amount.last}  # or «homa siku 8» as a whole
        beside = bool(ends) or self._a_sign_follows(amount)
        return amount.unit in {"day", "week"} and beside and not young & set(named)

    def _is_below(self, amount: Amount) -> bool:
        i = amount.first
        while i > 0 and i not in self._below and self._words[i - 1] in self._time.passed_over:
            i -= 1
        return i in self._below

    def role(self, amount: Amount) -> Role:
        """The role of one amount; an undecided one is a duration, which suppresses nothing."""
        people = self._time.people
        before = self._near(amount.first - 1, step=-1)
        after = self._near(amount.last + 1, step=1)
        if amount.unit in {"minute", "hour"}:
            born = any(w in people["born"] for w in before[:2])
            return Role.SINCE_BIRTH if born and amount.unit == "hour" else Role.DURATION
        if after and after[0] in people["age_after"]:
            return Role.AGE
        if any(w in people["gestation_after"] for w in after[:2]) or (
            amount.unit in {"week", "month"} and any(w in people["pregnant"] for w in before[:2])
        ):
            return Role.GESTATION if amount.unit in {"week", "month"} else Role.DURATION
        if any(w in people["born"] for w in after[:3]):
            return Role.SINCE_BIRTH
        if any(w in people["age_before"] for w in before[:1]):
            return Role.AGE
        if self._is_duration(amount, before, after):
            return self._since_birth(amount, before, after)
        return self._by_neighbours(amount, before, after)

    def _is_duration(self, amount: Amount, before: list[str], after: list[str]) -> bool:
        people = self._time.people
        if after and after[0] in people["duration_after"]:
            return True
        if before and before[0] in people["duration_before"] and self._led(amount, before[0]):
            return True
        if self._too_long_for_an_age(amount) and not self._may_last_weeks(amount):
            return False  # «150/100 protein ++ 35 wks», «blurred vision 35 weeks»
        if amount.unit in {"day", "week"} and self._a_sign_follows(amount):
            return not self._young
        if amount.first - 1 not in self._symptom_ends:
            return False
        if amount.unit == "year" or (amount.unit == "month" and self._month_is_age(amount)):
            return False  # «fever 5 months», «cough 2 years»: nothing acute lasts so long
        # «fever 3 days girl 6»: no girl is 3 days old, so the days are the fever's.
        infant = bool(set(after[:1]) & (people["infant"] | people["newborn"]))
        return not self._a_person(after[:1]) or (amount.unit == "day" and not infant)

    def _led(self, amount: Amount, cue: str) -> bool:
        """Whether no comma parts the cue from the amount: «loose motion x2, 3 yo»."""
        i = amount.first - 1
        while i > 0 and self._words[i] not in {cue, ","}:
            i -= 1
        return self._words[i] == cue

    def _too_long_for_an_age(self, amount: Amount) -> bool:
        long = amount.unit == "week" and amount.value > _LONGEST_AGE_IN_WEEKS
        return long and (self._likely_pregnant or not self._young)

    def _month_is_age(self, amount: Amount) -> bool:
        return not self._grown and amount.first - 1 in self._short_ends

    def _may_last_weeks(self, amount: Amount) -> bool:
        """«cough 20 weeks» can be a duration; so can any sign of a man."""
        if self._likely_pregnant:
            return False
        return self._male or amount.first - 1 in self._long_ends

    def _a_sign_follows(self, amount: Amount) -> bool:
        i = amount.last + 1
        while i < len(self._words) and self._words[i] in self._time.passed_over:
            i += 1
        return i in self._symptom_starts

    def _since_birth(self, amount: Amount, before: list[str], after: list[str]) -> Role:
        born = self._time.people["born"]
        if any(w in born for w in (*before[:4], *after[:3])):
            return Role.SINCE_BIRTH
        return Role.DURATION

    def _by_neighbours(self, amount: Amount, before: list[str], after: list[str]) -> Role:
        if self._too_long_for_an_age(amount):
            return Role.GESTATION if amount.value in _GESTATION_WEEKS else Role.DURATION
        if self._grown and amount.unit in {"day", "week"}:
            return self._since_birth(amount, before, after)
        if self._likely_pregnant and not self._young and amount.unit == "month":
            return Role.GESTATION if self._fits_womb(amount) else Role.DURATION
        if self._a_person(before[:2]) or self._a_person(after[:1]):
            return Role.AGE
        if any(w in self._time.people["born"] for w in before[:2]):
            return Role.SINCE_BIRTH
        if self._pregnancy and amount.unit in {"week", "month"} and self._fits_womb(amount):
            return Role.GESTATION
        if amount.unit == "year" or amount.first == 0:
            return Role.AGE
        if amount.unit == "month" and any(self._digits[amount.first : amount.last + 1]):
            return Role.AGE
        return Role.AGE if self._measured_of_nobody(amount) else Role.DURATION

    def _measured_of_nobody(self, amount: Amount) -> bool:
        """«temp 38.6, 19 days»: with nobody named the days may be the age; in doubt the younger."""
        if not self._nobody or self._likely_pregnant or amount.days >= _YOUNG_DAYS:
            return False
        i = amount.first - 1
        while i > 0 and self._words[i] == ",":
            i -= 1
        follows = amount.last + 1
        alone = follows >= len(self._words) or not self._words[follows].isalpha()
        return i in self._measured and alone

    @staticmethod
    def _fits_womb(amount: Amount) -> bool:
        return 4 <= amount.value <= (44 if amount.unit == "week" else 10)

    def _a_person(self, words: list[str]) -> bool:
        people = self._time.people
        return any(w in people["person"] for w in words)

    def _near(self, i: int, *, step: int) -> list[str]:
        """Up to four words on one side, up to the end of the sentence; «of», «is» left out."""
        near: list[str] = []
        while 0 <= i < len(self._words) and len(near) < 4:
            word = self._words[i]
            if word in {".", "\n", ";"} or (word == "," and step > 0):
                break
            if word not in self._time.passed_over and word not in {",", "(", ")", "-", ":", "="}:
                near.append(word)
            i += step
        return near


def bare_age_years(
    tokens: Sequence[Token], words: TimeWords, measured: frozenset[int]
) -> int | None:
    """«25F», «F 34», «age 25», «girl 6»: years without a unit, outside `measured` tokens."""
    for i, token in enumerate(tokens):
        if i in measured or not token.word.isdigit() or not 0 < len(token.word) <= 3:
            continue
        neighbours = [tokens[j].word for j in (i - 1, i + 1) if 0 <= j < len(tokens)]
        before = tokens[i - 1].word if i else ""
        if before in words.people["age_before"] and not (
            i + 1 < len(tokens) and tokens[i + 1].word in words.units
        ):
            return int(token.word)
        if any(n in {"f", "m"} for n in neighbours) and 12 <= int(token.word) <= 110:
            return int(token.word)
        alone = _ends_clause(tokens, i + 1) or _a_word_follows(tokens, i + 1, words)
        if alone and _fits_person(before, int(token.word), words):
            return int(token.word)
    return None


def _ends_clause(tokens: Sequence[Token], i: int) -> bool:
    return i >= len(tokens) or tokens[i].word in {",", ".", ";", "\n", ":"}


def _a_word_follows(tokens: Sequence[Token], i: int, words: TimeWords) -> bool:
    """«man 45 chest pain», but not «woman 38 weeks» and not «man 2 x»."""
    word = tokens[i].word
    return len(word) > 2 and word.isalpha() and word not in words.units


def _fits_person(person: str, years: int, words: TimeWords) -> bool:
    """Whether «girl 6» or «woman 34» can be an age; «baby 6» may be days, weeks or months."""
    if person in words.people["child"]:
        return 2 <= years < _GROWN_YEARS
    return person in words.people["adult"] and _GROWN_YEARS <= years <= 110
