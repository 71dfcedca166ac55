import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from gateway.channel import Failure
from gateway.inbound import Channel
from gateway.twilio_channel import send_error_from

CODES = [
    (429, 20429, Failure.NOT_PROCESSED),
    (429, None, Failure.NOT_PROCESSED),
    (400, 21611, Failure.NOT_PROCESSED),
    (400, 30001, Failure.NOT_PROCESSED),
    (429, 63018, Failure.NOT_PROCESSED),
    (400, 21610, Failure.OPTED_OUT),
    (400, 63016, Failure.OUTSIDE_WINDOW),
    (400, 21617, Failure.REFUSED),
    (401, 20003, Failure.REFUSED),
    (500, None, Failure.UNCERTAIN),
    (503, 20500, Failure.UNCERTAIN),
]


@pytest.mark.parametrize(("status", "code", "failure"), CODES)
def test_the_providers_codes_carry_policy(status, code, failure):
    error = TwilioRestException(status, "/Messages.json", "to +254700000000", code=code)
    judged = send_error_from(error)
    assert judged.failure is failure
    assert "+254" not in str(judged)


def test_a_refused_connection_was_never_made():
    with pytest.raises(requests.ConnectionError) as caught:
        requests.post("http://127.0.0.1:9/", timeout=2)
    assert send_error_from(caught.value).failure is Failure.NOT_PROCESSED


@pytest.mark.parametrize("error", [requests.ReadTimeout(), requests.ConnectionError("aborted")])
def test_a_lost_answer_is_uncertain(error):
    assert send_error_from(error).failure is Failure.UNCERTAIN


def test_what_came_in_is_listed_with_its_channel(talk, twilio):
    twilio.set_webhook("http://127.0.0.1:9/nobody")
    twilio.text(talk.phone, "child hot")
    since = talk.gateway.now().replace(year=2020)
    mine = [m for m in talk.gateway.provider.received_since(since) if m.address == talk.phone]
    assert [(m.channel, m.text) for m in mine] == [(Channel.SMS, "child hot")]
