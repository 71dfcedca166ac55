"""The rules alone over whole messages: the reader, the rules and the words together."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical import LANGUAGES, assess_by_rules, assess_text
from clinical.assessment import AnswerSource, Urgency
from clinical.case import MAX_TEXT_CHARACTERS, Case, Message, Patient


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("preg 34wks bad headache, sees spots, bp 170/115", "severe_preeclampsia"),
        ("2yr old fitting and won't drink anything", "very_severe_febrile_disease"),
        ("baby 5 days not breastfeeding hot", "serious_bacterial_infection"),
    ],
)
def test_an_explicit_emergency_is_answered_as_one(text: str, condition: str) -> None:
    answer = assess_text(text)
    assert answer.urgency is Urgency.EMERGENCY
    assert answer.conditions[0] == condition
    assert answer.danger_signs[0].evidence is not None
    assert answer.questions == ()


@pytest.mark.parametrize(
    "text", ["child 3 yrs runny nose eats and plays", "diarrhoea 3 days drinks well no blood 2yo"]
)
def test_a_benign_message_is_no_emergency(text: str) -> None:
    assert assess_text(text).urgency <= Urgency.ROUTINE


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_is_short_and_names_sign_condition_and_urgency(language: str) -> None:
    answer = assess_text("child 2 years convulsions", language)
    assert 0 < len(answer.summary) <= 240
    assert answer.source is AnswerSource.RULES_ONLY


def test_the_summary_is_in_the_language_of_the_text() -> None:
    assert "EMERGENCY" in assess_text("child 2 years convulsions").summary
    assert "VITALE" in assess_text("enfant de 2 ans, il convulse depuis ce matin").summary


def test_the_patient_beside_the_text_is_used() -> None:
    assert assess_text("fever", patient=Patient(age_days=10)).urgency is Urgency.EMERGENCY
    assert assess_text("fever", patient=Patient(age_days=1000)).urgency is Urgency.ROUTINE


@pytest.mark.parametrize(
    "text",
    ["", " ", "12345", "?", "\x00\x00", "😀", "ጤና ይስጥልኝ", "مرحبا", "x" * 4000, "\ud800", "1/0 2/0"],
    ids=repr,
)
def test_what_cannot_be_read_is_routine_with_a_question(text: str) -> None:
    answer = assess_text(text)
    assert answer.urgency is Urgency.ROUTINE
    assert [question.code for question in answer.questions][:1] == ["general_danger_signs"]


def test_two_patients_in_one_message_are_noted() -> None:
    answer = assess_text("child 2 years cough, and his mother 30 years fever")
    assert "two_patients" in answer.notes


def test_a_long_message_keeps_a_sign_at_its_end() -> None:
    text = ("the child plays well. " * 170)[: MAX_TEXT_CHARACTERS - 30] + " now convulsing"
    assert assess_text(text).urgency is Urgency.EMERGENCY


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.sampled_from([*LANGUAGES, "am", ""]))
def test_no_text_raises_an_exception_or_stays_unanswered(text: str, language: str) -> None:
    case = Case(messages=(Message(text=text),))
    answer = assess_by_rules(case, language=language)
    assert answer.urgency is not Urgency.UNSPECIFIED
    assert answer.urgency is not Urgency.HOME or answer.rule_ids
