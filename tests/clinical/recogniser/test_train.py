"""Training, at a size that takes a second: it learns, it repeats itself, it hears misspelling."""

from random import Random

from clinical.recogniser.examples import example_of
from clinical.recogniser.features import features_of
from clinical.recogniser.train import Stretch, misspell, stretches_of, train
from clinical.recogniser.weights import Weights, write_weights

SIGNS = [
    Stretch(("stars", "dance", "before", "her", "eyes"), "blurred_vision"),
    Stretch(("eyes", "see", "small", "stars"), "blurred_vision"),
    Stretch(("neck", "like", "a", "board"), "stiff_neck"),
    Stretch(("neck", "will", "not", "bend"), "stiff_neck"),
    Stretch(("nets", "came", "on", "monday"), ""),
    Stretch(("thank", "you", "nurse"), ""),
]


def score(model: Weights, *words: str) -> dict[str, float]:
    total = model.add_up(features_of(words))
    return {sign: total.get(n, 0.0) + model.bias[n] for n, sign in enumerate(model.signs)}


def test_it_tells_signs_apart_and_from_no_sign() -> None:
    model = train(SIGNS * 4, learnt_from="x", epochs=20)
    for words, sign in ((("stars", "eyes"), "blurred_vision"), (("thank", "you"), "")):
        scores = score(model, *words)
        assert max(scores, key=scores.__getitem__) == sign
    # A word that it never saw is known by its pieces and its sound.
    assert score(model, "nek", "bord")["stiff_neck"] > score(model, "nek", "bord")["blurred_vision"]


def test_the_same_examples_give_the_same_file() -> None:
    files = {write_weights(train(SIGNS, learnt_from="x", epochs=3)) for _ in range(2)}
    assert len(files) == 1


def test_marked_words_carry_the_sign_and_the_others_none() -> None:
    line = (
        "we had a good meeting on monday and all the mothers came with their cards. "
        "[[stiff_neck|neck is like wood]]"
    )
    found = list(stretches_of(example_of(line, where="x"), Random(1)))
    assert {s.code for s in found} == {"stiff_neck", ""}
    assert all(("wood" in s.words) == (s.code == "stiff_neck") for s in found)


def test_misspelling_leaves_short_words_and_repeats_with_its_seed() -> None:
    words = ("the", "baby", "is", "convulsing", "badly")
    typed = [misspell(words, Random(n)) for n in range(50)]
    assert typed == [misspell(words, Random(n)) for n in range(50)]
    assert any(t != words for t in typed)
    assert all(t for t in typed)
