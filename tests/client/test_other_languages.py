"""Clients that are not ours: Node from npm, and `buf curl` over reflection and over the schema."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.client.conftest import TOKEN
from tests.inference_svc.process import ServiceProcess

FITS = "2yr old fitting and won't drink anything"


def asked_by_node(packages: Path, root: Path, target: str, text: str, *token: str) -> Any:
    command = ["node", "ask.js", target, str(root / "protos"), text, *token]
    done = subprocess.run(
        command, cwd=packages, capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


def test_node_client_gets_an_assessment(
    node_packages: Path, root: Path, service: ServiceProcess
) -> None:
    answer = asked_by_node(node_packages, root, service.target, FITS)
    assert answer["urgency"] == "URGENCY_EMERGENCY"
    assert "convulsions" in [sign["code"] for sign in answer["danger_signs"]]


def test_node_client_is_told_what_is_wrong(
    node_packages: Path, root: Path, service: ServiceProcess
) -> None:
    answer = asked_by_node(node_packages, root, service.target, "")
    assert answer["code"] == "INVALID_ARGUMENT"
    assert "case.messages[0].text" in answer["details"]


def test_node_client_gets_in_by_token(
    node_packages: Path, root: Path, guarded_service: ServiceProcess
) -> None:
    target = guarded_service.target
    assert asked_by_node(node_packages, root, target, FITS)["code"] == "UNAUTHENTICATED"
    answer = asked_by_node(node_packages, root, target, FITS, TOKEN.token)
    assert answer["urgency"] == "URGENCY_EMERGENCY"


@pytest.mark.parametrize("schema", ["reflection", "protos"])
def test_buf_curl_asks(
    node_packages: Path, root: Path, service: ServiceProcess, schema: str
) -> None:
    body = {"case": {"messages": [{"role": "ROLE_HEALTH_WORKER", "text": FITS}]}}
    named = [] if schema == "reflection" else ["--schema", str(root / "protos")]
    done = subprocess.run(
        [
            str(node_packages / "node_modules" / ".bin" / "buf"),
            "curl",
            "--protocol",
            "grpc",
            "--http2-prior-knowledge",
            *named,
            "-d",
            json.dumps(body),
            f"http://{service.target}/chewie.triage.v1.TriageService/Assess",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["assessment"]["urgency"] == "URGENCY_EMERGENCY"
