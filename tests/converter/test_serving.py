"""Stock `vllm serve` on a converted checkpoint answers the plain OpenAI client."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch
from openai import OpenAI
from transformers import AutoTokenizer

from converter import convert, plan_conversion
from converter.logits import load_checked

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

DEMO = Path(__file__).resolve().parents[2] / "demo" / "nano" / "checkpoint"
SERVED_NAME = "medgemma-text"
START_SECONDS = 300
CHAT = [
    {"role": "system", "content": "You help a community health worker."},
    {"role": "user", "content": "Child of 14 months, fever and cough for three days."},
]


@pytest.fixture(scope="module")
def source(tiny_multimodal_checkpoint: Path) -> Path:
    """The trained demo checkpoint where it has been made, else the small random one."""
    return DEMO if (DEMO / "config.json").is_file() else tiny_multimodal_checkpoint


@pytest.fixture(scope="module")
def converted(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    destination = tmp_path_factory.mktemp("serving") / "model"
    convert(plan_conversion(source, destination))
    return destination


@pytest.fixture(scope="module")
def client(converted: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("log") / "server.log"
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server"]
    command += ["--model", str(converted), "--served-model-name", SERVED_NAME]
    command += ["--host", "127.0.0.1", "--port", str(port), "--max-model-len", "512"]
    command += ["--enforce-eager"]
    settings = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, env={**os.environ, **settings}, stdout=output, stderr=subprocess.STDOUT
        ) as server,
    ):
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}/health", server, log)
            with OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none") as openai:
                yield openai
        finally:
            server.terminate()
            server.wait(60)


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"the server did not start: {log.read_text()[-3000:]}")


def test_chat_is_answered_and_the_system_prompt_counts(client: OpenAI, converted: Path) -> None:
    answer = client.chat.completions.create(
        model=SERVED_NAME, messages=CHAT, max_tokens=16, temperature=0
    )
    tokenizer = AutoTokenizer.from_pretrained(converted)
    ids = tokenizer.apply_chat_template(CHAT, add_generation_prompt=True, return_dict=False)
    assert answer.usage.prompt_tokens == len(ids)
    assert answer.choices[0].message.role == "assistant"
    assert 1 <= answer.usage.completion_tokens <= 16


def test_answer_ends_at_the_end_of_turn(client: OpenAI, converted: Path) -> None:
    """Forced to <end_of_turn>, the server stops after one token instead of running on."""
    end = AutoTokenizer.from_pretrained(converted).convert_tokens_to_ids("<end_of_turn>")
    answer = client.chat.completions.create(
        model=SERVED_NAME, messages=CHAT, max_tokens=16, temperature=0, logit_bias={str(end): 100}
    )
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.completion_tokens == 1


def test_completion_has_the_probabilities_of_the_multimodal_source(
    client: OpenAI, source: Path, converted: Path
) -> None:
    prompt = "Fever and cough for three days, fast breathing."
    answer: Any = client.completions.create(
        model=SERVED_NAME, prompt=prompt, max_tokens=1, echo=True, logprobs=1, temperature=0
    )
    served = [value for value in answer.choices[0].logprobs.token_logprobs if value is not None]
    ids = AutoTokenizer.from_pretrained(converted)(prompt, return_tensors="pt").input_ids
    with torch.inference_mode():
        told = torch.log_softmax(load_checked(source)(input_ids=ids).logits[0].float(), dim=-1)
    wanted = told[:-1].gather(1, ids[0, 1:, None])[:, 0]
    found = torch.tensor(served[: len(wanted)])
    assert len(wanted) >= 10
    assert (wanted - found).abs().median() < 0.05 * wanted.abs().median()
