"""From a case to the facts that rules ask: plausible ages, pregnancy, derived findings.

Does not read text and does not judge. An age that is not stated gives several plausible ages.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache, lru_cache

from clinical.case import AgeGroup, Case, Finding, Patient, Pregnancy, Presence, Sex, Vitals
from clinical.tables.codes import findings as known_findings
from clinical.tables.derived import Derived, derived_findings, implied_findings
from clinical.tables.populations import populations
from clinical.tables.rule import rules
from clinical.tables.terms import Facts, Number
from clinical.tables.toml_file import check_codes, check_keys, read_toml, room_file, text_list

Days = tuple[int, int]  # [first day, first day that no longer belongs]

DAYS_BY_GROUP: Mapping[AgeGroup, Days] = {
    AgeGroup.NEWBORN: (0, 29),
    AgeGroup.YOUNG_INFANT: (0, 60),
    AgeGroup.CHILD: (60, 1825),
    AgeGroup.OLDER_CHILD: (1825, 4380),
    AgeGroup.ADULT: (4380, 47501),
}
# The ages that an unknown age is judged by: the youngest of each band in which the rules differ.
# The first day is left out (its jaundice has a finding of its own), and so is 2 to 5 months (the
# arm strap and swollen feet are read from 6 months), so that neither word alone raises an alarm.
AGES_BY_GROUP: Mapping[AgeGroup, tuple[int, ...]] = {
    AgeGroup.NEWBORN: (1,),
    AgeGroup.YOUNG_INFANT: (1,),
    AgeGroup.CHILD: (180, 360),
    AgeGroup.OLDER_CHILD: (1825,),
    AgeGroup.ADULT: (4380,),
}
FROM_TWO_MONTHS = (AgeGroup.CHILD, AgeGroup.OLDER_CHILD, AgeGroup.ADULT)
YOUNGEST_MOTHER_DAYS = 3285
LAST_DAY_AFTER_BIRTH = 42
# «Born at 7 months», «born 30 weeks, very small»: an age of that length beside a sign of birth may
# be the gestation, so the newborn is judged as well.
GESTATION_DAYS = range(140, 300)


@cache
def age_hints() -> Mapping[str, frozenset[str]]:
    """Findings that speak of an age or of pregnancy when neither is stated."""
    where = "age_hints.toml"
    table = read_toml(room_file("tables", where))
    names = ["young_infant", "newborn", "adult", "pregnant", "postpartum", "mother_not_infant"]
    names.append("speaks_of_adult")
    check_keys(table, where=where, required=names)
    hints = {name: frozenset(text_list(table[name], where=where)) for name in names}
    for name, codes in hints.items():
        check_codes(codes, known_findings(), where=f"{where}: {name}", list_name="findings.toml")
    return hints


@cache
def band_starts() -> tuple[int, ...]:
    """Every day of age at which some rule begins or ceases to apply, ascending from 0."""
    starts = {0}
    for population in populations().values():
        starts |= {population.first_day, population.below_day}
    for term in [rule.when for rule in rules()] + [row.present_when for row in derived_findings()]:
        starts |= term.ages
    return tuple(sorted(starts))


def present_codes(findings: Iterable[Finding]) -> frozenset[str]:
    """Codes stated as present; a sign that is stated both ways counts as present."""
    return frozenset(f.code for f in findings if f.presence is Presence.PRESENT)


def absent_codes(findings: Iterable[Finding]) -> frozenset[str]:
    """Codes stated as absent, whatever else is stated of them."""
    return frozenset(f.code for f in findings if f.presence is Presence.ABSENT)


def plausible_pregnancies(patient: Patient, present: frozenset[str]) -> tuple[Pregnancy, ...]:
    """Pregnancy as stated, or each that the gestation or the signs imply; UNKNOWN without any."""
    if patient.pregnancy is not Pregnancy.UNKNOWN:
        return (patient.pregnancy,)
    if patient.sex is Sex.MALE:
        return (Pregnancy.UNKNOWN,)
    hints = age_hints()
    implied = {
        Pregnancy.POSTPARTUM: bool(present & hints["postpartum"]),
        Pregnancy.PREGNANT: (
            patient.gestation_weeks is not None or bool(present & hints["pregnant"])
        ),
    }
    states = tuple(state for state, holds in implied.items() if holds) or (Pregnancy.UNKNOWN,)
    after_birth = patient.age_days is not None and patient.age_days <= LAST_DAY_AFTER_BIRTH
    if after_birth and present & hints["mother_not_infant"]:
        return tuple(dict.fromkeys((*states, Pregnancy.POSTPARTUM)))
    return states


def age_is_stated(patient: Patient) -> bool:
    """Whether the age is known by the day."""
    return patient.age_days is not None


def plausible_ages(
    patient: Patient, present: frozenset[str], pregnancy: Pregnancy
) -> tuple[int, ...]:
    """Ages in days to judge by, youngest first: one for each band that the patient may be in.

    A stated age is the only one, but for two: a mother cannot be an infant, and an age may be a
    gestation. Then both are judged.
    """
    mother = pregnancy in {Pregnancy.PREGNANT, Pregnancy.POSTPARTUM}
    adult = AGES_BY_GROUP[AgeGroup.ADULT]
    if patient.age_days is not None:
        too_young = mother and patient.age_days < YOUNGEST_MOTHER_DAYS
        born_early = bool(present & age_hints()["newborn"])
        newborn = AGES_BY_GROUP[AgeGroup.NEWBORN]
        return (
            *(newborn if born_early and patient.age_days in GESTATION_DAYS else ()),
            patient.age_days,
            *(adult if too_young else ()),
        )
    groups = _plausible_groups(patient, present)
    ages = tuple(age for group in groups for age in AGES_BY_GROUP[group])
    return (*ages, *adult) if mother and AgeGroup.ADULT not in groups else ages


def _plausible_groups(patient: Patient, present: frozenset[str]) -> tuple[AgeGroup, ...]:
    hints = age_hints()
    if patient.age_group is not AgeGroup.UNKNOWN:
        newborn = (AgeGroup.YOUNG_INFANT,) if present & hints["newborn"] else ()
        adult = (AgeGroup.ADULT,) if present & hints["adult"] else ()
        return tuple(dict.fromkeys((*newborn, patient.age_group, *adult)))
    if patient.pregnancy is not Pregnancy.UNKNOWN:
        return (AgeGroup.ADULT,)  # of nobody else is it said, not even that she is not pregnant
    if present & hints["young_infant"]:
        return (AgeGroup.YOUNG_INFANT, *FROM_TWO_MONTHS)
    return FROM_TWO_MONTHS


VITAL_NAMES = tuple(field.name for field in fields(Vitals))


def measured(case: Case) -> dict[str, Number]:
    """The numbers that are known, by quantity name; age is added for each plausible age."""
    numbers: dict[str, Number] = {
        name: value for name in VITAL_NAMES if (value := getattr(case.vitals, name)) is not None
    }
    if case.patient.gestation_weeks is not None:
        numbers["gestation_weeks"] = case.patient.gestation_weeks
    return numbers


def facts_at_age(
    present: frozenset[str],
    absent: frozenset[str],
    numbers: Mapping[str, Number],
    *,
    age_days: int,
    pregnancy: Pregnancy,
    sex: Sex,
) -> Facts:
    """The facts of a patient of that age: stated, implied, and derived from measurements."""
    known = dict(numbers, age_days=age_days)
    codes, ruled_out = set(present), set(absent)
    facts = _facts(codes, ruled_out, known)
    for row in _derived_for(band_of(age_days), pregnancy, sex):
        if row.present_when.holds(facts):
            codes.add(row.finding)
            ruled_out.discard(row.finding)
        elif row.absent_when is not None and row.absent_when.holds(facts):
            codes.discard(row.finding)
            ruled_out.add(row.finding)
        else:
            continue
        facts = _facts(codes, ruled_out, known)
    return facts


def _facts(codes: set[str], ruled_out: set[str], known: Mapping[str, Number]) -> Facts:
    present = _with_implied(codes)
    return Facts(present, known, frozenset(codes), frozenset(ruled_out) - present)


def _with_implied(codes: set[str]) -> frozenset[str]:
    implied = implied_findings()
    return frozenset(codes).union(*(implied[code] for code in codes if code in implied))


@lru_cache(maxsize=512)
def _derived_for(band: int, pregnancy: Pregnancy, sex: Sex) -> tuple[Derived, ...]:
    return tuple(
        row
        for row in derived_findings()
        if any(p.holds(age_days=band, pregnancy=pregnancy, sex=sex) for p in row.populations)
    )


def band_of(age_days: int) -> int:
    """The first day of the band that the age is in: within a band the same rules apply."""
    starts = band_starts()
    return starts[bisect_right(starts, age_days) - 1]
