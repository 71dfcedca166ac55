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
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from converter import Options, convert, plan_conversion
from converter.logits import MOST_KL_MEDIAN, MOST_KL_P99
from converter.probe_texts import PROBE_TEXTS

pytestmark = [pytest.mark.slow, pytest.mark.engine, pytest.mark.timeout(900)]

SCRIPT = Path(__file__).with_name("engine_logprobs.py")
DEMO = Path(__file__).resolve().parents[2] / "demo" / "nano" / "checkpoint"
KINDS = {
    "fp8": Options(quantize="fp8", lm_head="fp8"),
    "int8": Options(quantize="int8", lm_head="int8"),
    "w4a16": Options(quantize="w4a16", lm_head="int4"),
    "w4a16 with an fp8 head": Options(quantize="w4a16", lm_head="fp8"),
}


# Four bits round a tenth off a weight, and neither random weights nor a model of a few million
# parameters forgive that: the limit of `verify --logits` holds for eight bits, here as there. That
# the engine computes with exactly the rounded weights is shown apart.
MOST_MEDIAN = {kind: MOST_KL_MEDIAN if "w4" not in kind else 0.1 for kind in KINDS}
LEAST_TOP1_ON_DEMO = {kind: 0.85 if "w4" not in kind else 0.65 for kind in KINDS}


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
    """Four random layers of the 4B model's widths over a small vocabulary.

    With a head of its own: a random model whose head is its embedding only repeats the last token,
    whatever its layers say.
    """
    head = torch.randn(2048, 2560, generator=torch.Generator().manual_seed(5)) * 0.02
    return plain_builder(
        tmp_path_factory.mktemp("widths") / "source",
        layers=4, hidden=2560, inner=10240, heads=8, kv_heads=4, head_dim=256, vocab=2048,
        spread=0.02, config={"torch_dtype": "bfloat16", "tie_word_embeddings": False},
        extra={"language_model.lm_head.weight": head.bfloat16()},
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
    check_closeness(kind, plain_answer, found, MOST_MEDIAN[kind], least_top1=0.4)
    assert found.generated.shape == (2, 8)


def test_engine_computes_with_exactly_the_four_bit_weights(
    tmp_path: Path, real_widths: Path
) -> None:
    """A bf16 checkpoint made of the restored values says the same as the packed one."""
    convert(plan_conversion(real_widths, tmp_path / "packed", KINDS["w4a16"]))
    convert(plan_conversion(real_widths, tmp_path / "restored"))
    packed = load_file(tmp_path / "packed" / "model.safetensors")
    plain = load_file(tmp_path / "restored" / "model.safetensors")
    for name in plain:
        module = name.removesuffix(".weight")
        if f"{module}.weight_packed" in packed:
            plain[name] = restored_four_bits(packed, module).bfloat16()
    save_file(plain, tmp_path / "restored" / "model.safetensors")
    answers = [
        ask(tmp_path / name, random_prompts(2048), tmp_path) for name in ("restored", "packed")
    ]
    assert np.median(divergences(*answers)) < 0.002
    assert top1(*answers) > 0.9


def restored_four_bits(tensors: dict[str, torch.Tensor], module: str) -> torch.Tensor:
    packed, scale = tensors[f"{module}.weight_packed"], tensors[f"{module}.weight_scale"].float()
    nibbles = (packed.unsqueeze(-1) >> (torch.arange(8, dtype=torch.int32) * 4)) & 15
    values = (nibbles - 8).reshape(packed.shape[0], scale.shape[1], -1).float()
    return (values * scale.unsqueeze(-1)).reshape(packed.shape[0], -1)


def check_closeness(
    kind: str, wanted: Said, found: Said, most_median: float, least_top1: float
) -> None:
    assert np.isfinite(found.logprobs).all()
    distances = divergences(wanted, found)
    median, p99 = np.median(distances), np.quantile(distances, 0.99)
    same = top1(wanted, found)
    print(f"{kind}: KL median {median:.5f}, p99 {p99:.5f}, top-1 {same:.1%}")
    assert median > 0
    assert median <= most_median
    assert p99 <= MOST_KL_P99
    assert same >= least_top1


@pytest.fixture(scope="module")
def demo_prompts() -> list[list[int]]:
    """What health workers write, in every language of the probe texts, as the chat sends it."""
    if not (DEMO / "config.json").is_file():
        pytest.skip(f"{DEMO} is not there; train the demo checkpoint to include this test")
    tokenizer = AutoTokenizer.from_pretrained(DEMO)
    return [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], add_generation_prompt=True, return_dict=False
        )[-400:]
        for text in PROBE_TEXTS.values()
    ]


@pytest.fixture(scope="module")
def demo_answer(demo_prompts: list[list[int]], tmp_path_factory: pytest.TempPathFactory) -> Said:
    scratch = tmp_path_factory.mktemp("demo")
    convert(plan_conversion(DEMO, scratch / "model"))
    return ask(scratch / "model", demo_prompts, scratch)


@pytest.mark.parametrize("kind", KINDS)
def test_demo_checkpoint_in_vllm_stays_close_to_bf16(
    kind: str, tmp_path: Path, demo_prompts: list[list[int]], demo_answer: Said
) -> None:
    options = replace(KINDS[kind], group_size=_group_size())
    convert(plan_conversion(DEMO, tmp_path / "model", options))
    found = ask(tmp_path / "model", demo_prompts, tmp_path)
    check_closeness(kind, demo_answer, found, MOST_MEDIAN[kind], LEAST_TOP1_ON_DEMO[kind])


def _group_size() -> int:
    """The usual 128, or what divides the demo's smaller widths."""
    text = json.loads((DEMO / "config.json").read_text())["text_config"]
    widths = (text["hidden_size"], text["intermediate_size"])
    return next(size for size in (128, 64, 32) if all(width % size == 0 for width in widths))
