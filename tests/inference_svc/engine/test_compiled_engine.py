"""What the card's profile sets and a CPU runs too: compiled, guessing ahead, its own cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from chewie.client import TriageClient, request_for
from chewie.triage.v1 import triage_pb2 as pb
from tests.inference_svc.process import running

pytestmark = [pytest.mark.slow, pytest.mark.engine, pytest.mark.timeout(900)]

START_SECONDS = 800  # compiling takes minutes


def test_compiled_with_ngram_guesses_it_answers_and_keeps_its_cache(
    text_checkpoint: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    with (
        running(
            start_seconds=START_SECONDS,
            ENGINE="vllm",
            MODEL_PATH=str(text_checkpoint),
            ENFORCE_EAGER="false",
            SPECULATIVE_NGRAM_TOKENS="3",
            CACHE_DIR=str(cache),
        ) as service,
        TriageClient(service.target, max_attempts=1) as client,
    ):
        request = request_for("2yr old fitting and won't drink anything")
        answer = client.assess(request, timeout_seconds=120)
    assert answer.urgency == pb.URGENCY_EMERGENCY
    assert answer.provenance.source == pb.ANSWER_SOURCE_MODEL_AND_RULES
    assert any(file.is_file() for file in cache.rglob("*"))
