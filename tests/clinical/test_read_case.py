from clinical import assess_by_rules, read_case
from clinical.assessment import Urgency
from clinical.case import Case, Finding, Message, Patient, Role, Vitals


def told(*texts: str, **facts: object) -> Case:
    return Case(messages=tuple(Message(text=text) for text in texts), **facts)  # type: ignore[arg-type]


def test_the_messages_of_the_health_worker_are_read() -> None:
    case = read_case(told("child 2 years", "convulsions since morning")).case
    assert case.presence_by_code()["convulsions"] == "PRESENT"
    assert case.patient.age_days is not None
    evidence = case.findings[0].evidence
    assert evidence is not None
    assert evidence.message == 1
    assert "convulsions since morning"[evidence.start : evidence.end] == evidence.text


def test_our_own_messages_fire_nothing() -> None:
    ours = Message(role=Role.ASSISTANT, text="If convulsions or unconscious: refer now")
    case = Case(messages=(Message(text="child 2 years runny nose plays"), ours))
    assert assess_by_rules(case).urgency <= Urgency.ROUTINE


def test_reading_twice_changes_nothing() -> None:
    once = read_case(told("preg 34 wks bp 170/115 severe headache", "no fever"))
    assert read_case(once.case).case == once.case


def test_established_facts_stay() -> None:
    case = told("cough", patient=Patient(age_days=20), findings=(Finding(code="not_feeding"),))
    read = read_case(case).case
    assert read.patient.age_days == 20
    assert {"cough", "not_feeding"} <= read.presence_by_code().keys()


def test_two_different_measurements_hide_nothing() -> None:
    for established, text in ((170, "pregnant, bp 118/76"), (118, "pregnant, bp 170/112")):
        case = told(text, vitals=Vitals(systolic_mmhg=established))
        answer = assess_by_rules(case)
        assert answer.urgency is Urgency.EMERGENCY
        assert "conflict:systolic_mmhg" in answer.notes


def test_an_unbelievable_measurement_is_noted_and_not_used() -> None:
    read = read_case(told("pregnant, bp 1600/10"))
    assert read.case.vitals.systolic_mmhg is None
    assert any(note.startswith("implausible:") for note in read.notes)
