"""Dialogues as people have them: in words, out of order, five times over, about two patients."""

import pytest
from sqlalchemy import select, update

from gateway.chores import ask_due_follow_ups, close_expired_cases
from gateway.consultation import answer_contact
from gateway.first_reading import read_first
from gateway.inbound import Channel
from gateway.tables import consultation, contact, inbox


def tags_of(replies):
    return [word for reply in replies for word in reply.split()[:2] if word.startswith("K")]


def the_cases(talk):
    with talk.gateway.engine.begin() as connection:
        return connection.execute(select(consultation).order_by(consultation.c.id)).all()


def test_yes_answers_what_was_asked(talk):
    talk.say("2yr old fitting")
    assert "going" in talk.say("Yes")[0]
    assert the_cases(talk)[0].going == "going"


@pytest.mark.parametrize("second", ["2", "no 2", "two", "option 2."])
def test_a_number_is_an_option_however_it_is_written(talk, triage, second):
    talk.say("child 2 years cough 3 days")
    assert the_cases(talk)[0].question_code == "breaths_per_minute"
    talk.say(second)
    assert triage.cases[-1].vitals.respiratory_rate_per_minute == 45


def test_an_answer_in_words_that_was_none_of_the_digits_is_asked_again(talk):
    talk.say("2yr old fitting")
    assert talk.say("7") == ["DEMO K1 Reply 1=going 2=cannot go"]
    assert "No question is open" not in talk.replies()[-1]


def test_the_follow_up_is_answered_in_words_and_news_belong_to_its_case(registered, clock, triage):
    registered.say("child 3 yrs runny nose eats and plays")
    clock.forward(hours=49)
    close_expired_cases(registered.gateway)
    ask_due_follow_ups(registered.gateway)
    registered.work()
    replies = registered.say("still the fever and now he has fits")
    assert set(tags_of(replies)) == {"K1"}
    assert "EMERGENCY" in replies[0]
    assert [row.state for row in the_cases(registered)] == ["open"]


def test_what_comes_after_new_is_another_patient_even_where_a_question_stands(registered, clock):
    registered.say("child 3 yrs runny nose eats and plays")
    clock.forward(hours=49)
    close_expired_cases(registered.gateway)
    ask_due_follow_ups(registered.gateway)
    registered.work()
    registered.say("NEW")
    assert tags_of(registered.say("hot 2 days")) == ["K2"]


def test_five_equal_digits_are_five_answers(talk):
    for number in range(5):
        talk.say(f"NEW {number + 20} yr old man fitting")
        assert "going" in talk.say("1")[0], number


def test_five_equal_texts_that_came_while_the_worker_was_away_are_answered_once(talk, triage):
    for _ in range(5):
        talk.send("child 3 yrs runny nose eats and plays")
    talk.work()
    assert tags_of(talk.replies()) == ["K1"]
    assert len(triage.cases) == 1


def test_a_backlog_does_not_count_against_its_own_first_message(make_talk):
    talk = make_talk(sender_messages_per_hour=3)
    for number in range(6):
        talk.send(f"NEW man {number + 20} years cough")
    talk.work()
    assert sum("Too many" in reply for reply in talk.replies()) == 1
    assert tags_of(talk.replies())[:3] == ["K1", "K2", "K3"]


def test_a_digit_answers_what_was_asked_before_it_was_sent(talk):
    talk.say("child 2 years cough 3 days")
    talk.send("1")
    talk.send("NEW man 40 years fitting")
    talk.work()
    first, second = the_cases(talk)
    assert (first.going, second.going) == (None, None)
    assert second.awaiting == "going"
    assert not any("Noted" in reply for reply in talk.replies())


def an_emergency_after(talk, earlier, emergency):
    """Both texts wait; the first reading sees both before any is answered."""
    talk.send(earlier)
    talk.send(emergency)
    for inbox_id in (1, 2):
        read_first(talk.gateway, inbox_id)
    answer_contact(talk.gateway, 1)
    talk.work()


@pytest.mark.parametrize("new", ["NEW ", ""])
def test_a_mild_case_and_anothers_emergency_in_one_burst_keep_their_tags(make_talk, triage, new):
    talk = make_talk()
    an_emergency_after(talk, "girl 14 months runny nose eats well", f"{new}man 40 years fitting")
    at_once, *later = talk.replies()
    assert at_once.startswith("DEMO K1 EMERGENCY")
    (girl,) = [reply for reply in later if "K2 " in reply]
    assert "EMERGENCY" not in girl
    assert not any("K3" in reply for reply in later)
    man, girl_case = the_cases(talk)
    assert (man.urgency, girl_case.urgency < 4) == (4, True)
    told = [[m.text for m in case.messages] for case in triage.cases]
    assert sorted(map(len, told)) == [1, 1]


def test_a_new_patient_without_an_age_is_kept_apart_too(make_talk):
    talk = make_talk()
    an_emergency_after(talk, "girl 14 months runny nose eats well", "NEW fitting now")
    fitting, girl = the_cases(talk)
    assert (fitting.urgency, girl.urgency < 4) == (4, True)


