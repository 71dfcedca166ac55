"""Trains the recogniser's weights from `examples/`: python -m clinical.recogniser.train

A softmax over the danger signs and «no sign», on stretches of a few words; misspelt copies of each
stretch teach it what typing does. Same examples and seed, same file. Needs numpy; takes minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from clinical.reader.compiling import lexicon
from clinical.reader.wordings import Meaning, lexicon_files, phrases, plain_words
from clinical.recogniser.examples import Example, digest_of_examples, read_examples
from clinical.recogniser.features import BUCKETS, features_of
from clinical.recogniser.recognise import NO_SIGN
from clinical.recogniser.weights import FILE_NAME, Weights, sparse, write_weights
from clinical.recogniser.windows import WINDOW, sentences
from clinical.tables.codes import danger_sign_codes

SEED = 20261126
EPOCHS = 8
BATCH = 256
STEP = 0.25
SHRINK = 2e-5  # of a weight at each step that touches it
PLACED = 2  # windows around each marked stretch
MISSPELT = 2  # misspelt copies of each window that holds a sign
MISSPELT_NOTHING = 1
LEAST_WEIGHT = 3  # of 127; smaller weights are left out
Floats = NDArray[np.float32]


class Stretch(NamedTuple):
    """Words side by side, and the sign they carry (NO_SIGN for none)."""

    words: tuple[str, ...]
    code: str


def stretches_of(example: Example, rng: Random) -> Iterator[Stretch]:
    """The windows of one text: around each marked stretch, and where nothing is marked."""
    words = [t.word for t in example.tokens]
    marked = {i: m for m in example.marked for i in range(m.first, m.last + 1)}
    for places in sentences(example.tokens):
        for start in range(0, max(1, len(places) - WINDOW + 1), 3):
            window = places[start : start + WINDOW]
            if sum(i in marked for i in window) <= len(window) // 6:
                yield Stretch(tuple(words[i] for i in window), NO_SIGN)
                # Greetings and half sentences are short: few words are no sign by themselves.
                few = window[: rng.randint(1, len(window))]
                yield Stretch(tuple(words[i] for i in few), NO_SIGN)
        for mark in example.marked:
            inside = [n for n, i in enumerate(places) if mark.first <= i <= mark.last]
            if not inside:
                continue
            yield Stretch(tuple(words[places[n]] for n in inside[:WINDOW]), mark.code)
            for _ in range(PLACED):
                low = min(inside[0], max(0, inside[-1] + 1 - WINDOW))
                start = rng.randint(low, inside[0]) if low < inside[0] else inside[0]
                window = places[start : start + WINDOW]
                yield Stretch(tuple(words[i] for i in window), mark.code)


def stretches_of_lexicons() -> Iterator[Stretch]:
    """The lexicons' own wordings, so that their misspellings are learnt too."""
    known = set(danger_sign_codes())
    for source in lexicon_files().values():
        for code, wordings in source.get(Meaning.SIGN.value, {}).items():
            for phrase in phrases(wordings):
                if code in known and not set(phrase) & set("<~&"):
                    yield Stretch(tuple(plain_words(phrase))[:WINDOW], code)
        for kind in (Meaning.NOTHING.value, "common"):
            for phrase in phrases(source.get(kind, "")):
                if not set(phrase) & set("<~&+"):
                    yield Stretch(tuple(plain_words(phrase))[:WINDOW], NO_SIGN)


def misspell(words: Sequence[str], rng: Random) -> tuple[str, ...]:
    """The words as typed in a hurry: letters dropped, doubled, swapped, by ear, run together."""
    typed = [_slip(word, rng) if rng.random() < 0.4 else word for word in words]
    if len(typed) > 1 and rng.random() < 0.2:
        at = rng.randrange(len(typed) - 1)
        typed[at : at + 2] = [typed[at] + typed[at + 1]]
    if len(typed) > 3 and rng.random() < 0.3:
        del typed[rng.randrange(len(typed))]
    return tuple(typed)


_BY_EAR = (
    ("ph", "f"), ("ck", "k"), ("gh", ""), ("th", "t"), ("ea", "e"), ("ee", "i"), ("ou", "u"),
    ("c", "k"), ("s", "z"), ("s", "x"), ("qu", "k"), ("eau", "o"), ("ai", "e"), ("oo", "u"),
    ("y", "i"), ("er", "a"), ("au", "o"), ("ch", "sh"), ("ing", "in"), ("tion", "shun"),
)  # fmt: skip


