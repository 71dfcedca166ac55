"""Who may call what."""

from pathlib import Path

import grpc
import pytest

from inference_svc.errors import CallError
from inference_svc.gate import SERVICE, Gate
from inference_svc.tokens import Scope, TokenBook, new_token
from tests.inference_svc.test_tokens import NOW

Metadata = list[tuple[str, str | bytes]]
INFO_ONLY = new_token("monitor", frozenset({Scope.INFO}))
ASSESS_ONLY = new_token("gateway", frozenset({Scope.ASSESS}))


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    path = tmp_path / "tokens"
    path.write_text(f"{INFO_ONLY.line}\n{ASSESS_ONLY.line}\n")
    return Gate(TokenBook(path, now=lambda: NOW))


def bearing(token: str) -> Metadata:
    return [("user-agent", "x"), ("authorization", f"Bearer {token}")]


def refusal(gate: Gate, method: str, metadata: Metadata) -> grpc.StatusCode:
    with pytest.raises(CallError) as caught:
        gate.caller_of(SERVICE + method, metadata)
    return caught.value.failure.code


def test_token_gives_the_caller_its_name(gate: Gate) -> None:
    assert gate.caller_of(SERVICE + "Assess", bearing(ASSESS_ONLY.token)).name == "gateway"


@pytest.mark.parametrize("method", ["Assess", "AssessStream"])
def test_scope_assess_is_needed_to_assess(gate: Gate, method: str) -> None:
    denied = refusal(gate, method, bearing(INFO_ONLY.token))
    assert denied is grpc.StatusCode.PERMISSION_DENIED


def test_scope_info_is_needed_for_info_and_reflection(gate: Gate) -> None:
    for method in ("GetServiceInfo", "/grpc.reflection.v1alpha.ServerReflection/X"):
        denied = refusal(gate, method, bearing(ASSESS_ONLY.token))
        assert denied is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        [("authorization", "")],
        [("authorization", "Bearer ")],
        [("authorization", "Basic abc")],
        [("authorization", "Bearer chewie_unknown")],
        [("authorization", "Bearer " + "x" * 600)],
        [("authorization", b"Bearer x")],
        [("authorization", f"Bearer {ASSESS_ONLY.token}"), ("authorization", "Bearer other")],
    ],
    ids=["none", "empty", "bare", "basic", "unknown", "long", "bytes", "two"],
)
def test_anything_but_one_known_token_is_refused(gate: Gate, metadata: Metadata) -> None:
    assert refusal(gate, "Assess", metadata) is grpc.StatusCode.UNAUTHENTICATED


def test_without_a_book_everyone_is_the_loopback_caller() -> None:
    caller = Gate(None).caller_of(SERVICE + "Assess", [])
    assert caller.name == "loopback"
    caller.require(Scope.PRIORITY)
