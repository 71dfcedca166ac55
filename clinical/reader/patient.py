"""Who the message is about: age, age group, sex, pregnancy, and whether two patients are meant."""

from __future__ import annotations

from collections.abc import Sequence

from clinical.case import AgeGroup, Patient, Pregnancy, Sex
from clinical.reader.ages import (
    MAX_AGE_DAYS,
    Role,
    TimedFact,
    bare_age_years,
)
from clinical.reader.cues import cue_positions
from clinical.reader.lexicon import TimeWords
from clinical.reader.tokens import Token

_WEEKS_IN_MONTH = 4.345
_POSTPARTUM_DAYS = 42
_ADULT_DAYS = 12 * 365


class _People:
    """Which kinds of people words the message holds."""

    def __init__(self, tokens: Sequence[Token], words: TimeWords) -> None:
        listed = [t.word for t in tokens]
        self.first_at: dict[str, int] = {}
        for kind, group in words.people.items():
            places = cue_positions(listed, group)
            if kind == "postpartum":
                # «n'accouche pas» holds the word for one who has given birth, and says she has not.
                undelivered = cue_positions(listed, words.people["pregnant"])
                inside = {i for first, end in undelivered.items() for i in range(first, end)}
                places = {first: end for first, end in places.items() if first not in inside}
            if places:
                self.first_at[kind] = min(places)

    def __contains__(self, kind: str) -> bool:
        return kind in self.first_at


def read_patient(
    tokens: Sequence[Token],
    facts: Sequence[TimedFact],
    words: TimeWords,
    measured: frozenset[int] = frozenset(),
) -> tuple[Patient, tuple[str, ...]]:
    """The patient as stated, and notes (`implausible:age_days`, `two_patients`).

    `measured` are the tokens that belong to a measurement («102F» is no woman of 102).
    """
    people = _People(tokens, words)
    notes: list[str] = []
    ages = [f.amount.days for f in facts if f.role is Role.AGE]
    if not ages and (years := bare_age_years(tokens, words, measured)) is not None:
        ages = [years * 365.25]
    if any(age > MAX_AGE_DAYS for age in ages):
        notes.append("implausible:age_days")
    ages = [age for age in ages if age <= MAX_AGE_DAYS]
    pregnancy = _pregnancy(people, facts, ages)
    age_days = _age_days(ages, people, facts, pregnancy)
    if _two_patients(ages, people):
        notes.append("two_patients")
    patient = Patient(
        age_days=age_days,
        age_group=_age_group(people, pregnancy, age_days),
        sex=_sex(tokens, people, pregnancy),
        pregnancy=pregnancy,
        gestation_weeks=_gestation(facts) if pregnancy is Pregnancy.PREGNANT else None,
    )
    return patient, tuple(notes)


def _pregnancy(people: _People, facts: Sequence[TimedFact], ages: Sequence[float]) -> Pregnancy:
    young = any(age < 9 * 365 for age in ages)
    weeks = any(fact.role is Role.GESTATION for fact in facts)
    # «preg 20wks, no pregnancy bleeding»: told weeks weigh more than a denial read.
    if "not_pregnant" in people and not weeks:
        return Pregnancy.NOT_PREGNANT
    newborn_only = ("infant" in people or "newborn" in people) and not (
        "adult" in people or "female" in people
    )
    if "postpartum" in people and not young and not newborn_only:
        return Pregnancy.POSTPARTUM
    pregnant = "pregnant" in people or weeks
    return Pregnancy.PREGNANT if pregnant and not young else Pregnancy.UNKNOWN


def _age_days(
    ages: Sequence[float], people: _People, facts: Sequence[TimedFact], pregnancy: Pregnancy
) -> int | None:
    since_birth = [
        f.amount.days for f in facts if f.role is Role.SINCE_BIRTH and f.amount.days <= MAX_AGE_DAYS
    ]
    if not ages and since_birth and pregnancy is not Pregnancy.POSTPARTUM:
        ages = since_birth
    if not ages:
        return None
    if pregnancy is Pregnancy.PREGNANT:
        grown = [age for age in ages if age >= 9 * 365]
        return round(grown[0]) if grown else None
    # Of two ages the youngest is taken: its rules are the strictest.
    return round(min(ages))


def _two_patients(ages: Sequence[float], people: _People) -> bool:
    return "several" in people or len({round(age) for age in ages}) > 1


def _age_group(people: _People, pregnancy: Pregnancy, age_days: int | None) -> AgeGroup:
    if age_days is not None:
        return _group_of_age(age_days)
    if pregnancy is Pregnancy.PREGNANT:
        return AgeGroup.ADULT
    if "newborn" in people:
        return AgeGroup.NEWBORN
    if pregnancy is Pregnancy.POSTPARTUM:
        return AgeGroup.ADULT
    if "infant" in people:
        return AgeGroup.YOUNG_INFANT
    if "child" in people:
        return AgeGroup.CHILD
    return AgeGroup.ADULT if "adult" in people else AgeGroup.UNKNOWN


def _group_of_age(age_days: int) -> AgeGroup:
    limits = (
        (28, AgeGroup.NEWBORN),
        (59, AgeGroup.YOUNG_INFANT),
        (5 * 365, AgeGroup.CHILD),
        (_ADULT_DAYS, AgeGroup.OLDER_CHILD),
    )
    return next((group for days, group in limits if age_days <= days), AgeGroup.ADULT)


def _sex(tokens: Sequence[Token], people: _People, pregnancy: Pregnancy) -> Sex:
    if pregnancy in {Pregnancy.PREGNANT, Pregnancy.POSTPARTUM}:
        return Sex.FEMALE
    for i, token in enumerate(tokens):
        beside_number = any(
            tokens[j].word[0].isdigit() for j in (i - 1, i + 1) if 0 <= j < len(tokens)
        )
        if token.word == "f" and beside_number:
            return Sex.FEMALE
    female, male = people.first_at.get("female"), people.first_at.get("male")
    if male is not None and (female is None or male < female):
        return Sex.MALE
    return Sex.FEMALE if female is not None else Sex.UNKNOWN


def _gestation(facts: Sequence[TimedFact]) -> int | None:
    for fact in facts:
        if fact.role is Role.GESTATION:
            amount = fact.amount
            weeks = amount.value * (_WEEKS_IN_MONTH if amount.unit == "month" else 1)
            if 3 <= weeks <= 45:
                return int(weeks)
    return None
