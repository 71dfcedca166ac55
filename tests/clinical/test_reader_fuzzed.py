"""No text breaks the reader: random characters and mutated messages."""

from __future__ import annotations

import random
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.case import AgeGroup, Presence
from clinical.reader import MAX_READ_CHARACTERS, Reading, read_text
from clinical.reader.ages import MAX_AGE_DAYS
from clinical.reader.numbers import PLAUSIBLE

HELD_OUT = Path(__file__).parent / "held_out" / "positive.txt"
MESSAGES = [
    line.split("\t")[1]
    for line in HELD_OUT.read_text(encoding="utf-8").splitlines()
    if "\t" in line
]
ODD = string.punctuation + string.digits + "éèœßİıñ’ʼ٣²½😀\u0301\u200d\x00\n\t\ud800" + "noNOaе"


def check_sound(text: str, reading: Reading) -> None:
    """What holds of every reading: evidence inside the text, values within their limits."""
    for finding in reading.findings:
        assert finding.evidence is not None
        start, end = finding.evidence.start, finding.evidence.end
        assert 0 <= start < end <= min(len(text), MAX_READ_CHARACTERS)
        assert text[start:end] == finding.evidence.text
        assert finding.presence in Presence
    for name, (low, high) in PLAUSIBLE.items():
        value = getattr(reading.vitals, name)
        assert value is None or low <= value <= high
    age = reading.patient.age_days
    assert age is None or 0 <= age <= MAX_AGE_DAYS
    assert reading.patient.age_group in AgeGroup
    assert reading.patients in {1, 2}


def mutated(dice: random.Random) -> str:
    """A message with characters cut, doubled, swapped for odd ones, or joined to another."""
    letters = list(dice.choice(MESSAGES))
    for _ in range(dice.randrange(1, 9)):
        k = dice.randrange(len(letters) + 1)
        edit = dice.randrange(4)
        if edit == 0:
            letters[k:k] = dice.choice(ODD)
        elif edit == 1 and letters:
            del letters[min(k, len(letters) - 1)]
        elif edit == 2:
            letters[k:k] = letters[max(0, k - 5) : k] * dice.randrange(1, 4)
        else:
            letters[k:k] = dice.choice(MESSAGES)
    return "".join(letters)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    check_sound(text, read_text(text))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*MESSAGES, ",", ".", "no", "pas", "hana", "\n"]), max_size=12))
def test_any_mix_of_messages_is_read(parts: list[str]) -> None:
    text = " ".join(parts)
    check_sound(text, read_text(text))


def test_mutated_messages_are_read() -> None:
    dice = random.Random(7)
    for _ in range(1_500):
        text = mutated(dice)
        check_sound(text, read_text(text))


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_fifty_thousand_texts_are_read() -> None:
    dice = random.Random(50_000)
    alphabet = string.printable + ODD + "àâçêîôûœ ا ب中"
    for i in range(50_000):
        noise = "".join(dice.choices(alphabet, k=dice.randrange(0, 300)))
        text = mutated(dice) if i % 2 else noise
        check_sound(text, read_text(text))
