"""Which questions are asked, and how the urgency moves as they are answered."""

from collections.abc import Callable

import pytest

from clinical import accumulate, assess_by_rules, questions_for, read_answer
from clinical.assessment import Question, Urgency
from clinical.case import AgeGroup, Case, Pregnancy, Sex
from clinical.rules import judge
from clinical.tables import questions

CaseBuilder = Callable[..., Case]
HOME, ROUTINE, URGENT, EMERGENCY = Urgency.HOME, Urgency.ROUTINE, Urgency.URGENT, Urgency.EMERGENCY


def codes(case: Case) -> list[str]:
    return [question.code for question in questions_for(case)]


def question(code: str) -> Question:
    return Question(code=code, options=tuple(option.code for option in questions()[code].answers))


def test_nothing_is_asked_before_an_emergency_is_answered(a_case: CaseBuilder) -> None:
    assert questions_for(a_case("convulsions", age_days=700)) == ()


def test_at_most_three_are_asked_each_with_numbered_answers(a_case: CaseBuilder) -> None:
    asked = questions_for(a_case("cough", "diarrhoea", "fever"))
    assert len(asked) == 3
    assert all(len(one.options) >= 2 for one in asked)


def test_nothing_read_asks_for_danger_signs(a_case: CaseBuilder) -> None:
    assert codes(a_case())[0] == "general_danger_signs"


def test_the_age_is_asked_for_when_it_could_change_the_answer(a_case: CaseBuilder) -> None:
    assert "age" in codes(a_case("fever"))
    assert "age" not in codes(a_case("fever", age_days=700))
    assert "age" not in codes(a_case("fever", age_group=AgeGroup.CHILD))


def test_a_woman_is_asked_whether_she_is_pregnant(a_case: CaseBuilder) -> None:
    woman = a_case("fever", age_days=9000, sex=Sex.FEMALE)
    assert "pregnant" in codes(woman)
    assert "pregnant" not in codes(a_case("fever", age_days=9000, sex=Sex.MALE))
    assert "pregnant" not in codes(a_case("fever", age_days=22000, sex=Sex.FEMALE))
    told = a_case("fever", age_days=9000, sex=Sex.FEMALE, pregnancy=Pregnancy.NOT_PREGNANT)
    assert "pregnant" not in codes(told)


def test_breaths_are_asked_for_with_a_cough_until_they_are_counted(a_case: CaseBuilder) -> None:
    assert "breaths_per_minute" in codes(a_case("cough", age_days=700))
    counted = a_case("cough", age_days=700, respiratory_rate_per_minute=30)
    assert "breaths_per_minute" not in codes(counted)


def test_the_strength_of_a_pain_is_asked_where_there_is_one(a_case: CaseBuilder) -> None:
    assert "pain_severity" not in codes(a_case("tired", age_days=7 * 365))
    assert "pain_severity" in codes(a_case("headache", age_days=7 * 365))


def test_what_is_known_is_not_asked_again(a_case: CaseBuilder) -> None:
    assert "chest_indrawing" in codes(a_case("cough", age_days=700))
    assert "chest_indrawing" not in codes(a_case("cough", "no chest_indrawing", age_days=700))


@pytest.mark.parametrize(
    ("findings", "age_days"),
    [
        (["cough"], 700),
        (["diarrhoea"], 400),
        (["headache"], 9000),
        (["cough"], 30),
        (["fever"], 90),
    ],
    ids=str,
)
def test_the_question_that_could_raise_most_comes_first(
    a_case: CaseBuilder, findings: list[str], age_days: int
) -> None:
    case = a_case(*findings, age_days=age_days)
    raises = [largest_raise(case, one) for one in questions_for(case)]
    assert raises == sorted(raises, reverse=True)
    assert all(gain > 0 for gain in raises)


def largest_raise(case: Case, asked: Question) -> int:
    """By the answers themselves, not by the shortcut that chooses the questions."""
    answered = (read_answer(asked, str(n + 1)) for n in range(len(asked.options)))
    return max(judge(accumulate(case, answer)).urgency for answer in answered) - judge(case).urgency


Turn = tuple[str, str, Urgency]

CONVERSATIONS: list[tuple[str, list[str], dict[str, object], Urgency, list[Turn]]] = [
    (
        "a cough that turns out to be pneumonia",
        ["cough"],
        {"age_days": 700},
        ROUTINE,
        [
            ("chest_indrawing", "1", HOME),
            ("general_danger_signs", "1", HOME),
            ("breaths_per_minute", "i counted 56", URGENT),
        ],
    ),
    (
        "a diarrhoea that turns out to be severe",
        ["diarrhoea"],
        {"age_days": 700},
        ROUTINE,
        [("drinking", "2", URGENT), ("general_danger_signs", "3", EMERGENCY)],
    ),
    (
        "a fever without an age",
        ["fever"],
        {},
        ROUTINE,
        [("general_danger_signs", "hapana", ROUTINE), ("age", "1", EMERGENCY)],
    ),
    (
        "a woman with a headache",
        ["headache"],
        {"age_days": 9000, "sex": Sex.FEMALE},
        ROUTINE,
        [("pregnant", "oui", ROUTINE), ("blood_pressure", "165/115", EMERGENCY)],
    ),
    (
        "a newborn with a blocked nose",
        ["runny_nose"],
        {"age_days": 20},
        ROUTINE,
        [("feeding_well", "1", ROUTINE), ("temperature", "38.2", EMERGENCY)],
    ),
    (
        "a thin child",
        ["muac_red"],
        {"age_days": 700},
        URGENT,
        [("general_danger_signs", "1", URGENT), ("appetite", "no", EMERGENCY)],
    ),
]


@pytest.mark.parametrize(
    ("findings", "known", "before", "turns"),
    [row[1:] for row in CONVERSATIONS],
    ids=[row[0] for row in CONVERSATIONS],
)
def test_the_urgency_follows_the_answers(
    a_case: CaseBuilder,
    findings: list[str],
    known: dict[str, object],
    before: Urgency,
    turns: list[Turn],
) -> None:
    case = a_case(*findings, **known)
    assert assess_by_rules(case).urgency is before
    for code, text, urgency in turns:
        answer = read_answer(question(code), text)
        assert answer.understood, (code, text)
        case = accumulate(case, answer)
        assert assess_by_rules(case).urgency is urgency, (code, text)
    assert code not in codes(case)
