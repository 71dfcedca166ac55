import string

import pytest

from gateway.gsm7 import fold, measure
from gateway.keywords import WHOLE, Kind
from gateway.phrases import LANGUAGES, say, sentences


def fields(sentence):
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_sentence_with_the_same_places(language):
    mine, english = sentences(language), sentences("en")
    assert set(mine) == set(english)
    assert {c: fields(s) for c, s in mine.items()} == {c: fields(s) for c, s in english.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_fits_gsm7_and_two_segments(language):
    for code, sentence in sentences(language).items():
        plain = sentence.replace("{", "").replace("}", "")
        size = measure(fold(plain))
        assert size.encoding == "GSM-7", code
        assert size.segments <= 2, code


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_asks_for_a_word_that_the_network_keeps_for_itself(language):
    kept = {word.upper() for word, kind in WHOLE.items() if kind in (Kind.STOP, Kind.START)}
    for code, sentence in sentences(language).items():
        if code in {"menu", "help", "stopped", "stopped_but_wrote", "started"}:
            continue
        assert not kept & set(sentence.replace(".", " ").split()), code


def test_an_unknown_language_falls_back_to_english():
    assert say("thanks", "xx") == say("thanks", "en")
