import pytest

from gateway.conversation import Awaiting
from gateway.keywords import Kind, bare_words, parse
from gateway.plain_answers import _WORDS, CONSENT, digit_of, is_yes_or_no


@pytest.mark.parametrize(
    ("question", "text", "digit"),
    [
        ("going", "YES", 1),
        ("going", "Nous partons.", 1),
        ("going", "C'est impossible", 2),
        ("going", "we are going to see", None),
        ("reached", "Didn't reach", 2),
        ("reached", "Amefika", 1),
        ("outcome", "Worse!", 3),
        ("outcome", "worse, now fitting", None),
        ("outcome", "guéri", 1),
        ("going", "1 going", 1),
        ("going", "1. Yes", 1),
        ("going", "1 cannot go", None),
        ("going", "ok we are going", 1),
        ("going", "sawa tunaenda", 1),
        ("going", "On est en route", 1),
        ("going", "tunaenda sasa", 1),
        ("going", "On n'a pas de transport", 2),
        ("going", "hatuna nauli", 2),
        ("outcome", "3 worse", 3),
        (CONSENT, "I agree", 1),
        (CONSENT, "sikubali", 2),
        ("question", "yes", None),
        ("", "yes", None),
    ],
)
def test_whole_messages_mean_a_digit(question, text, digit):
    assert digit_of(question, text) == digit


def test_words_are_written_as_messages_are_read():
    for digits in _WORDS.values():
        for words in digits.values():
            assert {bare_words(word) for word in words} == words


def test_no_word_means_two_digits_or_a_command():
    commands = {Kind.STOP, Kind.START, Kind.HELP, Kind.MENU, Kind.LANGUAGE, Kind.NEW, Kind.TAG}
    for question, digits in _WORDS.items():
        every = [word for words in digits.values() for word in words]
        assert len(every) == len(set(every)), question
        assert not [word for word in every if parse(word).kind in commands], question


def test_every_fixed_question_has_words():
    assert set(_WORDS) == {a.value for a in Awaiting} - {"question"} | {CONSENT}


def test_a_bare_yes_or_no_is_known():
    assert is_yes_or_no("Ndiyo!")
    assert not is_yes_or_no("no fever")
