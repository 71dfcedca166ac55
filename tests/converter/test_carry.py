"""Which files go along, and where the chat template ends up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from converter.carry import MAX_TEXT_BYTES, moved_chat_template, sort_files


def test_tokenizer_and_notes_go_along_images_and_weights_stay(tmp_path: Path) -> None:
    carried = ["LICENSE", "README.md", "chewie.json", "chat_template.jinja", "tokenizer.json"]
    carried += ["tokenizer.model", "tokenizer_config.json", "special_tokens_map.json"]
    left = ["preprocessor_config.json", "processor_config.json", "chat_template.json"]
    left += ["model.safetensors", "pytorch_model.bin", "pytorch_model.bin.index.json"]
    left += ["model.safetensors.index.json", "training_args.bin"]
    remade = ["config.json", "generation_config.json", "chewie-manifest.json", ".gitattributes"]
    for name in (*carried, *left, *remade):
        (tmp_path / name).write_text("{}")
    (tmp_path / "onnx").mkdir()
    fate = sort_files(tmp_path)
    assert set(fate.copied) == set(carried)
    assert set(fate.left_out) == set(left)


def test_large_unknown_file_stays_behind_but_a_large_tokenizer_does_not(tmp_path: Path) -> None:
    for name in ("log.json", "tokenizer.json"):
        (tmp_path / name).write_bytes(b" " * (MAX_TEXT_BYTES + 1))
    assert sort_files(tmp_path).copied == ("tokenizer.json",)


@pytest.mark.parametrize("name", ["chat_template.json", "processor_config.json"])
def test_template_only_a_processor_has_becomes_the_tokenizers(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps({"chat_template": "{{ bos_token }}é"}))
    moved = moved_chat_template(tmp_path, ("tokenizer.json",))
    assert moved == {"chat_template.jinja": "{{ bos_token }}é".encode()}


def test_template_the_tokenizer_has_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "chat_template.json").write_text(json.dumps({"chat_template": "other"}))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": "own"}))
    assert moved_chat_template(tmp_path, ("tokenizer_config.json",)) == {}
    assert moved_chat_template(tmp_path, ("chat_template.jinja",)) == {}
