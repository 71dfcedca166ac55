"""The Messages resource, seen by the official SDK."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from demo.phone.faults import Fault, FaultKind
from demo.phone.local_twilio import TEST_ACCOUNT, LocalTwilio
from demo.phone.message import Channel

AMINA = "+447700900101"
OURS = TEST_ACCOUNT.number


def is_final(twilio: LocalTwilio, sid: str) -> bool:
    message = twilio.network.store.get(sid)
    return message is not None and message.status in ("delivered", "failed", "undelivered")


def test_created_message_is_queued_delivered_and_told_of(
    sdk: Client, twilio: LocalTwilio, application: Any
) -> None:
    created = sdk.messages.create(
        to=AMINA, from_=OURS, body="REFER NOW", status_callback=f"{application.url}/status?id=7"
    )
    assert (created.status, created.num_segments, created.direction) == (
        "queued",
        "1",
        "outbound-api",
    )
    assert application.wait(lambda a: len(a.told) == 3)
    assert application.statuses_told() == ["queued", "sent", "delivered"]
    assert all(told.genuine and "id=7" in told.path for told in application.told)
    assert sdk.messages(created.sid).fetch().status == "delivered"


def test_whatsapp_outside_its_window_is_taken_and_then_fails(
    sdk: Client, twilio: LocalTwilio, application: Any
) -> None:
    to, ours = f"whatsapp:{AMINA}", f"whatsapp:{OURS}"
    created = sdk.messages.create(to=to, from_=ours, body="hello")
    assert twilio.wait_until(lambda: is_final(twilio, created.sid))
    assert sdk.messages(created.sid).fetch().error_code == 63016
    twilio.text(AMINA, "hi", channel=Channel.WHATSAPP)
    sdk.messages.create(to=to, from_=ours, body="hello again")
    assert twilio.wait_until(lambda: twilio.replies(AMINA, Channel.WHATSAPP)[-1].status == "read")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": ""}, 21604),
        ({"from_": ""}, 21603),
        ({"body": ""}, 21602),
        ({"to": "12"}, 21211),
        ({"to": OURS}, 21266),
        ({"from_": "+447700900999"}, 21606),
        ({"to": f"whatsapp:{AMINA}"}, 21910),
        ({"body": "a" * 1601}, 21617),
        ({"validity_period": 0}, 20001),
        ({"validity_period": 36001}, 20001),
    ],
)
def test_bad_request_is_refused_with_twilios_code(
    sdk: Client, twilio: LocalTwilio, changes: dict[str, Any], code: int
) -> None:
    with pytest.raises(TwilioRestException) as refused:
        sdk.messages.create(**{"to": AMINA, "from_": OURS, "body": "hello", **changes})
    assert (refused.value.code, refused.value.status) == (code, 400)
    assert twilio.replies() == []


def test_opted_out_person_is_not_sent_to_until_start(sdk: Client, twilio: LocalTwilio) -> None:
    twilio.text(AMINA, "STOP")
    with pytest.raises(TwilioRestException) as refused:
        sdk.messages.create(to=AMINA, from_=OURS, body="hello")
    assert refused.value.code == 21610
    twilio.text(AMINA, "START")
    sdk.messages.create(to=AMINA, from_=OURS, body="hello")
    assert len(twilio.replies(AMINA)) == 1


def test_wrong_credentials_are_refused(twilio: LocalTwilio) -> None:
    url = f"{twilio.base_url}/2010-04-01/Accounts/{TEST_ACCOUNT.sid}/Messages.json"
    for auth in (None, (TEST_ACCOUNT.sid, "wrong"), ("AC0", TEST_ACCOUNT.auth_token)):
        answer = requests.post(url, data={}, auth=auth, timeout=10)
        assert answer.status_code == 401
        assert answer.json()["code"] == 20003
        assert set(answer.json()) == {"code", "message", "more_info", "status"}


def test_unknown_message_is_not_found(sdk: Client) -> None:
    with pytest.raises(TwilioRestException) as missing:
        sdk.messages("SM" + "0" * 32).fetch()
    assert (missing.value.code, missing.value.status) == (20404, 404)


def test_list_filters_and_pages_newest_first(sdk: Client, twilio: LocalTwilio) -> None:
    for number in range(7):
        sdk.messages.create(to=AMINA, from_=OURS, body=f"number {number}")
    sdk.messages.create(to="+447700900102", from_=OURS, body="to another")
    twilio.text(AMINA, "from her")
    listed = sdk.messages.list(to=AMINA, page_size=3)
    assert [message.body for message in listed] == [f"number {n}" for n in range(6, -1, -1)]
    assert [message.body for message in sdk.messages.list(from_=AMINA)] == ["from her"]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert sdk.messages.list(to=AMINA, date_sent_after=tomorrow) == []
    assert len(sdk.messages.list(to=AMINA, date_sent_before=tomorrow)) == 7
    assert len(sdk.messages.list(date_sent=datetime.now(UTC).date())) == 9


def test_redaction_empties_a_delivered_text_and_not_one_under_way(
    sdk: Client, twilio: LocalTwilio
) -> None:
    twilio.faults.add(Fault(kind=FaultKind.LATE_DELIVERY, seconds=60))
    under_way = sdk.messages.create(to=AMINA, from_=OURS, body="later")
    done = sdk.messages.create(to=AMINA, from_=OURS, body="now")
    assert twilio.wait_until(lambda: is_final(twilio, done.sid))
    assert sdk.messages(done.sid).update(body="").body == ""
    with pytest.raises(TwilioRestException) as refused:
        sdk.messages(under_way.sid).update(body="")
    assert refused.value.code == 20009
    assert sdk.messages(done.sid).delete()
    assert [message.body for message in twilio.replies()] == ["later"]


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        (FaultKind.TOO_MANY_REQUESTS, 20429, 429),
        (FaultKind.SERVER_ERROR, 20500, 500),
        (FaultKind.UNAVAILABLE, 20503, 503),
        (FaultKind.OPTED_OUT, 21610, 400),
    ],
)
def test_refusal_on_demand_stores_nothing(
    sdk: Client, twilio: LocalTwilio, kind: FaultKind, code: int, status: int
) -> None:
    twilio.fail(kind)
    with pytest.raises(TwilioRestException) as refused:
        sdk.messages.create(to=AMINA, from_=OURS, body="hello")
    assert (refused.value.code, refused.value.status) == (code, status)
    assert twilio.replies() == []
    sdk.messages.create(to=AMINA, from_=OURS, body="hello")
    assert len(twilio.replies()) == 1


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        (FaultKind.DROP, 0),
        (FaultKind.ACCEPT_THEN_DROP, 1),
        (FaultKind.ACCEPT_THEN_500, 1),
    ],
)
def test_dropped_answer_leaves_the_caller_unsure(
    sdk: Client, twilio: LocalTwilio, kind: FaultKind, stored: int
) -> None:
    twilio.fail(kind)
    with pytest.raises((requests.exceptions.ConnectionError, TwilioRestException)):
        sdk.messages.create(to=AMINA, from_=OURS, body="hello")
    assert len(twilio.replies()) == stored
    assert len(sdk.messages.list(to=AMINA)) == stored


def test_slow_answer_comes_after_the_message_was_taken(sdk: Client, twilio: LocalTwilio) -> None:
    twilio.faults.add(Fault(kind=FaultKind.SLOW, seconds=0.2))
    before = time.monotonic()
    sdk.messages.create(to=AMINA, from_=OURS, body="hello")
    assert time.monotonic() - before >= 0.2
    assert len(twilio.replies()) == 1


def test_callbacks_come_double_and_reversed_on_demand(
    sdk: Client, twilio: LocalTwilio, application: Any
) -> None:
    twilio.fail(FaultKind.DUPLICATE_CALLBACKS)
    twilio.fail(FaultKind.REORDERED_CALLBACKS)
    sdk.messages.create(
        to=AMINA, from_=OURS, body="hello", status_callback=f"{application.url}/status"
    )
    assert application.wait(lambda a: len(a.told) == 6)
    assert application.statuses_told() == [
        *("delivered", "delivered", "sent", "sent", "queued", "queued")
    ]


def test_undelivered_message_names_its_error(
    sdk: Client, twilio: LocalTwilio, application: Any
) -> None:
    twilio.faults.add(Fault(kind=FaultKind.UNDELIVERED, error_code=30005))
    sdk.messages.create(
        to=AMINA, from_=OURS, body="hello", status_callback=f"{application.url}/status"
    )
    assert application.wait(lambda a: "undelivered" in a.statuses_told())
    assert application.told[-1].form["ErrorCode"] == "30005"


def test_switchboard_sets_and_clears_faults_over_http(twilio: LocalTwilio) -> None:
    url, auth = f"{twilio.base_url}/admin/faults", (TEST_ACCOUNT.sid, TEST_ACCOUNT.auth_token)
    assert requests.get(url, timeout=10).status_code == 401
    made = requests.post(url, json={"kind": "429", "times": 3}, auth=auth, timeout=10)
    assert made.status_code == 201
    assert [fault.kind for fault in twilio.faults.active()] == [FaultKind.TOO_MANY_REQUESTS]
    for wrong in ({"kind": "418"}, {"kind": "429", "often": 1}, {"kind": "429", "times": 0}, []):
        assert requests.post(url, json=wrong, auth=auth, timeout=10).status_code == 400
    assert requests.delete(url, auth=auth, timeout=10).status_code == 204
    assert twilio.faults.active() == []
    counts = requests.get(f"{twilio.base_url}/admin/counts", auth=auth, timeout=10).json()
    assert counts["messages"]["inbound"] == 0
