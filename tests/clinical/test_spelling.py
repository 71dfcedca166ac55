"""Respelling: what sounds or looks like a lexicon word, and the ordinary words left alone."""

from __future__ import annotations

import pytest

from clinical.reader.compiling import lexicon
from clinical.reader.spelling import Speller, sound_key


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("hedake", "headache"),
        ("vizion", "vision"),
        ("brething", "breathing"),
        ("convultion", "convulsion"),
        ("onkonshus", "unconscious"),
        ("blured", "blurred"),
        ("letargic", "lethargic"),
        ("swolen", "swollen"),
    ],
)
def test_words_that_sound_alike_share_a_key(written: str, meant: str) -> None:
    speller = Speller([meant], frozenset())
    assert speller.meanings(written) == (meant,)


def test_sound_key_is_the_consonant_skeleton() -> None:
    assert sound_key("hedake") == sound_key("headache")
    assert sound_key("bleeding") != sound_key("breeding")


@pytest.mark.parametrize(
    "ordinary",
    ["breeding", "conversion", "reading", "kujua", "feather", "forest", "poisson", "anasoma"],
)
def test_ordinary_words_are_left_alone(ordinary: str) -> None:
    assert lexicon().speller.meanings(ordinary) in {(), (ordinary,)}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("convlusion", "convulsion"),
        ("unconscouis", "unconscious"),
        ("bleedinng", "bleeding"),
        ("degedgee", "degedege"),
    ],
)
def test_edits_allowed_by_length(written: str, meant: str) -> None:
    assert meant in Speller([meant], frozenset()).meanings(written)


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("fist", "fits"),  # too short for an edit
        ("bledig", "bleeding"),  # two edits below nine letters
        ("hajazimia", "anazimia"),  # two edits with the first letter: the «not» of Swahili
    ],
)
def test_edits_refused(written: str, word: str) -> None:
    assert word not in Speller([word], frozenset()).meanings(written)


def test_short_guess_needs_a_sure_word_beside_it() -> None:
    speller = Speller(["snake"], frozenset())
    assert speller.meanings("snak") == ()
    assert speller.guesses("snak") == ("snake",)


def test_word_without_vowels_is_read() -> None:
    assert Speller(["vomiting"], frozenset()).meanings("vmtng") == ("vomiting",)
