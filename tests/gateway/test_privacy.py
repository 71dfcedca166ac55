"""Nothing that a worker wrote, and no number, is readable where it was not meant to be."""

import logging

import pytest
from cryptography.fernet import Fernet
from prometheus_client import generate_latest
from sqlalchemy import select, text

from demo.phone.faults import FaultKind
from gateway import retention
from gateway.inbound import Channel
from gateway.logs import configure_logs
from gateway.privacy import UndecipherableError, sid_hash
from gateway.retention import forget, remove_old_texts
from gateway.rotation import rotate_keys
from gateway.tables import consultation, inbox, metadata, outbox, seen_message


def everything_stored(gateway):
    """All rows of all tables as text, the queue's included."""
    with gateway.engine.begin() as connection:
        names = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).scalars()
        dumps = [
            str(connection.execute(text(f'SELECT * FROM "{name}"')).all()) for name in names.all()
        ]
    assert len(dumps) > len(metadata.tables)
    return "\n".join(dumps)


CANARY = "zanzibarcanary"


def test_the_canary_is_written_nowhere(make_talk, twilio, capfd, caplog, restore_root_logging):
    configure_logs()
    logging.getLogger().setLevel(logging.DEBUG)
    talk = make_talk()
    for body in (
        f"2yr old fitting {CANARY}",
        f"NEW man 40 years {CANARY} cough",
        f"😀 {CANARY}",
        "0",
        "STOP",
        "START",
        f"K1 {CANARY} worse",
    ):
        talk.say(body)
    twilio.fail(FaultKind.TOO_MANY_REQUESTS, to=talk.phone)
    talk.say(f"NEW girl 3 years hot {CANARY}")
    whatsapp = make_talk(talk.gateway, channel=Channel.WHATSAPP)
    whatsapp.say(f"baby 5 days {CANARY} hot")
    talk.client.post("/webhooks/twilio/messages", data=talk.form(f"forged {CANARY}"))
    written = {
        "database": everything_stored(talk.gateway),
        "output": "".join(capfd.readouterr()),
        "records": caplog.text,
        "metrics": generate_latest().decode(),
        "settings": repr(talk.gateway),
    }
    assert len(written["database"]) > 10_000
    for place, content in written.items():
        if place == "records":
            # The test's own HTTP client and the local Twilio share this process's logging.
            content = "\n".join(
                r.getMessage() for r in caplog.records if r.name.startswith(("gateway", "procrast"))
            )
        for secret in (CANARY, talk.phone, talk.phone[1:], whatsapp.phone):
            assert secret not in content, place


def test_a_value_opens_under_any_key_and_is_sealed_under_the_first(make_gateway):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    before = make_gateway(encryption_keys=old).vault
    after = make_gateway(encryption_keys=f"{new},{old}").vault
    only_new = make_gateway(encryption_keys=new).vault
    sealed = before.seal("hidden")
    assert after.open(sealed) == "hidden"
    assert only_new.open(after.reseal(sealed)) == "hidden"
    with pytest.raises(UndecipherableError):
        only_new.open(sealed)


def test_keys_rotate_and_the_conversation_goes_on(make_talk, make_gateway):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    talk = make_talk(make_gateway(encryption_keys=old, address_key="a" * 32))
    talk.say("girl 14 months with fever 2 days")
    rotating = make_gateway(encryption_keys=f"{new},{old}", address_key="b" * 32)
    resealed, reindexed = rotate_keys(rotating)
    assert resealed >= 5
    assert reindexed == 2  # the contact and the health worker
    assert rotate_keys(rotating)[1] == 0
    later = make_gateway(encryption_keys=new, address_key="b" * 32)
    talk.gateway = later
    talk.__post_init__()
    assert talk.say("she coughs too")[0].startswith("DEMO K1 ")


def test_old_texts_are_removed_and_codes_and_replays_stay(talk, clock):
    talk.say("2yr old fitting")
    form = talk.form("again")
    talk.post(form)
    talk.work()
    clock.forward(days=89)
    assert remove_old_texts(talk.gateway) == 0
    clock.forward(days=2)
    assert remove_old_texts(talk.gateway) > 0
    with talk.gateway.engine.begin() as connection:
        assert connection.execute(select(inbox.c.body_sealed)).scalars().all() == [None, None]
        assert set(connection.execute(select(outbox.c.body_sealed)).scalars()) == {None}
        case = connection.execute(select(consultation)).one()
        seen = connection.execute(select(seen_message.c.sid_hash)).scalars().all()
    assert (case.case_sealed, case.answer_sealed) == (None, None)
    assert (case.urgency, case.conditions) == (4, ["very_severe_febrile_disease"])
    assert sid_hash("twilio", form["MessageSid"]) in [bytes(value) for value in seen]
    count = len(talk.replies())
    assert talk.post(form).status_code == 200
    talk.work()
    assert len(talk.replies()) == count


def test_a_person_is_forgotten_on_both_channels(talk, make_talk):
    whatsapp = make_talk(talk.gateway, channel=Channel.WHATSAPP)
    whatsapp.phone = talk.phone
    talk.say("2yr old fitting")
    whatsapp.say("girl 3 years with fever")
    talk.send("and one more that waits")
    assert forget(talk.gateway, talk.phone)
    assert not forget(talk.gateway, talk.phone)
    talk.work()
    with talk.gateway.engine.begin() as connection:
        sealed = connection.execute(
            text(
                "SELECT address_sealed FROM contact UNION SELECT address_sealed FROM health_worker"
            )
        ).scalars()
        assert {talk.gateway.vault.open(value) for value in sealed} == {""}
        assert set(connection.execute(select(inbox.c.body_sealed)).scalars()) == {None}
        assert set(connection.execute(select(inbox.c.handled_at)).scalars()) - {None}
    assert not forget(talk.gateway, "+254799999999")


def test_what_supervisors_were_told_of_a_forgotten_person_is_gone_too(registered, supervisor):
    registered.say("0")
    assert forget(registered.gateway, registered.phone)
    with registered.gateway.engine.begin() as connection:
        assert set(connection.execute(select(outbox.c.body_sealed)).scalars()) == {None}


def test_a_supervisor_is_forgotten_where_workers_name_them(registered, supervisor):
    assert forget(registered.gateway, supervisor)
    assert not forget(registered.gateway, supervisor)
    assert "No supervisor" in registered.say("0")[0]


def test_old_texts_go_in_batches(talk, clock, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(5):
        talk.send(f"child {number + 2} years hot")
    with talk.gateway.engine.begin() as connection:
        connection.execute(inbox.update().values(handled_at=talk.gateway.now()))
    clock.forward(days=91)
    assert remove_old_texts(talk.gateway) == 5


def test_a_delivered_body_is_blanked_at_the_provider_where_that_is_set(make_talk, twilio):
    talk = make_talk(twilio_redact_bodies=True)
    talk.say("child 3 yrs runny nose eats and plays")
    (message,) = twilio.replies(talk.phone)
    assert twilio.wait_until(lambda: twilio.replies(talk.phone)[0].status.value == "delivered")
    form = {"MessageSid": message.sid, "MessageStatus": "delivered"}
    assert talk.post(form, "/webhooks/twilio/status?m=1").status_code == 204
    talk.work()
    assert twilio.replies(talk.phone)[0].body == ""
