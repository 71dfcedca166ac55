"""Quantized bytes, held against compressed-tensors' own arithmetic and reader."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from converter import Options, convert, plan_conversion
from converter.errors import ConversionError, SourceError
from converter.options import OptionsError
from converter.quantize import FP8, INT4, INT8, QuantizedRows, packed_nibbles

with warnings.catch_warnings():
    # torch warns about itself while compressed-tensors is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from compressed_tensors.compressors.pack_quantized.base import (
        pack_to_int32,
        unpack_from_int32,
    )
    from compressed_tensors.quantization import QuantizationConfig

Builder = Callable[..., Path]
GROUP = 16


def quantized(tmp_path: Path, builder: Builder, **options: Any) -> tuple[Path, Path]:
    source = builder(tmp_path / "source", style="text-only", hidden=32, inner=64, head_dim=16)
    if options.get("quantize") == "w4a16" or options.get("lm_head") == "int4":
        options["group_size"] = GROUP
    convert(plan_conversion(source, tmp_path / "out", Options(**options)))
    return source, tmp_path / "out"


def restored(tensors: dict[str, torch.Tensor], module: str) -> torch.Tensor:
    """The weight that a reader of the format computes with."""
    scale = tensors[f"{module}.weight_scale"].float()
    if f"{module}.weight" in tensors:
        return tensors[f"{module}.weight"].float() * scale
    shape = torch.Size(tensors[f"{module}.weight_shape"].tolist())
    values = unpack_from_int32(tensors[f"{module}.weight_packed"], 4, shape).float()
    return values * scale.repeat_interleave(shape[1] // scale.shape[1], dim=1)


# How far a restored weight may be from the original, in parts of the largest of its scale's group.
STEP = {"fp8": 1 / 16, "int8": 0.51 / 127, "w4a16": 1 / 7}


@pytest.mark.parametrize("scheme", STEP)
def test_every_weight_is_restored_within_a_step(
    scheme: str, tmp_path: Path, plain_builder: Builder
) -> None:
    source, out = quantized(tmp_path, plain_builder, quantize=scheme)
    before, after = (load_file(folder / "model.safetensors") for folder in (source, out))
    modules = [name.removesuffix(".weight") for name in before if "_proj" in name]
    assert len(modules) == 7 * 2
    for module in modules:
        weight = before[f"{module}.weight"].float()
        columns = GROUP if scheme == "w4a16" else weight.shape[1]
        largest = weight.reshape(-1, columns).abs().amax(1, keepdim=True).expand(-1, columns)
        error = (restored(after, module) - weight).abs()
        assert (error <= STEP[scheme] * largest.reshape(weight.shape) + 1e-6).all(), module
    assert torch.equal(after["model.embed_tokens.weight"], before["model.embed_tokens.weight"])
    assert torch.equal(after["model.norm.weight"], before["model.norm.weight"])


def test_fp8_is_torchs_cast_of_the_scaled_row() -> None:
    rows = torch.randn(5, 64)
    scale = rows.abs().amax(1, keepdim=True) / 448
    expected = (rows / scale).to(torch.float8_e4m3fn)
    found = QuantizedRows(scheme=FP8, scales=False).encode(rows.numpy())
    assert bytes(found) == expected.view(torch.uint8).numpy().tobytes()
    scales = QuantizedRows(scheme=FP8, scales=True).encode(rows.numpy())
    assert np.frombuffer(scales, dtype=np.float32).tolist() == scale[:, 0].tolist()


def test_nibbles_are_packed_as_compressed_tensors_packs_them() -> None:
    values = torch.randint(-8, 8, (6, 32))
    assert torch.equal(packed_nibbles(values.float()), pack_to_int32(values.to(torch.int8), 4))


@pytest.mark.parametrize("scheme", [FP8, INT8, INT4], ids=lambda scheme: scheme.name)
def test_row_of_zeros_gets_a_scale_that_is_not_zero(scheme: Any) -> None:
    rows = np.zeros((2, 128), dtype=np.float32)
    raw = bytes(QuantizedRows(scheme=scheme, scales=True).encode(rows))
    dtype = torch.bfloat16 if scheme is INT4 else torch.float32
    scales = torch.frombuffer(bytearray(raw), dtype=dtype)
    assert (scales > 0).all()
    values = bytes(QuantizedRows(scheme=scheme, scales=False).encode(rows))
    assert set(values) == ({0x88} if scheme is INT4 else {0})


def test_scale_of_four_bits_is_the_best_of_its_candidates() -> None:
    rows = torch.randn(16, 128, generator=torch.Generator().manual_seed(0))

    def squared_error(divisor: float | None) -> float:
        if divisor is None:
            raw = bytes(QuantizedRows(scheme=INT4, scales=True).encode(rows.numpy()))
            scale = torch.frombuffer(bytearray(raw), dtype=torch.bfloat16).float().reshape(-1, 1)
        else:
            scale = (rows.abs().amax(1, keepdim=True) / divisor).bfloat16().float()
        return float((((rows / scale).round().clamp(-8, 7) * scale) - rows).square().sum())

    assert squared_error(None) < min(squared_error(divisor) for divisor in INT4.divisors)


HEADS = {"fp8": "F8_E4M3", "int8": "I8", "int4": "I32"}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("body", ["fp8", "int8", "w4a16"])
def test_quantized_head_is_untied_and_the_embedding_stays(
    body: str, head: str, tmp_path: Path, plain_builder: Builder
) -> None:
    source, out = quantized(tmp_path, plain_builder, quantize=body, lm_head=head)
    config = json.loads((out / "config.json").read_text())
    assert config["tie_word_embeddings"] is False
    embedding = load_file(source / "model.safetensors")["model.embed_tokens.weight"]
    after = load_file(out / "model.safetensors")
    assert torch.equal(after["model.embed_tokens.weight"], embedding)
    error = (restored(after, "lm_head") - embedding.float()).abs().max()
    assert error <= embedding.float().abs().max() / 7
    told = QuantizationConfig.model_validate(config["quantization_config"])
    targets = {target for group in told.config_groups.values() for target in group.targets}
    assert targets == {"Linear", "re:.*lm_head"}
    assert "lm_head" not in told.ignore


def test_kept_head_stays_tied_and_is_ignored(tmp_path: Path, plain_builder: Builder) -> None:
    _, out = quantized(tmp_path, plain_builder, quantize="fp8")
    config = json.loads((out / "config.json").read_text())
    assert config["tie_word_embeddings"] is True
    assert config["quantization_config"]["ignore"] == ["lm_head"]
    assert not any(name.startswith("lm_head") for name in load_file(out / "model.safetensors"))


def test_ignored_layer_keeps_its_bytes(tmp_path: Path, plain_builder: Builder) -> None:
    _, out = quantized(
        tmp_path, plain_builder, quantize="int8", ignore=(r"re:model\.layers\.0\.mlp\.",)
    )
    after = load_file(out / "model.safetensors")
    assert after["model.layers.0.mlp.up_proj.weight"].dtype == torch.bfloat16
    assert after["model.layers.1.mlp.up_proj.weight"].dtype == torch.int8
    told = json.loads((out / "config.json").read_text())["quantization_config"]
    assert told["ignore"] == [r"re:model\.layers\.0\.mlp\.", "lm_head"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"quantize": "w4a16", "group_size": 24}, "24 does not divide the .* columns"),
        ({"quantize": "w4a16", "group_size": 12}, "multiple of 8"),
        ({"quantize": "gptq"}, "fp8, int8, w4a16"),
        ({"quantize": "fp8", "lm_head": "int2"}, "fp8, int8, int4"),
        ({"lm_head": "int8"}, "together with --quantize"),
        ({"quantize": "fp8", "ignore": ("re:(",)}, "no regular expression"),
        ({"quantize": "fp8", "ignore": ("model.layers.7.mlp.up_proj",)}, "matches no"),
        ({"quantize": "fp8", "ignore": ("model.layers.0.mlp.up_proj",)}, "run as one layer"),
    ],
)
def test_options_that_cannot_be_met_are_refused(
    options: dict[str, Any], words: str, tmp_path: Path, plain_builder: Builder
) -> None:
    source = plain_builder(tmp_path / "source")
    with pytest.raises(OptionsError, match=words):
        plan_conversion(source, tmp_path / "out", Options(**options))


def test_weights_that_are_not_finite_give_no_scales(tmp_path: Path, plain_builder: Builder) -> None:
    bad = torch.full((32, 16), torch.nan, dtype=torch.bfloat16)
    name = "language_model.model.layers.0.mlp.up_proj.weight"
    source = plain_builder(tmp_path / "source", extra={name: bad})
    with pytest.raises(SourceError, match=r"layers\.0\.mlp\.up_proj\.weight holds a NaN"):
        convert(plan_conversion(source, tmp_path / "out", Options(quantize="fp8")))
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_quantized_text_checkpoint_is_copied_as_it_is_but_not_changed(
    tmp_path: Path, plain_builder: Builder
) -> None:
    _, out = quantized(tmp_path, plain_builder, quantize="w4a16", lm_head="int8")
    convert(plan_conversion(out, tmp_path / "copy"))
    one, two = ((folder / "model.safetensors").read_bytes() for folder in (out, tmp_path / "copy"))
    assert one == two
    with pytest.raises(SourceError, match="copied as it is"):
        plan_conversion(out, tmp_path / "other", Options(dtype="F16"))


def test_nan_scale_of_a_quantized_checkpoint_is_refused(
    tmp_path: Path, plain_builder: Builder
) -> None:
    from safetensors.torch import save_file

    _, out = quantized(tmp_path, plain_builder, quantize="fp8")
    tensors = load_file(out / "model.safetensors")
    tensors["model.layers.1.mlp.up_proj.weight_scale"][3] = torch.nan
    save_file(tensors, out / "model.safetensors")
    with pytest.raises(ConversionError, match=r"layers\.1\.mlp\.up_proj\.weight_scale holds a NaN"):
        plan_conversion(out, tmp_path / "copy")
