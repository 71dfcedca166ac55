"""Whole conversations: webhook, queue, rules, real Postgres, the real Twilio SDK."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from clinical import assess_by_rules
from clinical.assessment import AnswerSource, Urgency
from clinical.case import Case, Message, Sex
from gateway.consultation import ConversationMovedError, answer_contact
from gateway.first_reading import read_first
from gateway.inbound import Channel
from gateway.store import cases
from gateway.tables import consultation, inbox, incident, outbox
from gateway.triage_client import Provenance, ServiceAnswer

EMERGENCIES = [
    ("preg 34wks bad headache, sees spots, bp 170/115", "severe pre-eclampsia"),
    ("2yr old fitting and won't drink anything", "very severe febrile disease"),
    ("baby 5 days not breastfeeding hot", "infection"),
]
MILDER = [
    "child 3 yrs runny nose eats and plays",
    "diarrhoea 3 days drinks well no blood 2yo",
]


def model_answer(text, *, demo=True, **changes):
    """What the service would give: the rules' codes, with a model's name on them."""
    by_rules = assess_by_rules(Case(messages=(Message(text=text),)))
    given = replace(by_rules, source=AnswerSource.MODEL_AND_RULES, **changes)
    return ServiceAnswer(assessment=given, provenance=Provenance(model="m", demo=demo))


def rows(gateway, table):
    with gateway.engine.begin() as connection:
        return connection.execute(select(table).order_by(table.c.id)).all()


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize(("text", "likely"), EMERGENCIES)
def test_an_emergency_names_urgency_condition_and_where_to(make_talk, channel, text, likely):
    replies = make_talk(channel=channel).say(text)
    assert replies
    for reply in replies:
        assert reply.startswith("DEMO K1 EMERGENCY")
        assert likely in reply.partition("Likely: ")[2].partition(".")[0]
        assert "Refer" in reply
        assert "hospital" in reply


@pytest.mark.parametrize("text", MILDER)
def test_what_is_no_emergency_is_not_called_one(talk, text):
    replies = talk.say(text)
    assert len(replies) == 1
    assert "EMERGENCY" not in replies[0]
    assert "Likely:" in replies[0]


def test_the_instruction_goes_out_before_the_model_is_asked(talk, triage, twilio):
    sent_before = []
    triage.before = lambda: sent_before.append(len(talk.replies()))
    triage.answers = [model_answer("2yr old fitting")]
    talk.send("2yr old fitting")
    talk.work()
    assert sent_before == [1]
    assert len(talk.replies()) == 2
    assert "by rules" in talk.replies()[0]
    assert "by rules" not in talk.replies()[1]


def test_a_model_that_plays_down_an_emergency_is_raised(talk, triage):
    mild = replace(
        model_answer("child 3 yrs runny nose eats and plays").assessment,
        urgency=Urgency.HOME,
        conditions=("cough_or_cold",),
    )
    triage.answers = [ServiceAnswer(assessment=mild, provenance=Provenance(model="m"))]
    replies = talk.say("2yr old fitting now")
    assert all("EMERGENCY" in reply for reply in replies)
    assert not any("cold" in reply for reply in replies)


def test_a_demo_checkpoint_says_so_outside_the_demo_too(registered, triage):
    triage.answers = [model_answer("child hot 2 days")]
    assert registered.say("child hot 2 days")[0].startswith("DEMO ")


def test_without_the_service_the_rules_answer_and_say_so(registered):
    (reply,) = registered.say("diarrhoea 3 days drinks well no blood 2yo")
    assert reply.startswith("K1 ")
    assert "by rules" in reply
    (case,) = rows(registered.gateway, consultation)
    assert case.source == "RULES_ONLY"
    assert "UNAVAILABLE" in case.provenance


def test_findings_accumulate_over_the_answers(talk, triage):
    first = talk.say("child 2 years cough 3 days")
    assert "1=" in first[-1]
    second = talk.say("2")
    with talk.gateway.engine.begin() as connection:
        known = cases.load_case(connection, talk.gateway.vault, 1, 1)
    assert known.questions_asked
    assert known.case.findings
    assert second[-1].startswith("DEMO K1 ")


def test_an_answer_that_is_none_of_the_options_is_asked_again(talk, triage):
    talk.say("child 2 years cough 3 days")
    asked = len(triage.cases)
    (again,) = talk.say("9")
    assert again.startswith("DEMO K1 ")
    assert "1=" in again
    assert len(triage.cases) == asked


def test_no_more_than_three_questions_are_asked_in_a_case(talk):
    talk.say("child 2 years cough 3 days")
    for _ in range(5):
        talk.say("1")
    (case,) = rows(talk.gateway, consultation)
    assert len(case.questions_asked) <= 3
    assert len(set(case.questions_asked)) == len(case.questions_asked)


def test_a_burst_becomes_one_case_and_one_answer(make_talk, triage, clock):
    talk = make_talk(quiet_seconds=4)
    for part in ("child 2 yrs", "hot 2 days", "coughs"):
        talk.send(part)
        clock.forward(seconds=2)
    for inbox_id in (1, 2, 3):
        read_first(talk.gateway, inbox_id)
    answer_contact(talk.gateway, 1)
    assert triage.cases == []
    clock.forward(seconds=5)
    answer_contact(talk.gateway, 1)
    assert len(triage.cases) == 1
    assert [m.text for m in triage.cases[0].messages] == ["child 2 yrs", "hot 2 days", "coughs"]


def test_a_burst_that_does_not_end_is_answered_at_the_cap(make_talk, triage, clock):
    talk = make_talk(quiet_seconds=4, burst_cap_seconds=10)
    talk.send("child 2 yrs hot")
    for _ in range(4):
        clock.forward(seconds=3)
        talk.send("and coughs")
        read_first(talk.gateway, 1)
        answer_contact(talk.gateway, 1)
    assert len(triage.cases) == 1


def test_an_emergency_does_not_wait_for_the_quiet_time(make_talk, triage):
    talk = make_talk(quiet_seconds=60)
    talk.send("2yr old fitting")
    talk.work()
    assert len(talk.replies()) == 1
    assert "EMERGENCY" in talk.replies()[0]
    assert triage.cases == []


def test_an_emergency_later_in_a_case_is_instructed_at_once(make_talk, clock):
    talk = make_talk(quiet_seconds=2)
    talk.send("child 2 yrs hot 2 days")
    clock.forward(seconds=5)
    talk.wake()
    assert "EMERGENCY" not in talk.replies()[-1]
    talk.send("now he is fitting")
    talk.work()
    assert "EMERGENCY" in talk.replies()[-1]
    assert "K1 " in talk.replies()[-1]


def test_new_starts_another_patient(talk, triage):
    talk.say("girl 14 months hot 2 days")
    replies = talk.say("NEW man 40 years cough")
    assert replies[0].startswith("DEMO K2 ")
    assert triage.cases[-1].patient.sex is Sex.MALE


def test_another_sex_opens_another_case_without_new(talk):
    assert "K1 " in talk.say("girl 14 months with fever 2 days")[0]
    assert "K2 " in talk.say("man 40 years with cough 3 days")[0]


def test_two_patients_of_one_burst_get_an_answer_each(make_talk, triage, clock):
    talk = make_talk(quiet_seconds=4)
    talk.send("girl 14 months with fever 2 days")
    talk.send("man 40 years with cough 3 days")
    clock.forward(seconds=5)
    talk.wake()
    assert [reply.split()[1] for reply in talk.replies()] == ["K1", "K2"]
    assert [len(case.messages) for case in triage.cases] == [1, 1]


def test_a_tag_speaks_of_an_older_case(talk, triage):
    talk.say("girl 14 months hot 2 days")
    talk.say("NEW man 40 years cough")
    replies = talk.say("K1 she coughs too")
    assert replies[0].startswith("DEMO K1 ")
    assert [m.text for m in triage.cases[-1].messages][-1] == "she coughs too"


def test_nobody_reaches_a_case_of_someone_else(make_talk, make_gateway):
    gateway = make_gateway()
    first, second = make_talk(gateway), make_talk(gateway)
    first.say("girl 14 months hot 2 days")
    (reply,) = second.say("K1 what is it")
    assert "I do not know K1" in reply


def test_an_idle_case_is_not_continued(talk, clock):
    talk.say("2yr old fitting")
    clock.forward(hours=3)
    assert "K2 " in talk.say("she coughs")[0]


def test_two_patients_in_one_message_are_pointed_out(talk):
    text = "two patients: boy 3 years with fever, and his sister 5 years with cough"
    assert any("Two patients" in reply for reply in talk.say(text))


def test_digits_after_a_referral_are_kept_as_outcome(talk):
    talk.say("2yr old fitting")
    (reply,) = talk.say("1")
    assert "going" in reply
    (case,) = rows(talk.gateway, consultation)
    assert (case.going, case.awaiting) == ("going", None)


def test_thanks_and_abuse_open_no_case(talk):
    assert "NEW" in talk.say("thank you")[0]
    assert "health questions" in talk.say("you idiot")[0]
    assert rows(talk.gateway, consultation) == []


def test_the_fifth_equal_text_is_met_with_silence_and_a_note(talk):
    for _ in range(4):
        assert talk.say("I am on leave until Monday")
    assert talk.say("I am on leave until Monday") == []
    assert [row.kind for row in rows(talk.gateway, incident)] == ["silence"]


def test_a_language_is_chosen_and_kept(talk):
    assert "Kiswahili" in talk.say("SW")[0]
    assert "umri" in talk.say("😀")[0]


def test_a_call_for_a_person_reaches_the_supervisor(registered, twilio, supervisor):
    registered.say("girl 14 months hot 2 days")
    (reply,) = registered.say("0")
    assert "supervisor has been told" in reply
    (told,) = twilio.replies(supervisor)
    assert "AMINA" in told.body
    assert registered.phone in told.body


def test_a_patient_that_cannot_go_is_told_to_the_supervisor(registered, twilio, supervisor):
    registered.say("2yr old fitting")
    registered.say("2")
    (told,) = twilio.replies(supervisor)
    assert "cannot go" in told.body
    assert "EMERGENCY" in told.body


def test_without_a_supervisor_the_reply_does_not_promise_one(talk):
    assert "No supervisor" in talk.say("0")[0]


def test_a_text_without_any_sign_is_answered_with_what_to_send(registered):
    (reply,) = registered.say("hello my friend")
    assert "age" in reply.lower()


def test_a_flood_is_answered_once_but_danger_signs_always(make_talk):
    talk = make_talk(sender_messages_per_hour=3)
    for number in range(3):
        talk.say(f"child {number + 2} years cough")
    assert "Too many" in talk.say("child 9 years cough")[0]
    assert talk.say("child 10 years cough") == []
    assert "EMERGENCY" in talk.say("NEW 2yr old fitting")[0]


def test_a_turn_is_dropped_if_the_conversation_moved_meanwhile(talk, triage):
    talk.send("child 2 years hot")
    read_first(talk.gateway, 1)
    triage.before = lambda: (
        triage.__setattr__("before", lambda: None),
        talk.send("now fitting"),
        read_first(talk.gateway, 2),
    )
    with pytest.raises(ConversationMovedError):
        answer_contact(talk.gateway, 1)
    answer_contact(talk.gateway, 1)
    assert len(rows(talk.gateway, consultation)) == 1
    assert [row.handling for row in rows(talk.gateway, inbox)] == ["tell", "tell"]


def test_a_job_that_runs_twice_answers_once(talk):
    talk.send("child 2 years hot")
    for _ in range(3):
        read_first(talk.gateway, 1)
        answer_contact(talk.gateway, 1)
    talk.work()
    assert len(talk.replies()) == 1
    assert len(rows(talk.gateway, outbox)) == 1
