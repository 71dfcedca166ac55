"""Sending, with everything that can go wrong at the provider: the local Twilio counts."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from demo.phone.faults import Fault, FaultKind
from demo.phone.message import Channel as PhoneChannel
from gateway.channel import Failure, SendError
from gateway.delivery import deliver
from gateway.inbound import Channel
from gateway.store import contacts
from gateway.store.outbox import Draft, add_draft
from gateway.tables import contact, incident, outbox

STATUS = "/webhooks/twilio/status"


@pytest.fixture
def sender(make_talk, clock):
    """A talk at the present time: the local Twilio keeps real times."""
    clock.time = datetime.now(UTC)
    talk = make_talk()
    with talk.gateway.engine.begin() as connection:
        now = talk.gateway.now()
        contacts.contact_id_of(connection, talk.gateway.vault, talk.channel, talk.phone, now)
    return talk


def write(talk, body="K1 EMERGENCY. Refer now.", key="answer:1", **changes):
    draft = Draft(dedupe_key=key, contact_id=1, kind="answer", body=body, **changes)
    with talk.gateway.engine.begin() as connection:
        return add_draft(connection, talk.gateway.vault, draft, talk.gateway.now())


def row(talk, outbox_id=1):
    with talk.gateway.engine.begin() as connection:
        return connection.execute(select(outbox).where(outbox.c.id == outbox_id)).one()


def test_a_reply_goes_out_once_with_its_outcome(sender):
    write(sender)
    for _ in range(3):
        deliver(sender.gateway, 1)
    assert sender.replies() == ["K1 EMERGENCY. Refer now."]
    assert row(sender).state == "sent"
    assert row(sender).provider_sid


def test_the_same_draft_is_written_once(sender):
    assert write(sender) is not None
    assert write(sender) is None


def test_the_provider_is_told_how_long_the_reply_is_worth_sending(sender, twilio):
    write(sender)
    deliver(sender.gateway, 1)
    (message,) = twilio.replies(sender.phone)
    assert 14_000 < message.validity_seconds <= 14_400
    assert message.status_callback.endswith("/webhooks/twilio/status?m=1")


SAFE = [FaultKind.TOO_MANY_REQUESTS]
UNSURE = [FaultKind.SERVER_ERROR, FaultKind.UNAVAILABLE, FaultKind.DROP]
TAKEN = [FaultKind.ACCEPT_THEN_500, FaultKind.ACCEPT_THEN_DROP]


@pytest.mark.parametrize("kind", SAFE + UNSURE)
def test_what_was_not_taken_is_sent_again(sender, twilio, clock, kind):
    twilio.fail(kind, to=sender.phone)
    write(sender)
    deliver(sender.gateway, 1)
    assert row(sender).state == ("pending" if kind in SAFE else "uncertain")
    deliver(sender.gateway, 1)
    assert sender.replies() == []
    clock.forward(seconds=6)
    deliver(sender.gateway, 1)
    assert sender.replies() == ["K1 EMERGENCY. Refer now."]
    assert row(sender).state == "sent"


@pytest.mark.parametrize("kind", TAKEN)
def test_what_was_taken_without_a_word_is_found_and_not_sent_again(sender, twilio, clock, kind):
    twilio.fail(kind, to=sender.phone)
    write(sender)
    deliver(sender.gateway, 1)
    assert row(sender).state == "uncertain"
    clock.forward(seconds=6)
    deliver(sender.gateway, 1)
    assert len(sender.replies()) == 1
    assert row(sender).state == "sent"
    assert row(sender).provider_sid == twilio.replies(sender.phone)[0].sid


def test_a_slow_answer_is_uncertain_and_looked_up(make_talk, make_gateway, twilio, clock):
    clock.time = datetime.now(UTC)
    talk = make_talk(twilio_timeout_seconds=0.3)
    with talk.gateway.engine.begin() as connection:
        contacts.contact_id_of(
            connection, talk.gateway.vault, talk.channel, talk.phone, talk.gateway.now()
        )
    twilio.faults.add(Fault(kind=FaultKind.SLOW, to=talk.phone, seconds=1))
    write(talk)
    deliver(talk.gateway, 1)
    assert row(talk).state == "uncertain"
    assert twilio.wait_for_replies(talk.phone, 1)
    clock.forward(seconds=6)
    patient = make_gateway()  # a list that takes longer than that is not what is tried here
    deliver(patient, 1)
    assert len(talk.replies()) == 1
    assert row(talk).state == "sent"


def test_two_equal_replies_are_not_taken_for_each_other(sender, twilio, clock):
    write(sender)
    deliver(sender.gateway, 1)
    twilio.fail(FaultKind.DROP, to=sender.phone)
    write(sender, key="answer:2")
    deliver(sender.gateway, 1)
    clock.forward(seconds=6)
    deliver(sender.gateway, 1)
    assert len(sender.replies()) == 2


def test_a_worker_that_died_in_the_call_leaves_a_reply_to_look_up(sender, clock):
    write(sender)
    with sender.gateway.engine.begin() as connection:
        died = {"state": "sending", "attempts": 1, "intent_at": sender.gateway.now()}
        connection.execute(update(outbox).values(**died))
    deliver(sender.gateway, 1)
    assert sender.replies() == []
    clock.forward(seconds=6)
    deliver(sender.gateway, 1)
    assert len(sender.replies()) == 1


def test_an_unreachable_provider_is_certainly_not_sent(make_talk, clock):
    talk = make_talk(twilio_api_base_url="http://127.0.0.1:9")
    with talk.gateway.engine.begin() as connection:
        contacts.contact_id_of(
            connection, talk.gateway.vault, talk.channel, talk.phone, talk.gateway.now()
        )
    write(talk)
    deliver(talk.gateway, 1)
    assert row(talk).state == "pending"
    assert row(talk).next_attempt_at is not None


def test_opted_out_is_remembered_and_nothing_more_is_sent(sender, twilio):
    twilio.fail(FaultKind.OPTED_OUT, to=sender.phone, times=1)
    write(sender)
    write(sender, body="K1 Did the patient reach care?", key="follow_up:1")
    deliver(sender.gateway, 1)
    assert [row(sender, n).state for n in (1, 2)] == ["failed", "suppressed"]
    assert row(sender).error_code == 21610
    with sender.gateway.engine.begin() as connection:
        assert connection.execute(select(contact.c.opted_out_at)).scalar_one() is not None
        kinds = connection.execute(select(incident.c.kind)).scalars().all()
    assert kinds == ["undelivered", "undelivered"]


def test_replies_keep_their_order_while_the_first_must_wait(sender, twilio, clock):
    twilio.fail(FaultKind.TOO_MANY_REQUESTS, to=sender.phone)
    write(sender, body="first")
    write(sender, body="second", key="answer:2")
    deliver(sender.gateway, 1)
    assert sender.replies() == []
    clock.forward(seconds=3)
    deliver(sender.gateway, 1)
    assert sender.replies() == ["first", "second"]


def test_a_late_answer_says_how_old_it_is_and_is_still_found(sender, twilio, clock):
    write(sender, asked_at=sender.gateway.now())
    real = clock.time
    clock.forward(minutes=25)
    deliver(sender.gateway, 1)
    assert sender.replies() == ["(To your text 25 min ago) K1 EMERGENCY. Refer now."]
    assert clock.time > real


def test_a_late_answer_of_the_demo_still_begins_with_demo(sender, clock):
    write(sender, body="DEMO K1 HOME.", asked_at=sender.gateway.now())
    clock.forward(minutes=25)
    deliver(sender.gateway, 1)
    assert sender.replies() == ["DEMO (To your text 25 min ago) K1 HOME."]


def test_a_note_that_would_cost_a_third_segment_is_left_out(sender, clock):
    body = "a" * 300
    write(sender, body=body, asked_at=sender.gateway.now())
    clock.forward(minutes=25)
    deliver(sender.gateway, 1)
    assert sender.replies() == [body]


def test_stale_triage_is_not_sent(sender, clock):
    write(sender)
    clock.forward(hours=5)
    deliver(sender.gateway, 1)
    assert sender.replies() == []
    assert row(sender).state == "expired"


def test_the_wait_grows_and_has_an_end(sender, twilio, clock):
    twilio.fail(FaultKind.TOO_MANY_REQUESTS, to=sender.phone, times=None)
    write(sender)
    waits = []
    for _ in range(6):
        deliver(sender.gateway, 1)
        wait = (row(sender).next_attempt_at - clock.time).total_seconds()
        waits.append(round(wait))
        clock.forward(seconds=wait + 1)
    assert waits == [1, 2, 5, 15, 30, 60]
    clock.forward(hours=5)
    deliver(sender.gateway, 1)
    assert row(sender).state == "expired"


@pytest.fixture
def by_whatsapp(make_talk, clock):
    """A worker who wrote by WhatsApp, and whose window is open."""
    clock.time = datetime.now(UTC)
    talk = make_talk(channel=Channel.WHATSAPP)
    with talk.gateway.engine.begin() as connection:
        contacts.contact_id_of(
            connection,
            talk.gateway.vault,
            talk.channel,
            talk.phone,
            talk.gateway.now(),
            inbound=True,
        )
    return talk


FOLLOW_UP = "K1 How is the patient? 1=better 2=same 3=worse"


def test_a_day_after_the_last_word_by_whatsapp_sms_carries_the_follow_up(by_whatsapp, clock):
    clock.forward(hours=24.1)
    write(by_whatsapp, body=FOLLOW_UP)
    by_whatsapp.work()
    assert by_whatsapp.replies() == []
    assert [row(by_whatsapp, n).state for n in (1, 2)] == ["moved", "sent"]
    (message,) = by_whatsapp.twilio.replies(by_whatsapp.phone)
    assert message.body == FOLLOW_UP


def test_what_whatsapp_takes_and_does_not_carry_goes_by_sms(by_whatsapp, twilio):
    """Twilio accepts it and tells of the closed window by the status callback only."""
    write(by_whatsapp, body=FOLLOW_UP)
    by_whatsapp.work()
    (message,) = twilio.replies(by_whatsapp.phone, PhoneChannel.WHATSAPP)
    assert twilio.wait_until(
        lambda: twilio.network.store.get(message.sid).status.value == "undelivered"
    )
    failed = {"MessageSid": message.sid, "MessageStatus": "undelivered", "ErrorCode": "63016"}
    for _ in range(2):
        assert by_whatsapp.post(failed, f"{STATUS}?m=1").status_code == 204
    by_whatsapp.work()
    assert [m.body for m in twilio.replies(by_whatsapp.phone)] == [FOLLOW_UP]
    assert row(by_whatsapp).state == "moved"


def test_a_supervisor_hears_of_an_answer_that_did_not_arrive(registered, twilio, supervisor):
    registered.say("2yr old fitting")
    sent = twilio.replies(registered.phone)[0]
    failed = {"MessageSid": sent.sid, "MessageStatus": "undelivered", "ErrorCode": "30003"}
    for _ in range(2):
        assert registered.post(failed, f"{STATUS}?m=1").status_code == 204
    registered.work()
    (told,) = twilio.replies(supervisor)
    assert told.body.startswith("K1 EMERGENCY")
    assert "AMINA" in told.body
    with registered.gateway.engine.begin() as connection:
        (found,) = connection.execute(select(incident)).all()
    assert (found.kind, found.reason, found.consultation_id) == ("undelivered", "code 30003", 1)


class OutsideWindow:
    """A provider whose WhatsApp session is over; SMS goes on to the local Twilio."""

    def __init__(self, real):
        self.real = real

    def __getattr__(self, name):
        return getattr(self.real, name)

    def send(self, message):
        if message.channel is Channel.WHATSAPP:
            raise SendError(Failure.OUTSIDE_WINDOW, code=63016)
        return self.real.send(message)


def test_what_whatsapp_does_not_carry_any_more_goes_by_sms(make_talk, make_gateway, clock, twilio):
    clock.time = datetime.now(UTC)
    gateway = make_gateway()
    gateway = replace(gateway, provider=OutsideWindow(gateway.provider))
    talk = make_talk(gateway, channel=Channel.WHATSAPP)
    with gateway.engine.begin() as connection:
        contacts.contact_id_of(
            connection, gateway.vault, talk.channel, talk.phone, talk.gateway.now()
        )
    write(talk, body="K1 How is the patient? 1=better 2=same 3=worse")
    talk.work()
    assert [row(talk, n).state for n in (1, 2)] == ["moved", "sent"]
    (message,) = twilio.replies(talk.phone)
    assert message.body == "K1 How is the patient? 1=better 2=same 3=worse"
