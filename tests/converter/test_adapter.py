"""--adapter: the merge is W + scale * B A, whatever class the adapter was trained on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from converter import Options, convert, plan_conversion
from converter.errors import SourceError

Builder = Callable[..., Path]
MODULES = {
    "layers.0.self_attn.q_proj": (16, 16),
    "layers.0.mlp.down_proj": (16, 32),
    "layers.1.mlp.gate_proj": (32, 16),
}
# How PEFT names the same module, by the class that was trained.
TRAINED_ON = {
    "multimodal": "base_model.model.model.language_model.",
    "multimodal before transformers 4.52": "base_model.model.language_model.model.",
    "text": "base_model.model.model.",
}


def write_adapter(
    folder: Path,
    prefix: str = TRAINED_ON["text"],
    rank: int = 4,
    extra: dict[str, torch.Tensor] | None = None,
    dtype: torch.dtype = torch.float32,
    **settings: Any,
) -> dict[str, torch.Tensor]:
    folder.mkdir()
    generator = torch.Generator().manual_seed(3)
    state = {}
    for module, (rows, columns) in MODULES.items():
        state[f"{prefix}{module}.lora_A.weight"] = torch.randn(rank, columns, generator=generator)
        state[f"{prefix}{module}.lora_B.weight"] = torch.randn(rows, rank, generator=generator)
    state = {name: (value * 0.1).to(dtype) for name, value in state.items()} | (extra or {})
    save_file(state, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": 8, "bias": "none", **settings}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return state


def merged_by_hand(
    source: Path, state: dict[str, torch.Tensor], prefix: str, scale: float
) -> dict[str, torch.Tensor]:
    weights = load_file(source / "model.safetensors")
    for module in MODULES:
        up, down = (state[f"{prefix}{module}.lora_{side}.weight"].double() for side in "BA")
        name = f"model.{module}.weight"
        weights[name] = (weights[name].double() + scale * up @ down).float().to(weights[name].dtype)
    return weights


@pytest.mark.parametrize("trained_on", TRAINED_ON)
def test_adapter_of_either_class_is_merged(
    trained_on: str, tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source", style="text-only")
    prefix = TRAINED_ON[trained_on]
    state = write_adapter(tmp_path / "adapter", prefix)
    manifest = convert(
        plan_conversion(source, tmp_path / "out", Options(adapter=tmp_path / "adapter"))
    )
    expected = merged_by_hand(source, state, prefix, scale=2.0)
    found = load_file(tmp_path / "out" / "model.safetensors")
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(found[name], tensor), name
    assert manifest["adapter"]["sha256"]


def test_pattern_speaks_of_the_module_as_it_was_called_in_training(
    tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source")
    prefix = TRAINED_ON["multimodal"]
    full = "model.language_model.layers.0.self_attn.q_proj"
    state = write_adapter(tmp_path / "adapter", prefix, alpha_pattern={full: 16})
    convert(plan_conversion(source, tmp_path / "out", Options(adapter=tmp_path / "adapter")))
    found = load_file(tmp_path / "out" / "model.safetensors")
    before = load_file(source / "model.safetensors")
    for module, scale in (("layers.0.self_attn.q_proj", 4.0), ("layers.0.mlp.down_proj", 2.0)):
        up, down = (state[f"{prefix}{module}.lora_{side}.weight"].double() for side in "BA")
        weight = before[f"language_model.model.{module}.weight"]
        merged = (weight.double() + scale * up @ down).float().to(weight.dtype)
        assert torch.equal(found[f"model.{module}.weight"], merged), module


@pytest.mark.parametrize(
    ("settings", "scale"),
    [
        ({"use_rslora": True}, 4.0),
        ({"lora_alpha": 2}, 0.5),
        ({"alpha_pattern": {"q_proj|down_proj|gate_proj": 16}}, 4.0),
    ],
)
def test_scale_follows_the_adapters_settings(
    settings: dict[str, Any], scale: float, tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source", style="text-only", dtype="float32")
    state = write_adapter(tmp_path / "adapter", dtype=torch.bfloat16, **settings)
    convert(plan_conversion(source, tmp_path / "out", Options(adapter=tmp_path / "adapter")))
    expected = merged_by_hand(source, state, TRAINED_ON["text"], scale)
    found = load_file(tmp_path / "out" / "model.safetensors")
    for name, tensor in expected.items():
        assert torch.equal(found[name], tensor), name


def test_adapter_parts_of_the_image_encoder_are_left_out(
    tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source")
    prefix = TRAINED_ON["multimodal"]
    vision = "base_model.model.model.vision_tower.encoder.layers.0.mlp.fc1.lora_A.weight"
    write_adapter(tmp_path / "adapter", prefix, extra={vision: torch.zeros(4, 8)})
    manifest = convert(
        plan_conversion(source, tmp_path / "out", Options(adapter=tmp_path / "adapter"))
    )
    assert manifest["adapter"]["ignored"] == 1


EMBEDDING = "base_model.model.model.embed_tokens"
REFUSED: dict[str, tuple[dict[str, Any], dict[str, torch.Tensor], str]] = {
    "another method": ({"peft_type": "IA3"}, {}, "peft_type is 'IA3'"),
    "DoRA": ({"use_dora": True}, {}, "use_dora"),
    "trained biases": ({"bias": "all"}, {}, "bias is 'all'"),
    "whole modules": ({"modules_to_save": ["lm_head"]}, {}, "modules_to_save"),
    "another rank": ({"r": 8}, {}, "has rank 4, adapter_config.json says 8"),
    "a base that training changed": (
        {"init_lora_weights": "pissa_niter_4"}, {}, "init_lora_weights"),
    "a pattern that is none": ({"rank_pattern": {"(": 4}}, {}, "rank_pattern"),
    "patterns that are no object": ({"alpha_pattern": [1]}, {}, "alpha_pattern"),
    "a rank that is no number": ({"r": "4"}, {}, "r is '4'"),
    "one weight changed twice": (
        {}, {f"base_model.model.language_model.model.layers.0.mlp.down_proj.lora_{side}.weight":
             torch.zeros(4, 32) if side == "A" else torch.zeros(16, 4) for side in "AB"},
        "both change"),
    "no alpha": ({"lora_alpha": None}, {}, "lora_alpha"),
    "a key that is no matrix pair": ({}, {"base_model.model.model.norm.weight": torch.zeros(3)},
                                     "cannot place base_model.model.model.norm.weight"),
    "half a pair": ({}, {"base_model.model.model.layers.1.mlp.up_proj.lora_A.weight":
                         torch.zeros(4, 16)}, "no counterpart"),
    "a layer too many": ({}, {f"base_model.model.model.layers.9.mlp.up_proj.lora_{side}.weight":
                              torch.zeros(4, 4) for side in "AB"}, r"layers\.9"),
    "a shape that does not fit": (
        {}, {"base_model.model.model.layers.1.mlp.up_proj.lora_A.weight": torch.zeros(4, 9),
             "base_model.model.model.layers.1.mlp.up_proj.lora_B.weight": torch.zeros(32, 4)},
        "do not fit"),
    "the tied embedding": ({}, {f"{EMBEDDING}.lora_A.weight": torch.zeros(4, 16),
                                f"{EMBEDDING}.lora_B.weight": torch.zeros(48, 4)}, "tied"),
    "a module no layout knows": ({}, {"base_model.model.audio.lora_A.weight": torch.zeros(4, 16)},
                                 "cannot place"),
    "NaN": ({}, {f"base_model.model.model.layers.1.mlp.up_proj.lora_{side}.weight":
                 torch.full((4, 16) if side == "A" else (32, 4), torch.nan) for side in "AB"},
            "NaN"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_adapter_that_is_no_plain_low_rank_sum_is_refused(
    name: str, tmp_path: Path, plain_builder: Builder
) -> None:
    settings, extra, words = REFUSED[name]
    source = plain_builder(tmp_path / "source")
    write_adapter(tmp_path / "adapter", extra=extra, **settings)
    with pytest.raises(SourceError, match=words):
        plan_conversion(source, tmp_path / "out", Options(adapter=tmp_path / "adapter"))


def test_folder_without_an_adapter_is_named(tmp_path: Path, plain_builder: Builder) -> None:
    source = plain_builder(tmp_path / "source")
    with pytest.raises(SourceError, match=r"adapter_config\.json: missing"):
        plan_conversion(source, tmp_path / "out", Options(adapter=tmp_path))


def test_merging_and_quantizing_at_once_is_merging_then_quantizing(
    tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source")
    write_adapter(tmp_path / "adapter")
    at_once = Options(adapter=tmp_path / "adapter", quantize="int8", lm_head="fp8")
    convert(plan_conversion(source, tmp_path / "at-once", at_once))
    first = Options(adapter=tmp_path / "adapter")
    convert(plan_conversion(source, tmp_path / "merged", first))
    then = Options(quantize="int8", lm_head="fp8")
    convert(plan_conversion(tmp_path / "merged", tmp_path / "then", then))
    one = (tmp_path / "at-once" / "model.safetensors").read_bytes()
    assert one == (tmp_path / "then" / "model.safetensors").read_bytes()
