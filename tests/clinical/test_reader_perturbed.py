"""How much of the lexicon survives what happens to text on its way: a measured share per change."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from clinical import tables
from clinical.case import Presence
from clinical.reader import read_text
from clinical.reader.compiling import lexicon
from clinical.reader.wordings import Meaning, lexicon_files, phrases

LEAST_SHARE = 0.99
SAMPLE = 1_500
Change = Callable[[str, random.Random], str]


def plain_wordings() -> list[tuple[str, str]]:
    """(code, wording) of every danger sign wording that holds no slot and no gap."""
    danger = set(tables.danger_sign_codes())
    return [
        (code, wording)
        for name in lexicon().languages
        for code, value in lexicon_files()[name][Meaning.SIGN].items()
        if code in danger
        for wording in phrases(value)
        if not set(wording) & set("<~&")
    ]


def one_typo(text: str, dice: random.Random) -> str:
    """One letter dropped, doubled, swapped or replaced inside the longest word."""
    words = text.split(" ")
    i = max(range(len(words)), key=lambda k: len(words[k]))
    word = words[i]
    if len(word) < 6 or not word.isalpha():
        return text
    k = dice.randrange(1, len(word) - 1)
    replaced = dice.choice("aeiorst")
    words[i] = dice.choice(
        [
            word[:k] + word[k + 1 :],
            word[:k] + word[k] + word[k:],
            word[:k] + word[k + 1] + word[k] + word[k + 2 :],
            word[:k] + replaced + word[k + 1 :],
        ]
    )
    return " ".join(words)


def after_another_sign(text: str, dice: random.Random) -> str:
    return dice.choice(["runny nose", "rhume", "mafua", "sore throat"]) + ", " + text


def before_another_sign(text: str, dice: random.Random) -> str:
    return text + ", " + dice.choice(["runny nose", "rhume", "mafua", "sore throat"])


def in_capitals(text: str, dice: random.Random) -> str:
    return text.upper()


def with_punctuation(text: str, dice: random.Random) -> str:
    return "!! " + text + dice.choice(["...", "!!", " ??", ";", ")"])


def with_benign_text(text: str, dice: random.Random) -> str:
    return f"Hello doctor I visited the house. {text}. Thank you for your help"


def without_accents_and_spaced(text: str, dice: random.Random) -> str:
    return "  " + text.replace("é", "e").replace("è", "e").replace(" ", "  ") + "\n"


@pytest.mark.parametrize(
    "change",
    [
        one_typo,
        after_another_sign,
        before_another_sign,
        in_capitals,
        with_punctuation,
        with_benign_text,
        without_accents_and_spaced,
    ],
    ids=lambda change: change.__name__,
)
def test_share_of_wordings_that_keep_their_finding(change: Change) -> None:
    dice = random.Random(20)
    wordings = dice.sample(plain_wordings(), SAMPLE)
    read = [(code, text) for code, text in wordings if _reads(code, text)]
    assert len(read) >= LEAST_SHARE * len(wordings)
    lost = [
        (code, changed) for code, text in read if not _reads(code, changed := change(text, dice))
    ]
    assert 1 - len(lost) / len(read) >= LEAST_SHARE, lost[:40]


def _reads(code: str, text: str) -> bool:
    return any(f.code == code and f.presence is Presence.PRESENT for f in read_text(text).findings)


HELD_OUT = Path(__file__).parent / "held_out"
LEAST_BURIED = 0.97
LEAST_MISSPELT = 0.80


def held_out_signs() -> list[tuple[set[str], str]]:
    """Held-out texts whose sign is read as written, with the codes that tell it."""
    lines = (HELD_OUT / "positive.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if "\t" in line and not line.startswith("#")]
    return [(set(codes.split("|")), text) for codes, text in pairs if _any(codes, text)]


def _any(codes: str | set[str], text: str) -> bool:
    wanted = set(codes.split("|")) if isinstance(codes, str) else codes
    return any(_reads(code, text) for code in wanted)


def test_share_of_signs_read_at_the_end_of_a_long_benign_text() -> None:
    dice = random.Random(3)
    benign = (HELD_OUT / "benign.txt").read_text(encoding="utf-8").splitlines()[1:]
    signs = held_out_signs()
    lost = [
        text
        for codes, text in signs
        if not _any(codes, ". ".join([*dice.sample(benign, 20), text]))
    ]
    assert 1 - len(lost) / len(signs) >= LEAST_BURIED, lost


def _misspelt(word: str, dice: random.Random) -> str:
    if len(word) < 4 or dice.random() < 0.4:
        return word
    k = dice.randrange(1, len(word) - 1)
    return dice.choice(
        [
            word[:k] + word[k + 1 :],
            word[:k] + word[k + 1] + word[k] + word[k + 2 :],
            word[:k] + dice.choice("aeiou") + word[k + 1 :],
        ]
    )


def test_share_of_signs_read_when_most_words_are_misspelt() -> None:
    dice = random.Random(5)
    signs = held_out_signs()
    lost = [
        text
        for codes, text in signs
        if not _any(codes, " ".join(_misspelt(word, dice) for word in text.split()))
    ]
    assert 1 - len(lost) / len(signs) >= LEAST_MISSPELT, len(lost)
