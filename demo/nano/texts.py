"""Writes a case as a health worker's message: order, negation, units, abbreviations, misspelling.

Says exactly what the case holds and nothing else. Does not draw cases and does not answer them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from clinical.case import AgeGroup, Case, Patient, Pregnancy, Presence, Sex, Vitals
from demo.nano.wording import Split, Wording, denials, sign_wordings, wording

_DAYS_PER_MONTH = 30.4375
_DAYS_PER_YEAR = 365.25
_WORD_GROUPS = {
    AgeGroup.NEWBORN: "word_newborn",
    AgeGroup.CHILD: "word_child",
    AgeGroup.ADULT: "word_adult",
}
_MISSPELT = 0.05
_SHORTEST_MISSPELT = 6


def write_message(case: Case, language: str, rng: Random, split: Split) -> str:
    """One message that states the whole case, in a frame of the split."""
    words = wording(language)
    frame = rng.choice(words.of_split("frames", split))
    parts = {
        "who": write_who(case.patient, words, rng),
        "signs": write_signs(case, language, rng, split),
        "absent": write_absent(case, language, rng, split),
        "vitals": write_vitals(case.vitals, words, rng),
        "time": _time(case.patient, words, rng, split),
    }
    if missing := [
        name for name in ("absent", "vitals") if parts[name] and f"{{{name}}}" not in frame
    ]:
        frame += "".join(f", {{{name}}}" for name in missing)
    return noisy(_tidy(frame.format(**parts)), rng)


def write_who(patient: Patient, words: Wording, rng: Random) -> str:
    """The patient: age as stated, sex where it is known, pregnancy."""
    options = words.choices("who", _kind(patient))
    for name, known in (
        ("{age}", patient.age_days is not None),
        ("{sex}", patient.sex is not Sex.UNKNOWN),
    ):
        fitting = [option for option in options if (name in option) == known]
        options = tuple(fitting) or options
    return _tidy(
        rng.choice(options).format(
            age=_age(patient, words, rng),
            sex=_sex(patient, words, rng),
            weeks=_weeks(patient, words, rng),
        )
    )


def write_signs(case: Case, language: str, rng: Random, split: Split) -> str:
    """The present findings in the order of the case, joined as a hurried worker joins them."""
    present = [f.code for f in case.findings if f.presence is Presence.PRESENT]
    said = [rng.choice(sign_wordings(code, language, split)) for code in present]
    return _join(said, wording(language).of_split("joining", split), rng)


def write_absent(case: Case, language: str, rng: Random, split: Split) -> str:
    """The findings that were looked for and not found."""
    absent = [f.code for f in case.findings if f.presence is Presence.ABSENT]
    said = [rng.choice(denials(code, language, split)) for code in absent]
    return _join(said, (", ", " "), rng)


def write_vitals(vitals: Vitals, words: Wording, rng: Random) -> str:
    """The measurements with their unit or label."""
    said = []
    for name, options in words.tables["vitals"].items():
        if name == "blood_pressure":
            if vitals.systolic_mmhg is not None:
                said.append(
                    rng.choice(options).format(s=vitals.systolic_mmhg, d=vitals.diastolic_mmhg)
                )
        elif (value := getattr(vitals, name)) is not None:
            said.append(rng.choice(options).format(v=f"{value:g}"))
    rng.shuffle(said)
    return _join(said, (", ", " "), rng)


def noisy(text: str, rng: Random) -> str:
    """The text with now and then a slip: case, lost punctuation, a letter dropped or swapped."""
    if rng.random() < 0.5:
        text = text.lower()
    if rng.random() < 0.15:
        text = re.sub(r"[,;:](?=\s)", "", text)
    if rng.random() < 0.5:
        return text
    return " ".join(_slip(word, rng) if rng.random() < _MISSPELT else word for word in text.split())


def _slip(word: str, rng: Random) -> str:
    if len(word) < _SHORTEST_MISSPELT or not word.isalpha():
        return word
    at = rng.randrange(1, len(word) - 1)
    return rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at] + word[at:],
        )
    )


def _time(patient: Patient, words: Wording, rng: Random, split: Split) -> str:
    """How long; no number of days where it could be taken for the age."""
    options = words.of_split("time", split)
    if patient.age_days is None or patient.age_days < 60:
        options = tuple(option for option in options if not re.search(r"\d", option))
    return rng.choice(options) if rng.random() < 0.7 else ""


def _kind(patient: Patient) -> str:
    if patient.pregnancy is Pregnancy.PREGNANT:
        return "pregnant" if patient.gestation_weeks is not None else "pregnant_no_weeks"
    if patient.pregnancy is Pregnancy.POSTPARTUM:
        return "postpartum"
    if patient.age_days is None:
        return _WORD_GROUPS.get(patient.age_group, "nobody")
    bands = ((29, "newborn"), (365, "infant"), (1825, "child"), (4380, "older_child"))
    return next((kind for below, kind in bands if patient.age_days < below), "adult")


def _age(patient: Patient, words: Wording, rng: Random) -> str:
    days = patient.age_days
    if days is None:
        return ""
    if days < 60:
        unit, count = ("weeks", days // 7) if days % 7 == 0 and days else ("days", days)
    elif days < 2 * 365:
        unit, count = "months", round(days / _DAYS_PER_MONTH)
    else:
        unit, count = "years", round(days / _DAYS_PER_YEAR)
    return rng.choice(words.choices("age", unit)).format(n=count)


def _sex(patient: Patient, words: Wording, rng: Random) -> str:
    days = patient.age_days
    stage = "adult" if days is None or days >= 4380 else "child"
    return rng.choice(words.choices("sex", f"{stage}_{patient.sex}"))


def _weeks(patient: Patient, words: Wording, rng: Random) -> str:
    if patient.gestation_weeks is None:
        return ""
    return rng.choice(words.choices("age", "gestation")).format(n=patient.gestation_weeks)


def _join(said: Sequence[str], joints: Sequence[str], rng: Random) -> str:
    text = said[0] if said else ""
    for part in said[1:]:
        text += rng.choice(joints) + part
    return text


def _tidy(text: str) -> str:
    """Drop what empty parts leave behind: doubled spaces and punctuation."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"(?:\s?[,;:.](?=\s?[,;.]))+", "", text)
    text = re.sub(r"\s+([,.;])", r"\1", text)
    return text.strip(" ,;:")
