from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway import people
from gateway.inbound import Channel
from gateway.tables import health_worker, outbox


@pytest.fixture
def stranger(make_talk):
    """A phone that nobody registered, outside the demo."""
    return make_talk(demo=False)


def invite(talk, hours=72):
    with talk.gateway.engine.begin() as connection:
        return people.issue_join_code(
            connection,
            talk.gateway.vault,
            name_code="BARAKA",
            language="sw",
            area="Kisumu",
            supervisor="+254722000000",
            now=talk.gateway.now(),
            valid=timedelta(hours=hours),
        )


def test_a_stranger_gets_one_polite_reply_a_day(stranger, clock):
    (reply,) = stranger.say("2yr old fitting")
    assert "registered health workers" in reply
    assert "fits" in reply
    assert stranger.say("please help me now") == []
    clock.forward(hours=25)
    assert len(stranger.say("please help me again")) == 1


def test_consent_answers_the_first_question(stranger, triage):
    code = invite(stranger)
    (asked,) = stranger.say(f"join {code.lower()}")
    assert "BARAKA" in asked
    assert "90" in asked
    assert stranger.say("1") != []
    assert triage.cases == []


def test_a_text_before_consent_is_answered_after_it(make_talk, triage, stranger):
    with stranger.gateway.engine.begin() as connection:
        person = people.Registration(name_code="AMINA", address=stranger.phone)
        people.register(connection, stranger.gateway.vault, person, stranger.gateway.now())
    (asked,) = stranger.say("child 3 yrs runny nose eats and plays")
    assert "agree" in asked
    assert triage.cases == []
    (answer,) = stranger.say("1")
    assert answer.startswith("K1 HOME")
    assert [m.text for m in triage.cases[0].messages] == ["child 3 yrs runny nose eats and plays"]


def test_an_emergency_does_not_wait_for_consent(stranger):
    with stranger.gateway.engine.begin() as connection:
        person = people.Registration(name_code="AMINA", address=stranger.phone)
        people.register(connection, stranger.gateway.vault, person, stranger.gateway.now())
    replies = stranger.say("2yr old fitting")
    assert "EMERGENCY" in replies[0]
    assert "agree" in replies[1]
    (answer,) = stranger.say("yes")  # and whoever agrees is not met with silence
    assert answer == replies[0]


def test_a_join_code_works_once_and_in_time(stranger, make_talk, clock):
    code = invite(stranger)
    stranger.say(f"JOIN {code}")
    other = make_talk(stranger.gateway)
    assert "not valid" in other.say(f"JOIN {code}")[0]
    late = invite(stranger, hours=1)
    clock.forward(hours=2)
    assert "not valid" in other.say(f"JOIN {late}")[0]


def test_a_join_code_is_not_stored_in_the_open(stranger):
    code = invite(stranger)
    with stranger.gateway.engine.begin() as connection:
        row = str(connection.exec_driver_sql("SELECT * FROM join_code").all())
    assert code not in row
    assert "+254722000000" not in row


def test_a_registered_person_is_the_same_on_both_channels(registered, make_talk):
    whatsapp = make_talk(registered.gateway, channel=Channel.WHATSAPP)
    whatsapp.phone = registered.phone
    assert whatsapp.say("child 3 yrs runny nose eats and plays")[0].startswith("K1 ")


def test_a_question_asked_on_one_channel_is_answered_on_the_other(registered, make_talk):
    registered.say("2yr old fitting")
    whatsapp = make_talk(registered.gateway, channel=Channel.WHATSAPP)
    whatsapp.phone = registered.phone
    assert whatsapp.say("1", MessageSid="SM-by-whatsapp") == ["K1 Noted: going."]


def test_stop_and_start_on_whatsapp_are_answered_by_us(make_talk):
    talk = make_talk(channel=Channel.WHATSAPP)
    assert "no more messages" in talk.say("STOP")[0]
    assert "START" in talk.say("child hot")[0]
    assert "on again" in talk.say("START")[0]
    assert "K1" in talk.say("child 3 yrs runny nose eats and plays")[0]


def test_stop_on_sms_is_left_to_the_network(talk):
    talk.say("child 3 yrs runny nose eats and plays")
    assert talk.say("STOP") == []
    assert talk.say("child 2 years hot") == []
    with talk.gateway.engine.begin() as connection:
        states = connection.execute(select(outbox.c.state)).scalars().all()
    assert states == ["sent"]


def test_a_removed_worker_is_a_stranger_again(registered):
    with registered.gateway.engine.begin() as connection:
        assert people.deactivate(connection, "AMINA")
        assert not people.deactivate(connection, "NOBODY")
    assert "registered health workers" in registered.say("child hot")[0]


def test_registering_again_keeps_consent(registered):
    person = people.Registration(name_code="AMINA", address=registered.phone, area="Siaya")
    with registered.gateway.engine.begin() as connection:
        people.register(connection, registered.gateway.vault, person, registered.gateway.now())
        (row,) = connection.execute(select(health_worker)).all()
    assert row.area == "Siaya"
    assert row.consented_at is not None


def register(talk, name_code, phone):
    person = people.Registration(name_code=name_code, address=phone)
    with talk.gateway.engine.begin() as connection:
        people.register(connection, talk.gateway.vault, person, talk.gateway.now())


def everyone(talk):
    with talk.gateway.engine.begin() as connection:
        rows = connection.execute(select(health_worker).order_by(health_worker.c.name_code)).all()
    vault = talk.gateway.vault
    return {r.name_code: (vault.open(r.address_sealed), r.consented_at is not None) for r in rows}


def test_a_worker_with_a_new_number_stays_the_same_worker(registered):
    register(registered, "AMINA", "+254799000001")
    assert everyone(registered) == {"AMINA": ("+254799000001", True)}


def test_a_number_that_passes_to_another_worker_asks_them_for_consent(registered):
    register(registered, "BARAKA", registered.phone)
    assert everyone(registered) == {"BARAKA": (registered.phone, False)}


def test_two_workers_may_change_their_numbers(registered):
    register(registered, "BARAKA", "+254799000002")
    register(registered, "AMINA", "+254799000002")
    assert everyone(registered) == {"AMINA": ("+254799000002", True)}


def test_joining_again_from_a_new_phone_needs_no_second_consent(registered, make_talk):
    with registered.gateway.engine.begin() as connection:
        code = people.issue_join_code(
            connection,
            registered.gateway.vault,
            name_code="AMINA",
            language="sw",
            area="",
            supervisor="",
            now=registered.gateway.now(),
            valid=timedelta(hours=1),
        )
    other = make_talk(registered.gateway)
    (welcome,) = other.say(f"JOIN {code}")
    assert welcome.startswith("Umesajiliwa, AMINA.")
    assert "Jibu 1" not in welcome
    assert "K1 " in other.say("child 3 yrs runny nose eats and plays")[0]
