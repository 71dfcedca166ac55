import pytest

from clinical.case import Patient, Vitals
from clinical.tables import TableError, questions, rules
from clinical.tables.question import question_of


def test_a_question_has_two_to_five_numbered_answers() -> None:
    wrong = [code for code, row in questions().items() if not 2 <= len(row.answers) <= 5]
    assert wrong == []


def test_an_answer_states_something_or_stays_unknown_on_purpose() -> None:
    silent = {
        option.code
        for row in questions().values()
        for option in row.answers
        if not option.findings and option.vitals == Vitals() and option.patient == Patient()
    }
    assert silent == {"not_measured", "not_done", "not_known"}


def test_every_question_is_asked_by_some_rule_or_of_every_case() -> None:
    asked = {code for rule in rules() for code in rule.ask}
    assert [code for code, row in questions().items() if not row.always and code not in asked] == []


def test_a_question_with_one_answer_is_refused() -> None:
    with pytest.raises(TableError, match="at least two answers"):
        question_of("q", {"answers": {"yes": {"present": ["cough"]}}})


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"present": ["coughing"]}, r"not in findings.toml"),
        ({"vitals": {"height": 3}}, "unknown height"),
        ({"patient": {"name": "x"}}, "unknown name"),
        ({"patient": {"sex": "X"}}, "not a valid Sex"),
    ],
    ids=str,
)
def test_a_wrong_answer_is_refused_with_its_question(
    answer: dict[str, object], message: str
) -> None:
    with pytest.raises(TableError, match=r"questions.toml: q.yes") as refused:
        question_of("q", {"answers": {"yes": answer, "no": {"absent": ["cough"]}}})
    assert refused.match(message)
