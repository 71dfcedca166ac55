"""`chewie-ask`: an answer for people, for programs, in steps; errors in sentences."""

import json
import subprocess
import sys

import pytest

from chewie.client.ask import TOKEN_VARIABLE
from tests.client.conftest import TOKEN
from tests.inference_svc.process import ROOT, ServiceProcess, environment

FITS = "2yr old fitting and won't drink anything"


def ask(
    service: ServiceProcess, *arguments: str, text: str | None = None, token: str = ""
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "chewie.client.ask", "--target", service.target, *arguments]
    return subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env=environment() | ({TOKEN_VARIABLE: token} if token else {}),
        check=False,
    )


def test_answer_is_readable(service: ServiceProcess) -> None:
    told = ask(service, FITS).stdout
    assert told.startswith("EMERGENCY  [guideline rules only (engine_none)]")
    assert "Likely: very severe febrile disease" in told
    assert "convulsions" in told


def test_json_is_the_whole_answer(service: ServiceProcess) -> None:
    answer = json.loads(ask(service, FITS, "--json").stdout)
    assert answer["urgency"] == "URGENCY_EMERGENCY"
    assert answer["provenance"]["fallbackReason"] == "engine_none"


def test_stream_prints_the_steps(service: ServiceProcess) -> None:
    assert "Read by the rules: convulsions" in ask(service, FITS, "--stream").stdout
    lines = ask(service, FITS, "--stream", "--json").stdout.splitlines()
    assert [next(iter(json.loads(line))) for line in lines] == [
        "accepted",
        "ruleFindings",
        "assessment",
    ]


def test_text_may_come_from_standard_input(service: ServiceProcess) -> None:
    assert ask(service, "-", text=FITS).stdout.startswith("EMERGENCY")


def test_language_chooses_the_texts(service: ServiceProcess) -> None:
    assert ask(service, FITS, "--language", "fr").stdout != ask(service, FITS).stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["", "--json"], "case.messages[0].text: at least 1 characters"),
        ([FITS, "--temperature", "3"], "options.temperature: at most 1"),
        ([FITS, "--max-tokens", "2"], "options.max_output_tokens: at least 16"),
        ([FITS, "--max-tokens", "99999999999"], "out of range"),
        ([FITS, "--tls-ca", "/nowhere", "--tls"], "No such file"),
        ([FITS, "--tls-ca", "/nowhere"], "No such file"),
        ([FITS, "--tls-cert", "/nowhere"], "mTLS needs both"),
    ],
)
def test_errors_are_told_in_sentences(
    service: ServiceProcess, arguments: list[str], told: str
) -> None:
    ended = ask(service, *arguments)
    assert ended.returncode == 1
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_token_comes_from_the_environment(guarded_service: ServiceProcess) -> None:
    assert "UNAUTHENTICATED" in ask(guarded_service, FITS).stderr
    assert ask(guarded_service, FITS, token=TOKEN.token).stdout.startswith("EMERGENCY")