def _slip(word: str, rng: Random) -> str:
    if len(word) < 4 or not word.isalpha():
        return word
    kind = rng.random()
    at = rng.randrange(1, len(word) - 1)
    if kind < 0.25:
        return word[:at] + word[at + 1 :]
    if kind < 0.35:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.42:
        return word[:at] + word[at] + word[at:]
    if kind < 0.65:
        return word[0] + "".join(c for c in word[1:] if c not in "aeiou" or rng.random() < 0.25)
    heard = [(a, b) for a, b in _BY_EAR if a in word]
    return word.replace(*rng.choice(heard)) if heard else word[:-1]


def training_set(examples: Sequence[Example], rng: Random) -> list[Stretch]:
    """All stretches with their misspelt copies, shuffled."""
    plain = [s for example in examples for s in stretches_of(example, rng)]
    plain += stretches_of_lexicons()
    found = list(plain)
    for stretch in plain:
        copies = MISSPELT if stretch.code else MISSPELT_NOTHING
        found += [Stretch(misspell(stretch.words, rng), stretch.code) for _ in range(copies)]
    found = [s for s in found if s.words]
    rng.shuffle(found)
    return found


class _Batch(NamedTuple):
    """Feature values of the stretches over the features that occur at all, and their signs."""

    buckets: NDArray[np.int64]
    values: Floats
    signs: NDArray[np.int64]


def _batch(stretches: Sequence[Stretch], number_of: dict[str, int]) -> _Batch:
    rows = [features_of(s.words) for s in stretches]
    told = [bucket for row in rows for bucket, _ in row]
    buckets, columns = np.unique(told, return_inverse=True)
    values = np.zeros((len(rows), len(buckets)), dtype=np.float32)
    of_row = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    np.add.at(values, (of_row, columns), [value for row in rows for _, value in row])
    return _Batch(buckets, values, np.array([number_of[s.code] for s in stretches]))


def train(stretches: Sequence[Stretch], *, learnt_from: str, epochs: int = EPOCHS) -> Weights:
    """Fit the softmax by AdaGrad and keep the weights that matter."""
    signs = [NO_SIGN, *sorted({s.code for s in stretches} - {NO_SIGN})]
    number_of = {code: n for n, code in enumerate(signs)}
    weight = np.zeros((BUCKETS, len(signs)), dtype=np.float32)
    seen = np.full_like(weight, 1e-3)
    bias = np.zeros(len(signs), dtype=np.float32)
    batches = [_batch(stretches[n : n + BATCH], number_of) for n in range(0, len(stretches), BATCH)]
    with Progress() as progress:
        for epoch in progress.track(range(epochs), description="training"):
            step = STEP * (1 - epoch / epochs)
            for b in batches:
                gap = _likely(b.values @ weight[b.buckets] + bias)
                gap[np.arange(len(b.signs)), b.signs] -= 1
                gap /= len(b.signs)
                slope = b.values.T @ gap
                seen[b.buckets] += slope**2
                moved = weight[b.buckets] * (1 - SHRINK) - step * slope / np.sqrt(seen[b.buckets])
                weight[b.buckets] = moved
                bias -= step * gap.sum(axis=0)
    rows, scale = _kept(weight)
    biases = [round(float(b), 4) for b in bias]
    return sparse(signs, biases, rows, scale=scale, learnt_from=learnt_from)


def _likely(score: Floats) -> Floats:
    odds = np.exp(score - score.max(axis=1, keepdims=True))
    shares: Floats = odds / odds.sum(axis=1, keepdims=True)
    return shares


def _kept(weight: Floats) -> tuple[list[dict[int, int]], float]:
    """The weights as whole numbers from -127 to 127, small ones left out, and what 1 stands for."""
    scale = float(np.quantile(np.abs(weight[weight != 0]), 0.9995)) / 127
    rounded = np.clip(np.rint(weight / scale), -127, 127).astype(int)
    rounded[np.abs(rounded) < LEAST_WEIGHT] = 0
    return [{int(s): int(row[s]) for s in np.flatnonzero(row)} for row in rounded], scale


def main() -> None:
    """Train on all examples and write the weights beside this file."""
    lexicon()  # a faulty lexicon is told of before minutes are spent
    stretches = training_set(list(read_examples()), Random(SEED))
    print(f"{len(stretches)} stretches of words")
    content = write_weights(train(stretches, learnt_from=digest_of_examples()))
    target = Path(__file__).parent / FILE_NAME
    target.write_bytes(content)
    print(f"{target}: {len(content) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
