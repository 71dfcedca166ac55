"""Random and mutated texts through reader, rules and net: never an exception, never unanswered."""

import random
import string
from collections.abc import Iterator

import pytest

from clinical import apply_safety_net, assess_by_rules
from clinical.assessment import Assessment, Urgency
from clinical.case import Case, Message
from clinical.phrases import LANGUAGES
from clinical.phrases.wording import Kind, wordings
from clinical.tables import permitted_actions

ALPHABET = (
    string.ascii_letters
    + string.digits
    + " .,;:!?/-+°'\"\n\x00\t<>{}éèàçûñßøጤናمرحبا你好😀\u200b\u202e"
)
SEED = 20_260_101


def texts(count: int) -> Iterator[str]:
    """Half noise, half wordings of all languages shuffled, cut, joined and misspelt."""
    chance = random.Random(SEED)
    phrases = [w.long for lang in LANGUAGES for k in Kind for w in wordings(lang)[k].values()]
    for number in range(count):
        if number % 2:
            yield "".join(chance.choices(ALPHABET, k=chance.randrange(0, 160)))
        else:
            yield mutated(chance, " ".join(chance.choices(phrases, k=chance.randrange(1, 6))))


def mutated(chance: random.Random, text: str) -> str:
    letters = list(text)
    for _ in range(chance.randrange(0, 8)):
        place = chance.randrange(len(letters)) if letters else 0
        letters[place : place + chance.randrange(0, 3)] = chance.choices(
            ALPHABET, k=chance.randrange(0, 3)
        )
    return "".join(letters)


def check(text: str) -> None:
    case = Case(messages=(Message(text=text),))
    rules = assess_by_rules(case)
    assert rules.urgency is not Urgency.UNSPECIFIED
    assert rules.urgency is not Urgency.HOME or rules.rule_ids
    assert set(rules.actions) <= permitted_actions(rules.urgency)
    assert len(rules.summary) <= 240
    soothing = Assessment(urgency=Urgency.HOME, summary="All is well.")
    assert apply_safety_net(case, soothing).urgency is rules.urgency


def test_a_sample_of_random_texts_is_always_answered() -> None:
    for text in texts(600):
        check(text)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_fifty_thousand_random_texts_are_always_answered() -> None:
    for text in texts(50_000):
        check(text)
