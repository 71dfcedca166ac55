import pytest

from clinical import read_answer
from clinical.assessment import Question
from clinical.case import AgeGroup, Pregnancy, Presence, Sex
from clinical.tables import questions


def asked(code: str) -> Question:
    return Question(code=code, options=tuple(option.code for option in questions()[code].answers))


def present(code: str, text: str) -> set[str]:
    return {f.code for f in read_answer(asked(code), text).findings if f.presence is PRESENT}


def absent(code: str, text: str) -> set[str]:
    return {f.code for f in read_answer(asked(code), text).findings if f.presence is ABSENT}


PRESENT, ABSENT = Presence.PRESENT, Presence.ABSENT


@pytest.mark.parametrize("text", ["3", " 3 ", "3.", "(3)", "3)"])
def test_a_digit_is_the_numbered_answer(text: str) -> None:
    assert present("general_danger_signs", text) == {"unconscious"}


@pytest.mark.parametrize("text", ["2 3", "2,3", "2 & 3"])
def test_several_digits_are_several_signs(text: str) -> None:
    assert present("general_danger_signs", text) == {"convulsions", "unconscious"}


def test_a_sign_beside_none_of_these_counts() -> None:
    assert present("general_danger_signs", "1 2") == {"convulsions"}
    assert "convulsions" not in absent("general_danger_signs", "1 2")


@pytest.mark.parametrize("text", ["9", "0", "2 9"])
def test_a_digit_that_is_not_on_the_list_is_not_understood(text: str) -> None:
    assert not read_answer(asked("general_danger_signs"), text).understood


def test_two_ranges_of_one_number_are_not_understood() -> None:
    assert not read_answer(asked("breaths_per_minute"), "1 3").understood


@pytest.mark.parametrize("text", ["i counted 56", "56", "56 per min", "rr 56"])
def test_a_count_of_breaths_is_a_measurement(text: str) -> None:
    answer = read_answer(asked("breaths_per_minute"), text)
    assert answer.vitals.respiratory_rate_per_minute == 56


def test_a_range_of_breaths_is_a_number_within_it() -> None:
    vitals = read_answer(asked("breaths_per_minute"), "4").vitals
    assert (vitals.respiratory_rate_per_minute or 0) >= 60


def test_an_unbelievable_count_is_not_used() -> None:
    assert (
        read_answer(asked("breaths_per_minute"), "900").vitals.respiratory_rate_per_minute is None
    )


def test_a_temperature_with_a_comma_is_read() -> None:
    assert read_answer(asked("temperature"), "38,6").vitals.temp_celsius == 38.6


@pytest.mark.parametrize("text", ["yes", "Yes.", "oui", "ndio", "ndiyo", "YES!!"])
def test_yes_in_any_language_states_the_sign(text: str) -> None:
    assert present("chest_indrawing", text) == {"chest_indrawing"}


@pytest.mark.parametrize("text", ["no", "non", "hapana", "No.", "none"])
def test_no_in_any_language_states_its_absence(text: str) -> None:
    assert absent("chest_indrawing", text) == {"chest_indrawing"}


def test_yes_to_a_list_of_danger_signs_raises_although_it_is_not_told_which() -> None:
    assert present("general_danger_signs", "yes") == {"looks_very_ill"}


def test_no_to_how_the_baby_feeds_is_not_reassuring() -> None:
    assert present("feeding_well", "no") == {"not_feeding"}
    assert present("drinking", "hapana") == {"not_able_to_drink"}


def test_a_sign_told_instead_of_an_answer_is_read() -> None:
    assert "convulsions" in present("fever_days", "now he is having convulsions")


def test_an_answer_about_the_patient_is_read() -> None:
    assert read_answer(asked("age"), "1").patient.age_group is AgeGroup.YOUNG_INFANT
    assert read_answer(asked("pregnant"), "oui").patient.pregnancy is Pregnancy.PREGNANT


def test_not_measured_is_understood_and_states_nothing() -> None:
    answer = read_answer(asked("blood_pressure"), "4")
    assert answer.understood
    assert answer.findings == ()


@pytest.mark.parametrize("text", ["", "?", "\x00", "ጤና", "lol", "x" * 4000, "7" * 4000])
def test_anything_else_is_not_understood_and_never_raises(text: str) -> None:
    assert not read_answer(asked("general_danger_signs"), text).understood


def test_a_question_of_another_version_is_not_understood() -> None:
    assert not read_answer(Question(code="shoe_size", options=("a", "b")), "1").understood


@pytest.mark.parametrize("text", ["no he does not", "yes she does", "No, he can not"])
def test_the_pronoun_of_a_yes_or_no_tells_no_sex(text: str) -> None:
    assert read_answer(asked("general_danger_signs"), text).patient.sex is Sex.UNKNOWN


@pytest.mark.parametrize(
    ("code", "text", "lasts_long"),
    [
        ("fever_days", "5 days", False),
        ("fever_days", "since 3 weeks", True),
        ("fever_days", "siku 8", True),
        ("diarrhoea_days", "depuis 2 jours", False),
        ("cough_days", "14 days", True),
    ],
)
def test_a_length_answers_how_long_and_is_nobodys_age(
    code: str, text: str, lasts_long: bool
) -> None:
    answer = read_answer(asked(code), text)
    expected = PRESENT if lasts_long else ABSENT
    assert expected in {f.presence for f in answer.findings}
    assert answer.patient.age_days is None


def test_a_sign_beside_a_length_is_read_too() -> None:
    assert "convulsions" in present("fever_days", "5 days and now convulsions")
