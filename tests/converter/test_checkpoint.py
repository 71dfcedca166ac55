"""Every damage to a source is refused before a byte is written, with file and key named."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from converter import plan_conversion
from converter.config import filled_text_config
from converter.errors import SourceError
from converter.fields import CONFIG_FIELDS

Change = Callable[[Path], Any]
FIRST = "model-00001-of-00002.safetensors"
INDEX = "model.safetensors.index.json"
NORM = "language_model.model.norm.weight"


def edit_header(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + length :])


def edit_json(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def in_config(**values: Any) -> Change:
    return lambda folder: edit_json(folder / "config.json", lambda config: config.update(values))


def in_text_config(**values: Any) -> Change:
    return lambda folder: edit_json(
        folder / "config.json", lambda config: config["text_config"].update(values)
    )


def in_index(change: Callable[[dict[str, Any]], Any]) -> Change:
    return lambda folder: edit_json(folder / INDEX, lambda index: change(index["weight_map"]))


def in_first_header(change: Callable[[dict[str, Any]], Any]) -> Change:
    return lambda folder: edit_header(folder / FIRST, change)


def with_content(name: str, content: bytes) -> Change:
    return lambda folder: (folder / name).write_bytes(content)


def removed(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def tying_told_twice(folder: Path) -> None:
    in_config(tie_word_embeddings=True)(folder)
    in_text_config(tie_word_embeddings=False)(folder)


def truncate(folder: Path) -> None:
    path = folder / FIRST
    path.write_bytes(path.read_bytes()[:-10])


def append(folder: Path) -> None:
    path = folder / FIRST
    path.write_bytes(path.read_bytes() + b"tail")


def add_tensor(name: str, **more: Any) -> Change:
    def change(folder: Path) -> None:
        save_file({name: torch.zeros(2, **more)}, folder / "extra.safetensors")
        in_index(lambda weights: weights.update({name: "extra.safetensors"}))(folder)

    return change


def drop_tensor(folder: Path) -> None:
    in_first_header(lambda header: header.update(gone=header.pop(first_kept(header))))(folder)


def first_kept(header: dict[str, Any]) -> str:
    return next(name for name in header if name.startswith("language_model.model.layers"))


def wrong_shape(header: dict[str, Any]) -> None:
    entry = header[next(name for name in header if name.endswith("q_proj.weight"))]
    entry["shape"] = [*entry["shape"][::-1], 1]


def swap_offsets(header: dict[str, Any]) -> None:
    entry = header[first_kept(header)]
    entry["data_offsets"] = [entry["data_offsets"][0] + 2, entry["data_offsets"][1] + 2]


def twice(folder: Path) -> None:
    path = folder / FIRST
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    text = raw[8 : 8 + length].rstrip()
    name = first_kept(json.loads(text))
    entry = json.dumps(json.loads(text)[name])
    text = text[:-1] + f', "{name}": {entry}}}'.encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + length :])


DAMAGES: dict[str, tuple[Change, tuple[str, ...]]] = {
    "unknown architecture": (
        in_config(model_type="llama", architectures=["LlamaForCausalLM"]),
        ("config.json", "llama", "Gemma3ForConditionalGeneration"),
    ),
    "known type with another class": (
        in_config(architectures=["Gemma3ForSequenceClassification"]),
        ("config.json", "Gemma3ForSequenceClassification"),
    ),
    "missing config": (removed("config.json"), ("config.json", "missing")),
    "config is no JSON": (
        with_content("config.json", b"{"),
        ("config.json", "JSON"),
    ),
    "missing shard": (removed(FIRST), (FIRST, "missing shard")),
    "shards without index": (removed(INDEX), (INDEX, "index")),
    "truncated file": (truncate, (FIRST, "truncated")),
    "bytes behind the end": (append, (FIRST, "4 bytes follow")),
    "empty file": (with_content(FIRST, b""), (FIRST, "truncated")),
    "header length beyond the file": (
        with_content(FIRST, struct.pack("<Q", 10**6) + b"{}"),
        (FIRST, "truncated"),
    ),
    "absurd header length": (
        with_content(FIRST, struct.pack("<Q", 2**60) + b"{}"),
        (FIRST, "bad header"),
    ),
    "header is no JSON": (
        with_content(FIRST, struct.pack("<Q", 4) + b"{[}]"),
        (FIRST, "bad header"),
    ),
    "header is a list": (
        with_content(FIRST, struct.pack("<Q", 2) + b"[]"),
        (FIRST, "bad header"),
    ),
    "name twice in a header": (twice, (FIRST, "stands there twice", "layers")),
    "negative shape": (
        in_first_header(lambda header: header[first_kept(header)].update(shape=[-1])),
        (FIRST, "layers", "whole numbers"),
    ),
    "offsets that overlap": (in_first_header(swap_offsets), (FIRST, "layers", "without gap")),
    "offsets that belie the shape": (
        in_first_header(lambda header: header[first_kept(header)].update(shape=[3])),
        (FIRST, "layers", "takes 6 bytes"),
    ),
    "unknown dtype": (
        in_first_header(lambda header: header[first_kept(header)].update(dtype="F6")),
        (FIRST, "layers", "F6"),
    ),
    "integers as weights": (
        in_first_header(lambda header: header[first_kept(header)].update(dtype="I16")),
        (FIRST, "layers", "I16"),
    ),
    "shape the config denies": (in_first_header(wrong_shape), (FIRST, "q_proj", "demands")),
    "config denies the stored shape": (in_text_config(hidden_size=24), ("demands", "24")),
    "missing layer": (in_text_config(num_hidden_layers=3), ("model.layers.2", "missing")),
    "left-over layer": (in_text_config(num_hidden_layers=1), ("cannot place", "layers.1")),
    "size that is no number": (in_text_config(vocab_size="48"), ("vocab_size", "positive")),
    "key no layout knows": (
        add_tensor("audio_tower.weight"),
        ("extra.safetensors", "cannot place audio_tower.weight"),
    ),
    "index outside the folder": (
        in_index(lambda weights: weights.update({NORM: "../other.safetensors"})),
        (INDEX, NORM, "../other.safetensors"),
    ),
    "index with an absolute path": (
        in_index(lambda weights: weights.update({NORM: "/etc/passwd"})),
        (INDEX, NORM, "/etc/passwd"),
    ),
    "index that names what is not there": (
        in_index(lambda weights: weights.update(ghost=FIRST)),
        (FIRST, "ghost"),
    ),
    "shard that holds more than the index tells": (
        in_index(lambda weights: weights.pop(min(k for k, v in weights.items() if v == FIRST))),
        (FIRST, "holds"),
    ),
    "index without a map": (
        with_content(INDEX, b"{}"),
        (INDEX, "weight_map"),
    ),
    "softcapped logits": (
        in_text_config(final_logit_softcapping=30.0),
        ("config.json", "final_logit_softcapping"),
    ),
    "bidirectional attention": (
        in_text_config(use_bidirectional_attention=True),
        ("config.json", "use_bidirectional_attention"),
    ),
    "already quantized": (
        in_config(quantization_config={"quant_method": "gptq"}),
        ("config.json", "quantization_config"),
    ),
    "tying told in two ways": (
        tying_told_twice,
        ("config.json", "tie_word_embeddings"),
    ),
    "untied without a head": (in_config(tie_word_embeddings=False), ("lm_head.weight", "missing")),
    "rope told in two ways": (
        in_text_config(rope_parameters={"full_attention": {"rope_type": "linear", "factor": 2.0}}),
        ("config.json", "rope_parameters"),
    ),
    "layers beyond all memory": (
        in_text_config(num_hidden_layers=10**30),
        ("config.json", "num_hidden_layers", "at most"),
    ),
    "JSON nested too deeply": (
        with_content("config.json", b"[" * 200_000),
        ("config.json", "nested too deeply"),
    ),
    "a number that JSON does not have": (
        with_content("config.json", b'{"model_type": NaN}'),
        ("config.json", "NaN"),
    ),
    "half a character": (
        with_content("config.json", b'{"model_type": "\\ud800"}'),
        ("config.json", "JSON"),
    ),
    "dtype that is no name": (
        in_first_header(lambda header: header[first_kept(header)].update(dtype=["BF16"])),
        (FIRST, "layers", "BF16"),
    ),
    "file name that no disk takes": (
        in_index(lambda weights: weights.update({NORM: "a" * 5000})),
        (INDEX, NORM),
    ),
    "ends of text that are no ids": (
        with_content("generation_config.json", b'{"eos_token_id": "</s>"}'),
        ("generation_config.json", "eos_token_id", "token id"),
    ),
    "rope of a layer type that is no object": (
        in_text_config(rope_scaling=None, rope_parameters={"full_attention": 8}),
        ("config.json", "rope_parameters.full_attention"),
    ),
    "rope factor that is no number": (
        in_text_config(rope_scaling={"rope_type": "linear", "factor": "8"}),
        ("config.json", "rope_scaling", "factor"),
    ),
    "layer types that do not fit": (
        in_text_config(layer_types=["full_attention"]),
        ("config.json", "layer_types"),
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_refused_with_file_and_key(
    name: str, tmp_path: Path, plain_builder: Callable[..., Path]
) -> None:
    damage, words = DAMAGES[name]
    source = plain_builder(tmp_path / "source", shards=2)
    damage(source)
    with pytest.raises(SourceError) as refusal:
        plan_conversion(source, tmp_path / "destination")
    for word in words:
        assert word in str(refusal.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


@pytest.mark.parametrize("value", ["", [], {"a": 1}, float("inf"), -1], ids=repr)
@pytest.mark.parametrize("field", sorted(CONFIG_FIELDS))
def test_field_of_another_type_is_refused_by_name_or_is_one_that_fits(
    field: str, value: Any
) -> None:
    """Never a traceback, never a config.json that no program could load."""
    fits, expected = CONFIG_FIELDS[field]
    config = {"model_type": "gemma3", "text_config": {field: value}}
    if fits(value):
        return
    with pytest.raises(SourceError, match=f"config.json: {field} is .*, expected {expected}"):
        filled_text_config(config, "config.json")


def test_lm_head_that_differs_from_its_tied_embedding_is_refused(
    tmp_path: Path, plain_builder: Callable[..., Path]
) -> None:
    head = torch.ones(48, 16, dtype=torch.bfloat16)
    source = plain_builder(tmp_path / "source", extra={"lm_head.weight": head})
    with pytest.raises(SourceError, match=r"lm_head\.weight differs from .*embed_tokens"):
        plan_conversion(source, tmp_path / "destination")


def test_weights_in_another_format_are_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "gemma3", "text_config": {}}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02")
    with pytest.raises(SourceError, match="only safetensors"):
        plan_conversion(tmp_path, tmp_path.parent / "destination")
