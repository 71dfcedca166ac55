"""The command as a process: help, refusals in sentences, quiet logs, signals and exit codes."""

import asyncio
import json
import re
import signal
import socket
from pathlib import Path
from typing import Any

import grpc
import pytest
from structlog import get_logger

from chewie.client import TriageClient, TriageError
from inference_svc.__main__ import Exit, live
from inference_svc.identity import trained_on
from inference_svc.readiness import State
from inference_svc.settings import InferenceSettings
from inference_svc.tokens import Scope, new_token, parse_tokens
from tests.inference_svc.fakes import FakeEngine, a_request, run, serving, until
from tests.inference_svc.process import PREFIX, run_command, running

SECRET = "Amina Xylo, 0712 555 019, fits"


def test_help_lists_every_setting() -> None:
    told = run_command("--help").stdout
    assert all(PREFIX + name.upper() in told for name in InferenceSettings.model_fields)


def test_token_command_makes_a_line_that_the_file_takes() -> None:
    told = run_command("token", "--caller", "clinic", "--scopes", "assess,info", "--days", "9")
    line = told.stdout.splitlines()[1].split(": ", 1)[1]
    (grant,) = parse_tokens(line).values()
    assert grant.caller == "clinic"
    assert grant.expires is not None
    assert run_command("token", "--caller", "x", "--scopes", "admin").returncode == 1
    refused = run_command("token", "--caller", "x", "--days", "0")
    assert refused.returncode == 2
    assert "expected 1 or more" in refused.stderr


def test_wrong_settings_are_told_in_sentences_without_traceback() -> None:
    ended = run_command(PORT="70000", LOG_LEVEL="loud", DEMO="false")
    assert ended.returncode == 2
    for name in ("PORT", "LOG_LEVEL", "TOKENS_FILE"):
        assert f"{PREFIX}{name}: " in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("setting", ["PORT", "METRICS_PORT", "HEALTH_PORT"])
def test_taken_port_is_told_with_the_setting_to_change(setting: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = run_command(**{setting: str(taken.getsockname()[1])})
    assert ended.returncode == 2
    assert f"CHEWIE_INFERENCE_{setting}" in ended.stderr
    assert "Traceback" not in ended.stderr


def a_checkpoint(folder: Path, **mark: Any) -> str:
    (folder / "config.json").write_text("{}")
    (folder / "chewie.json").write_text(json.dumps({"demo": True, **trained_on(), **mark}))
    return str(folder)


def test_demo_checkpoint_is_refused_outside_the_demo(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("")
    ended = run_command(
        ENGINE="vllm", DEMO="false", TOKENS_FILE=str(tokens), MODEL_PATH=a_checkpoint(tmp_path)
    )
    assert ended.returncode == 2
    assert "is a demo checkpoint, not for care" in ended.stderr


@pytest.mark.parametrize("digest", ["prompt_digest", "schema_digest", "code_table_digest"])
def test_checkpoint_trained_on_other_digests_is_refused(tmp_path: Path, digest: str) -> None:
    ended = run_command(ENGINE="vllm", MODEL_PATH=a_checkpoint(tmp_path, **{digest: "old"}))
    assert ended.returncode == 2
    assert digest in ended.stderr
    assert "`make demo-model`" in ended.stderr


def test_serves_quietly_and_drains_on_sigterm() -> None:
    with running(LOG_LEVEL="info") as service:
        with TriageClient(service.target) as client:
            client.assess(a_request(SECRET), timeout_seconds=60)
            with pytest.raises(TriageError):
                client.assess(a_request(SECRET, language="!"), timeout_seconds=60)
            client.info(timeout_seconds=60)
        started = [line["event"] for line in service.events]
        assert started == ["no_model", "warming_up", "health", "SERVING"]
        service.signal(signal.SIGTERM)
        assert service.ended() == 0
    assert [line["event"] for line in service.events][4:] == ["draining", "health", "stopped"]
    assert service.other_lines == []


def test_no_log_holds_text_at_any_level() -> None:
    with running(LOG_LEVEL="debug") as service:
        with TriageClient(service.target, max_attempts=1) as client:
            client.assess(a_request(SECRET, request_id="id-1"), timeout_seconds=60)
            list(client.assess_stream(a_request(SECRET), timeout_seconds=60))
            for wrong in (a_request(SECRET, language="!"), a_request(SECRET * 400)):
                with pytest.raises(TriageError) as caught:
                    client.assess(wrong, timeout_seconds=60)
                assert "Amina" not in str(caught.value)
        service.signal(signal.SIGTERM)
        assert service.ended() == 0
    log = json.dumps(service.events) + "\n".join(service.other_lines)
    assert log.count('"call"') == 4
    assert not re.search("Amina|Xylo|0712|fits", log)


def test_log_names_calls_by_request_id_and_caller(tmp_path: Path) -> None:
    made = new_token("clinic", frozenset({Scope.ASSESS}))
    tokens = tmp_path / "tokens"
    tokens.write_text(made.line)
    with running(LOG_LEVEL="debug", TOKENS_FILE=str(tokens)) as service:
        with TriageClient(service.target, token=made.token) as client:
            client.assess(a_request(SECRET, request_id="visit-7"), timeout_seconds=60)
            list(client.assess_stream(a_request(SECRET, request_id="visit-8"), timeout_seconds=60))
        with TriageClient(service.target, token="chewie_other") as stranger:
            with pytest.raises(TriageError) as caught:
                stranger.assess(a_request(SECRET, request_id="visit-9"), timeout_seconds=60)
            assert caught.value.request_id == "visit-9"
        service.signal(signal.SIGTERM)
        assert service.ended() == 0
    told = [
        (line["event"], line["request_id"], line.get("caller", ""))
        for line in service.events
        if "request_id" in line
    ]
    assert told == [
        ("call", "visit-7", "clinic"),
        ("call", "visit-8", "clinic"),
        ("call_refused", "visit-9", ""),
        ("call", "visit-9", ""),
    ]


def test_calls_are_answered_while_endpoints_leave_and_a_second_signal_stops_now() -> None:
    with running(DRAIN_PAUSE_SECONDS="300") as service:
        service.signal(signal.SIGTERM)
        service.wait_for("draining", seconds=60)
        with TriageClient(service.target) as client:
            assert client.assess(a_request(), timeout_seconds=60).urgency
        service.signal(signal.SIGTERM)
        assert service.ended(seconds=60) == 1


def test_second_signal_ends_running_calls_within_the_grace_too() -> None:
    async def scenario() -> None:
        engine = FakeEngine()
        signals: asyncio.Queue[int] = asyncio.Queue()
        async with serving(engine, warm=False, drain_grace_seconds=300) as running:
            living = asyncio.create_task(live(running.service, signals, get_logger("test")))
            await until(lambda: running.service.readiness.state is State.SERVING)
            engine.delay = 3600
            call = asyncio.ensure_future(running.stub.Assess(a_request(), timeout=600))
            await until(lambda: len(engine.running) == 1)
            signals.put_nowait(signal.SIGTERM)
            await until(lambda: running.service.readiness.state is State.DRAINING)
            signals.put_nowait(signal.SIGTERM)
            assert await living is Exit.STOPPED
            await running.service.stop(0)
            with pytest.raises(grpc.aio.AioRpcError):
                await call

    run(scenario())


def test_stopped_service_is_unavailable() -> None:
    with running() as service, TriageClient(service.target, max_attempts=1) as client:
        client.info(timeout_seconds=60)
        service.signal(signal.SIGINT)
        assert service.ended(seconds=60) == 0
        with pytest.raises(TriageError) as caught:
            client.info(timeout_seconds=60)
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
