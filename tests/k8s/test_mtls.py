"""Production's rendered settings speak mTLS: the service as a process, the worker's own client."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from clinical.assessment import AnswerSource
from clinical.case import Case, Message
from gateway.settings import settings_from
from gateway.triage_client import TriageService, TriageUnavailableError
from inference_svc.tokens import Scope, new_token
from tests.inference_svc.certificates import Authority
from tests.k8s.cluster import Machine

CASE = Case(messages=(Message(text="2 year old, fits, cannot drink"),))
SERVER, CLIENT = "chewie-inference-tls", "chewie-gateway-client-tls"


@pytest.fixture
def machine(manifests_of, root, tmp_path):
    """The overlay without a GPU, with certificates of one authority and one token."""
    authority = Authority(tmp_path / "ca")
    token = new_token("gateway", frozenset({Scope.ASSESS}), None)
    secrets = {"tokens": token.line, "inference-token": token.token}
    for name in (SERVER, CLIENT):
        pair = authority.issue(name)
        secrets |= {
            f"{name}/tls.crt": pair.cert.read_text(),
            f"{name}/tls.key": pair.key.read_text(),
            f"{name}/ca.crt": authority.cert_file.read_text(),
        }
    secrets |= {
        "uri": "postgresql://nobody@127.0.0.1:1/none",
        "twilio-account-sid": "AC" + "0" * 32,
        "twilio-auth-tokens": "a" * 32,
        "encryption-keys": Fernet.generate_key().decode(),
        "address-key": "k" * 32,
    }
    made = Machine(manifests_of("rules-only"), root, tmp_path / "here", secrets)
    (tmp_path / "here").mkdir()
    yield made
    made.kill()


@pytest.fixture
def worker_environment(machine, manifests_of):
    """The worker's rendered environment, its files in place."""
    worker = manifests_of("rules-only").workload("chewie-gateway-worker")

    def made():
        machine.write_secrets(worker)
        return machine.environment(worker)

    return made


def ask(environment):
    client = TriageService(settings_from(environment))
    try:
        return client.assess(CASE, language="en", request_id="one", timeout_seconds=20)
    finally:
        client.close()


def test_worker_and_service_know_each_other_and_strangers_stay_out(machine, worker_environment):
    machine.start("chewie-inference")
    machine.await_ready("chewie-inference", 60)
    environment = worker_environment()
    answer = ask(environment)
    assert answer.assessment.source is AnswerSource.RULES_ONLY
    without_certificate = {
        name: value
        for name, value in environment.items()
        if not name.endswith(("INFERENCE_TLS_CERT_FILE", "INFERENCE_TLS_KEY_FILE"))
    }
    with pytest.raises(TriageUnavailableError, match="UNAVAILABLE"):
        ask(without_certificate | {"CHEWIE_GATEWAY_ASSESS_ATTEMPTS": "1"})
    other = environment["CHEWIE_GATEWAY_INFERENCE_TOKEN_FILE"] + "-other"
    Path(other).write_text("not a token of ours")
    with pytest.raises(TriageUnavailableError, match="UNAUTHENTICATED"):
        ask(environment | {"CHEWIE_GATEWAY_INFERENCE_TOKEN_FILE": other})
