"""verify finds every single change, and accepts every honest conversion."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from converter import Options, convert, plan_conversion, verify
from converter.errors import SourceError, VerificationError

Builder = Callable[..., Path]

HONEST = {
    "plain": Options(),
    "many shards": Options(max_shard_bytes=4_000),
    "cast": Options(dtype="F32"),
    "fp8": Options(quantize="fp8", lm_head="fp8"),
    "int8": Options(quantize="int8", lm_head="int8"),
    "w4a16": Options(quantize="w4a16", lm_head="int4", group_size=16, ignore=("re:.*o_proj",)),
    "fewer positions": Options(max_position_embeddings=512),
}


@pytest.fixture
def source(tmp_path: Path, plain_builder: Builder) -> Path:
    folder = plain_builder(tmp_path / "source", shards=2)
    (folder / "tokenizer_config.json").write_text("{}")
    return folder


@pytest.mark.parametrize("name", HONEST)
def test_honest_conversion_is_proved(name: str, tmp_path: Path, source: Path) -> None:
    manifest = convert(plan_conversion(source, tmp_path / "out", HONEST[name]))
    verdict = verify(source, tmp_path / "out")
    assert verdict.differences == ()
    assert verdict.proved
    assert verdict.digest == manifest["digest"]


def weights(out: Path) -> Path:
    return out / "model.safetensors"


def flip_a_bit(out: Path) -> None:
    content = bytearray(weights(out).read_bytes())
    content[-1] ^= 1
    weights(out).write_bytes(content)


def drop_a_tensor(out: Path) -> None:
    tensors = load_file(weights(out))
    del tensors["model.norm.weight"]
    save_file(tensors, weights(out))


def add_a_tensor(out: Path) -> None:
    tensors = load_file(weights(out))
    tensors["vision_tower.x"] = tensors["model.norm.weight"].clone()
    save_file(tensors, weights(out))


def transpose(out: Path) -> None:
    tensors = load_file(weights(out))
    name = "model.layers.0.mlp.up_proj.weight"
    tensors[name] = tensors[name].T.contiguous()
    save_file(tensors, weights(out))


def edit(name: str, **values: Any) -> Callable[[Path], None]:
    def change(out: Path) -> None:
        told = json.loads((out / name).read_text())
        (out / name).write_text(json.dumps({**told, **values}))

    return change


CHANGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "one bit": (flip_a_bit, "payload differs"),
    "a tensor less": (drop_a_tensor, "model.norm.weight: missing"),
    "a tensor more": (add_a_tensor, "vision_tower.x: not expected"),
    "another shape": (transpose, "expected BF16 [32, 16]"),
    "another end of turn": (edit("config.json", eos_token_id=1), "config.json: not what"),
    "rope scaling lost": (
        edit("config.json", rope_scaling=None, rope_parameters=None),
        "config.json: rope_parameters is",
    ),
    "another tokenizer": (edit("tokenizer_config.json", a=1), "tokenizer_config.json: differs"),
    "a file gone": (lambda out: (out / "generation_config.json").unlink(), "missing in"),
    "a file more": (lambda out: (out / "extra.txt").write_text("x"), "extra.txt: not in the"),
    "another identity": (
        edit("chewie-manifest.json", digest="sha256:0"),
        "does not follow from its own entries",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_change_is_found_and_named(name: str, tmp_path: Path, source: Path) -> None:
    change, words = CHANGES[name]
    convert(plan_conversion(source, tmp_path / "out"))
    change(tmp_path / "out")
    verdict = verify(source, tmp_path / "out")
    assert any(words in difference for difference in verdict.differences), verdict.differences


def test_another_source_is_not_taken_for_the_right_one(
    tmp_path: Path, source: Path, plain_builder: Builder
) -> None:
    convert(plan_conversion(source, tmp_path / "out"))
    other = plain_builder(tmp_path / "other", seed=9)
    assert not verify(other, tmp_path / "out").proved


def test_folder_that_was_not_converted_is_named(tmp_path: Path, source: Path) -> None:
    with pytest.raises(VerificationError, match=r"chewie-manifest\.json: missing"):
        verify(source, source)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda out: weights(out).write_bytes(weights(out).read_bytes()[:-1]), "truncated at"),
        (lambda out: weights(out).unlink(), "model.safetensors: missing"),
        (lambda out: (out / "config.json").write_text("{"), "config.json: not valid JSON"),
        (edit("chewie-manifest.json", files=[]), "files is .*, expected an object"),
        (edit("chewie-manifest.json", tensors={"a": 1}), "a does not tell dtype, shape, sha256"),
        (edit("chewie-manifest.json", options={"speed": 1}), "options .* are not known"),
        (edit("chewie-manifest.json", options={"group_size": "x"}), "group_size is 'x'"),
    ],
)
def test_destination_too_damaged_to_compare_is_no_proof(
    damage: Callable[[Path], Any], words: str, tmp_path: Path, source: Path
) -> None:
    convert(plan_conversion(source, tmp_path / "out"))
    damage(tmp_path / "out")
    with pytest.raises((VerificationError, SourceError), match=words):
        verify(source, tmp_path / "out")


def test_merged_adapter_is_asked_for(tmp_path: Path, source: Path) -> None:
    convert(plan_conversion(source, tmp_path / "out"))
    path = tmp_path / "out" / "chewie-manifest.json"
    manifest = json.loads(path.read_text())
    manifest["options"]["adapter"] = "lora"
    path.write_text(json.dumps(manifest))
    with pytest.raises(SourceError, match="--adapter"):
        verify(source, tmp_path / "out")
