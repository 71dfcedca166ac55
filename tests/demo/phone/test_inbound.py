"""What the application is told when a phone texts."""

import socket
from typing import Any

import pytest
from twilio.rest import Client

from demo.phone.faults import FaultKind
from demo.phone.local_twilio import TEST_ACCOUNT, LocalTwilio
from demo.phone.message import Channel, Direction
from demo.phone.network import Refused

AMINA = "+447700900101"


def network_replies(twilio: LocalTwilio) -> list[str]:
    own = twilio.network.store.select(lambda message: message.direction is Direction.REPLY)
    return [message.body for message in own]


def test_sms_webhook_is_signed_and_carries_twilios_fields(
    twilio: LocalTwilio, application: Any
) -> None:
    message, call = twilio.text(AMINA, "fever & cough 100% é")
    (told,) = application.told
    assert call.accepted
    assert told.genuine
    assert told.form["Body"] == "fever & cough 100% é"
    assert told.form["MessageSid"] == told.form["SmsSid"] == message.sid
    assert told.form["From"] == AMINA
    assert told.form["To"] == TEST_ACCOUNT.number
    assert (told.form["NumMedia"], told.form["NumSegments"]) == ("0", "1")
    assert "ProfileName" not in told.form
    assert told.headers["I-Twilio-Idempotency-Token"] == message.sid


def test_whatsapp_webhook_names_the_channel_and_the_person(
    twilio: LocalTwilio, application: Any
) -> None:
    twilio.text(AMINA, "habari", channel=Channel.WHATSAPP)
    form = application.told[0].form
    assert form["From"] == f"whatsapp:{AMINA}"
    assert form["To"] == f"whatsapp:{TEST_ACCOUNT.number}"
    assert form["WaId"] == AMINA.lstrip("+")
    assert "ProfileName" in form


def test_photo_comes_as_media_that_the_account_can_fetch(
    twilio: LocalTwilio, application: Any, sdk: Client
) -> None:
    twilio.text(AMINA, "", with_photo=True)
    form = application.told[0].form
    assert (form["NumMedia"], form["Body"]) == ("1", "")
    answer = sdk.request("GET", form["MediaUrl0"])
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == form["MediaContentType0"] == "image/png"


def test_forged_signature_is_told_from_a_genuine_one(application: Any) -> None:
    with LocalTwilio(webhook_url=f"{application.url}/messages") as stranger:
        stranger.network.caller._validator.token = b"another token"
        stranger.text(AMINA, "hello")
    assert not application.told[0].genuine


def test_webhook_is_not_retried_when_the_application_fails(
    twilio: LocalTwilio, application: Any
) -> None:
    application.statuses = [503]
    message, call = twilio.text(AMINA, "hello")
    assert (call.status, call.attempts) == (503, 1)
    assert len(application.told) == 1
    stored = twilio.network.store.get(message.sid)
    assert stored is not None
    assert stored.webhook == "HTTP 503"


def test_overrides_retry_with_the_same_token_and_a_signature_without_them(
    twilio: LocalTwilio, application: Any
) -> None:
    twilio.set_webhook(f"{application.url}/messages?a=1#rc=5&rp=ct,rt,5xx")
    application.statuses = [503, 500]
    _, call = twilio.text(AMINA, "hello")
    assert (call.accepted, call.attempts) == (True, 3)
    assert len({told.headers["I-Twilio-Idempotency-Token"] for told in application.told}) == 1
    assert all(told.genuine for told in application.told)


def test_signature_can_be_made_over_the_overrides_too(application: Any) -> None:
    url = f"{application.url}/messages#rc=1"
    with LocalTwilio(webhook_url=url, signs_fragment=True) as twilio:
        twilio.text(AMINA, "hello")
    assert not application.told[0].genuine  # the application does not know of the fragment


def test_refused_connection_is_retried_once_then_the_fallback_is_called(
    application: Any,
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        dead = f"http://127.0.0.1:{held.getsockname()[1]}/messages"
        with LocalTwilio(webhook_url=dead) as twilio:
            message, call = twilio.text(AMINA, "hello")
            assert (call.status, call.attempts) == (None, 2)
            twilio.set_webhook(dead, fallback_url=f"{application.url}/fallback")
            assert twilio.replay(message.sid).accepted
    assert application.told[0].form["ErrorUrl"] == dead
    assert application.told[0].genuine


def test_duplicate_webhook_on_demand_is_the_same_message_twice(
    twilio: LocalTwilio, application: Any
) -> None:
    twilio.fail(FaultKind.DUPLICATE_WEBHOOK)
    message, _ = twilio.text(AMINA, "hello")
    assert [told.form["MessageSid"] for told in application.told] == [message.sid] * 2


def test_stop_and_start_are_answered_by_the_network_and_told_to_the_application(
    twilio: LocalTwilio, application: Any
) -> None:
    for word in ("stop", " Start ", "HELP", "start"):
        twilio.text(AMINA, word)
    stopped, started, helped = network_replies(twilio)
    assert "unsubscribed" in stopped
    assert "re-subscribed" in started
    assert helped.startswith("Reply STOP")
    assert len(application.told) == 4


def test_stop_inside_a_sentence_and_on_whatsapp_is_left_to_the_application(
    twilio: LocalTwilio,
) -> None:
    twilio.text(AMINA, "stop feeding?")
    twilio.text(AMINA, "STOP", channel=Channel.WHATSAPP)
    assert network_replies(twilio) == []


def test_number_that_is_none_is_refused(twilio: LocalTwilio) -> None:
    with pytest.raises(Refused):
        twilio.text("0770", "hello")


def test_half_a_surrogate_pair_does_not_break_the_form(
    twilio: LocalTwilio, application: Any
) -> None:
    twilio.text(AMINA, "odd \ud83d end")
    assert application.told[0].form["Body"] == "odd ? end"
    assert application.told[0].genuine
