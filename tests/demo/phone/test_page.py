"""The calls behind the phone's page."""

from typing import Any

import pytest
import requests

from demo.phone.local_twilio import TEST_ACCOUNT, LocalTwilio
from demo.phone.message import Channel
from demo.phone.outbound import send

AMINA = "+447700900101"
WHO = {"number": AMINA, "channel": "sms"}


def get_thread(twilio: LocalTwilio, **query: object) -> dict[str, Any]:
    answer = requests.get(f"{twilio.base_url}/phone/thread", params={**WHO, **query}, timeout=30)
    assert answer.status_code == 200
    result: dict[str, Any] = answer.json()
    return result


def reply(twilio: LocalTwilio, body: str, channel: Channel = Channel.SMS) -> None:
    prefix = "whatsapp:" if channel is Channel.WHATSAPP else ""
    send(
        twilio.network,
        sender=prefix + TEST_ACCOUNT.number,
        recipient=prefix + AMINA,
        body=body,
    )


def test_sent_text_reaches_the_application_and_awaits_its_reply(
    twilio: LocalTwilio, application: Any
) -> None:
    sent = requests.post(
        f"{twilio.base_url}/phone/messages", json={**WHO, "text": "fever 3 days"}, timeout=10
    )
    assert sent.status_code == 202
    assert application.wait(lambda a: len(a.told) == 1)
    assert application.told[0].form["Body"] == "fever 3 days"
    assert get_thread(twilio)["awaiting"]
    reply(twilio, "K42 EMERGENCY ê")
    thread = get_thread(twilio)
    bubble = thread["messages"][-1]
    assert not thread["awaiting"]
    assert (bubble["encoding"], bubble["segments"], bubble["characters"]) == ("UCS-2", 1, 15)
    assert bubble["seconds"] >= 0


def test_threads_of_people_and_channels_are_kept_apart(
    twilio: LocalTwilio, application: Any
) -> None:
    twilio.text(AMINA, "by sms")
    twilio.text(AMINA, "by whatsapp", channel=Channel.WHATSAPP)
    twilio.text("+447700900102", "someone else")
    reply(twilio, "answer", Channel.WHATSAPP)
    assert [m["body"] for m in get_thread(twilio)["messages"]] == ["by sms"]
    whatsapp = get_thread(twilio, channel="whatsapp")["messages"]
    assert [m["body"] for m in whatsapp] == ["by whatsapp", "answer"]
    assert whatsapp[1]["segments"] is None


def test_failed_webhook_is_shown_and_nothing_is_awaited(
    twilio: LocalTwilio, application: Any
) -> None:
    application.statuses = [503]
    twilio.text(AMINA, "hello")
    thread = get_thread(twilio)
    assert thread["messages"][0]["status"] == "HTTP 503"
    assert not thread["awaiting"]


def test_long_poll_returns_when_something_changes(twilio: LocalTwilio, application: Any) -> None:
    version = get_thread(twilio)["version"]
    twilio.text(AMINA, "hello")
    assert get_thread(twilio, since=version, wait=20)["version"] > version


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "12"},
        {"number": "whatsapp:+447700900101"},
        {"number": 5},
        {"channel": "pigeon"},
        {"text": "a" * 10_001},
        {"text": None},
    ],
)
def test_bad_values_are_refused(twilio: LocalTwilio, wrong: dict[str, object]) -> None:
    answer = requests.post(
        f"{twilio.base_url}/phone/messages", json={**WHO, "text": "x", **wrong}, timeout=10
    )
    assert answer.status_code == 400
    assert "expected" in answer.json()["error"]


def test_other_sites_cannot_use_the_phone(twilio: LocalTwilio) -> None:
    url = f"{twilio.base_url}/phone/messages"
    by_form = requests.post(url, data={**WHO, "text": "x"}, timeout=10)
    rebound = requests.get(twilio.base_url, headers={"Host": "evil.example:8080"}, timeout=10)
    assert (by_form.status_code, rebound.status_code) == (415, 403)
    assert get_thread(twilio)["messages"] == []


def test_page_forbids_every_foreign_resource(twilio: LocalTwilio) -> None:
    answer = requests.get(twilio.base_url, timeout=10)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "http" not in answer.text.replace("http-equiv", "")


def test_inference_is_asked_through_whoever_runs_it(application: Any) -> None:
    wishes: list[str] = []

    def control(wish: str) -> str:
        wishes.append(wish)
        return "stopped"

    with LocalTwilio(webhook_url=application.url, control=control) as twilio:
        url = f"{twilio.base_url}/phone/inference"
        assert requests.get(url, timeout=10).json() == {"state": "stopped"}
        assert requests.post(url, json={"wish": "stop"}, timeout=10).status_code == 200
        assert requests.post(url, json={"wish": "burn"}, timeout=10).status_code == 400
    assert wishes == ["status", "stop"]


def test_without_a_runner_there_is_no_switch(twilio: LocalTwilio) -> None:
    assert requests.get(f"{twilio.base_url}/phone/inference", timeout=10).status_code == 404
    setup = requests.get(f"{twilio.base_url}/phone/setup", timeout=10).json()
    assert setup["has_control"] is False
