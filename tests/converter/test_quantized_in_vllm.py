"""Stock vLLM loads every quantized kind, generates, and says nearly what the bf16 model says.

Correctness only: on a CPU the formats' speed says nothing about a GPU's.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from converter import Options, convert, plan_conversion

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

SCRIPT = Path(__file__).with_name("engine_logprobs.py")
DEMO = Path(__file__).resolve().parents[2] / "demo" / "nano" / "checkpoint"
KINDS = {
    "fp8": Options(quantize="fp8", lm_head="fp8"),
    "int8": Options(quantize="int8", lm_head="int8"),
    "w4a16": Options(quantize="w4a16", lm_head="int4"),
    "w4a16 with an fp8 head": Options(quantize="w4a16", lm_head="fp8"),
    "w4a16 with the head kept": Options(quantize="w4a16"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an engine thinks of the prompts; see engine_logprobs.py."""

    logprobs: np.ndarray
    generated: np.ndarray


def ask(folder: Path, prompts: list[list[int]], scratch: Path) -> Said:
    prompts_path, out = scratch / "prompts.json", scratch / "out.npz"
    prompts_path.write_text(json.dumps(prompts))
    settings = {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    run = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), str(prompts_path), str(out)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    with np.load(out) as told:
        return Said(logprobs=told["logprobs"], generated=told["generated"])


def divergences(wanted: Said, found: Said) -> np.ndarray:
    """KL(wanted || found) in nats, per position."""
    shares = np.exp(wanted.logprobs)
    return (shares * (wanted.logprobs - found.logprobs)).sum(axis=1)


def top1(wanted: Said, found: Said) -> float:
    same = wanted.logprobs.argmax(axis=1) == found.logprobs.argmax(axis=1)
    return float(same.mean())


@pytest.fixture(scope="module")
def real_widths(
    tmp_path_factory: pytest.TempPathFactory, plain_builder: Callable[..., Path]
) -> Path:
    """Four random layers of the 4B model's widths over a small vocabulary."""
    return plain_builder(
        tmp_path_factory.mktemp("widths") / "source",
        layers=4, hidden=2560, inner=10240, heads=8, kv_heads=4, head_dim=256, vocab=2048,
        spread=0.02, config={"torch_dtype": "bfloat16"},
    )  # fmt: skip


def random_prompts(vocab: int) -> list[list[int]]:
    draw = random.Random(1)
    return [[2, *(draw.randrange(10, vocab - 8) for _ in range(length))] for length in (40, 90)]


@pytest.fixture(scope="module")
def plain_answer(real_widths: Path, tmp_path_factory: pytest.TempPathFactory) -> Said:
    scratch = tmp_path_factory.mktemp("plain")
    convert(plan_conversion(real_widths, scratch / "model"))
    return ask(scratch / "model", random_prompts(2048), scratch)


@pytest.mark.parametrize("kind", KINDS)
def test_real_widths_in_vllm_stay_close_to_bf16(
    kind: str, tmp_path: Path, real_widths: Path, plain_answer: Said
) -> None:
    convert(plan_conversion(real_widths, tmp_path / "model", KINDS[kind]))
    found = ask(tmp_path / "model", random_prompts(2048), tmp_path)
    distances = divergences(plain_answer, found)
    print(
        f"{kind}: KL median {np.median(distances):.4f}, p99 {np.quantile(distances, 0.99):.4f}, "
        f"top-1 {top1(plain_answer, found):.1%}"
    )
    assert np.isfinite(found.logprobs).all()
    assert found.generated.shape == (2, 8)
    assert np.median(distances) <= 0.03
    assert np.quantile(distances, 0.99) <= 1.0