def test_one_burst_about_one_child_stays_one_case(make_talk, triage):
    talk = make_talk()
    an_emergency_after(talk, "child 2 yrs hot 2 days", "now fitting")
    assert len(the_cases(talk)) == 1
    assert [m.text for m in triage.cases[-1].messages] == ["child 2 yrs hot 2 days", "now fitting"]


def test_what_was_written_before_anothers_emergency_goes_to_the_case_that_was_open(make_talk):
    talk = make_talk()
    talk.say("girl 14 months runny nose eats well")
    talk.send("she drinks well")
    talk.send("man 40 years fitting")
    talk.work()
    with talk.gateway.engine.begin() as connection:
        rows = connection.execute(select(inbox.c.consultation_id).order_by(inbox.c.id)).scalars()
        assert rows.all() == [1, 1, 2]


def test_answers_in_a_burst_are_one_turn(make_talk, triage, clock):
    talk = make_talk(quiet_seconds=4)
    talk.send("child 2 years cough 3 days")
    clock.forward(seconds=5)
    talk.wake()
    asked = len(triage.cases)
    talk.send("no")
    talk.send("he drinks well")
    clock.forward(seconds=5)
    talk.wake()
    assert len(triage.cases) == asked + 1


def test_consent_is_asked_once_for_a_burst_and_given_in_words(registered, triage):
    with registered.gateway.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE health_worker SET consented_at = NULL")
    registered.send("child 3 yrs runny nose")
    registered.send("eats and plays")
    registered.work()
    assert len(registered.replies()) == 1
    (answer,) = registered.say("Yes")
    assert answer.startswith("K1 HOME")
    assert [len(case.messages) for case in triage.cases] == [2]


STOPS = [("STOP", []), ("ARRET", 1), ("acha", 1), ("Stop.", 1)]


@pytest.mark.parametrize(("word", "answered"), STOPS)
def test_a_stop_is_answered_by_whoever_the_word_belongs_to(make_talk, word, answered):
    talk = make_talk()
    talk.say("child 3 yrs runny nose eats and plays")
    replies = talk.say(word)
    assert len(replies) == (answered or 0)
    with talk.gateway.engine.begin() as connection:
        assert connection.execute(select(contact.c.opted_out_at)).scalar_one() is not None
    assert "on again" in talk.say("START")[0]


def test_a_worker_with_a_number_of_ones_own_id_is_answered_by_whatsapp(make_talk):
    talk = make_talk(channel=Channel.WHATSAPP)
    form = talk.form("child 3 yrs runny nose")
    del form["From"]
    talk.post({**form, "ExternalUserId": "KE.1234567890"})
    with talk.gateway.engine.begin() as connection:
        row = connection.execute(select(contact)).one()
    assert row.channel == "whatsapp"
    assert talk.gateway.vault.open(row.address_sealed) == "KE.1234567890"


def test_a_registered_language_holds_for_every_channel(registered, make_talk):
    registered.say("child 3 yrs runny nose eats and plays")
    with registered.gateway.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE health_worker SET language = 'sw'")
        connection.execute(update(contact).values(language="en"))
    assert "Karibu" in registered.say("asante")[0]


def test_an_emergency_is_not_said_twice_word_for_word_while_the_service_is_away(talk):
    (only,) = talk.say("2yr old fitting and won't drink anything")
    assert "by rules, no model" in only


@pytest.mark.parametrize("text", ["he died on the way", "amefariki", "il est mort"])
def test_a_death_calls_a_person_and_sends_no_advice(talk, text):
    talk.say("2yr old fitting and won't drink anything")
    (reply,) = talk.say(text)
    assert "EMERGENCY" not in reply


@pytest.mark.parametrize("text", ["reached hospital", "we are at the hospital now", "tumefika"])
def test_an_arrival_answers_whether_they_go(talk, text):
    talk.say("2yr old fitting and won't drink anything")
    assert talk.say(text) == talk_going(talk)


def talk_going(talk):
    """What «1» is answered to the same question, of a case of its own."""
    talk.say("NEW 3yr old fitting and won't drink anything")
    return [reply.replace("K2", "K1") for reply in talk.say("1")]


def test_a_length_that_was_asked_for_is_no_other_patient(talk):
    talk.say("child 2 yrs fever RDT positive drinks well")
    (asked,) = talk.say("1")
    assert "Fever how long?" in asked
    (reply,) = talk.say("5 days")
    assert reply.startswith("DEMO K1 ")
    assert "EMERGENCY" not in reply


def test_a_correction_keeps_the_emergency(talk):
    talk.say("baby 2 days chest pulling in, breathing fast 68")
    replies = talk.say("no it is 1 baby of 8 months")
    assert all(reply.startswith("DEMO K1 ") for reply in replies)
    assert "EMERGENCY" in replies[-1]


def test_an_arrival_while_nothing_is_asked_is_noted(talk):
    talk.say("2yr old fitting and won't drink anything")
    noted = talk.say("1")
    assert talk.say("we are at the hospital now") == noted
