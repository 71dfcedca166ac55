from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from gateway.channel import SendError
from gateway.reconcile import reconcile
from gateway.tables import inbox


@pytest.fixture
def present(clock):
    """The local Twilio keeps real times."""
    clock.time = datetime.now(UTC)


def taken(talk):
    with talk.gateway.engine.begin() as connection:
        return connection.execute(select(func.count()).select_from(inbox)).scalar_one()


def texts_of(talk):
    vault = talk.gateway.vault
    with talk.gateway.engine.begin() as connection:
        return [vault.open(s) for s in connection.execute(select(inbox.c.body_sealed)).scalars()]


def test_what_the_webhook_missed_is_taken_in_once_and_answered(talk, twilio, present):
    twilio.set_webhook("http://127.0.0.1:9/nobody-is-there")
    twilio.text(talk.phone, "child 3 yrs runny nose eats and plays")
    reconcile(talk.gateway)
    assert "child 3 yrs runny nose eats and plays" in texts_of(talk)
    assert reconcile(talk.gateway) == 0
    talk.work()
    assert len(talk.replies()) == 1


def test_what_the_webhook_took_is_left_alone(talk, twilio, present):
    twilio.set_webhook("http://127.0.0.1:9/nobody-is-there")
    message, _ = twilio.text(talk.phone, "child hot")
    talk.send("child hot", MessageSid=message.sid)
    before = taken(talk)
    reconcile(talk.gateway)
    assert texts_of(talk).count("child hot") == 1
    assert taken(talk) >= before


def test_messages_before_the_window_stay_out(talk, twilio, present, clock):
    twilio.set_webhook("http://127.0.0.1:9/nobody-is-there")
    twilio.text(talk.phone, "child hot")
    clock.forward(hours=10)
    assert reconcile(talk.gateway, hours_back=1) == 0


def test_a_provider_that_is_away_is_an_error_and_not_an_empty_list(make_talk):
    talk = make_talk(twilio_api_base_url="http://127.0.0.1:9")
    with pytest.raises(SendError):
        reconcile(talk.gateway)


def test_what_was_missed_is_taken_in_as_it_was_written(talk, twilio, present, triage):
    twilio.set_webhook("http://127.0.0.1:9/nobody-is-there")
    parts = ["child 3 yrs", "runny nose", "eats and plays"]
    for part in parts:
        twilio.text(talk.phone, part)
    reconcile(talk.gateway)
    assert [text for text in texts_of(talk) if text in parts] == parts


def test_a_message_that_is_taken_in_late_is_answered_with_its_age(talk, twilio, present, clock):
    twilio.set_webhook("http://127.0.0.1:9/nobody-is-there")
    twilio.text(talk.phone, "child 3 yrs runny nose eats and plays")
    clock.forward(minutes=40)
    reconcile(talk.gateway)
    talk.work()
    (reply,) = talk.replies()
    assert reply.startswith(("DEMO (To your text 40 min ago)", "DEMO (To your text 39 min ago)"))
