"""--trim-vocab: rows and tokenizer entries behind the text vocabulary leave together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from converter import Options, convert, plan_conversion
from converter.errors import SourceError
from converter.options import OptionsError
from converter.vocabulary import trimmed_size

TRIMMED = 512


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory, tiny_multimodal_checkpoint: Path) -> Path:
    destination = tmp_path_factory.mktemp("trimmed") / "out"
    convert(plan_conversion(tiny_multimodal_checkpoint, destination, Options(trim_vocab=0)))
    return destination


def test_embedding_ends_before_the_image_token(
    trimmed: Path, tmp_path: Path, tiny_multimodal_checkpoint: Path
) -> None:
    convert(plan_conversion(tiny_multimodal_checkpoint, tmp_path / "whole"))
    whole = load_file(tmp_path / "whole" / "model.safetensors")["model.embed_tokens.weight"]
    kept = load_file(trimmed / "model.safetensors")["model.embed_tokens.weight"]
    assert torch.equal(kept, whole[:TRIMMED])
    assert json.loads((trimmed / "config.json").read_text())["vocab_size"] == TRIMMED


def test_shared_logits_are_bitwise_the_same(
    trimmed: Path, tmp_path: Path, tiny_multimodal_checkpoint: Path
) -> None:
    convert(plan_conversion(tiny_multimodal_checkpoint, tmp_path / "whole"))
    ids = torch.randint(7, 400, (1, 150), generator=torch.Generator().manual_seed(0))
    logits = []
    for folder in (tmp_path / "whole", trimmed):
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
        with torch.inference_mode():
            logits.append(model(input_ids=ids).logits)
    assert torch.equal(logits[0][..., :TRIMMED], logits[1])


def test_no_text_can_reach_an_id_beyond_the_embedding(
    trimmed: Path, tiny_multimodal_checkpoint: Path
) -> None:
    text = "fever <image_soft_token> <start_of_image> cough"
    whole = AutoTokenizer.from_pretrained(tiny_multimodal_checkpoint)
    tokenizer = AutoTokenizer.from_pretrained(trimmed)
    assert max(whole(text).input_ids) == TRIMMED
    assert max(tokenizer(text).input_ids) < TRIMMED
    assert len(tokenizer) == TRIMMED
    plain = "fever and cough for three days"
    assert tokenizer(plain).input_ids == whole(plain).input_ids


def test_trimmed_source_has_the_untrimmed_source_digest(
    trimmed: Path, tmp_path: Path, tiny_multimodal_checkpoint: Path
) -> None:
    whole = convert(plan_conversion(tiny_multimodal_checkpoint, tmp_path / "whole"))
    manifest = json.loads((trimmed / "chewie-manifest.json").read_text())
    assert manifest["source"]["digest"] == whole["source"]["digest"]


def test_hubs_older_tokenizer_files_lose_the_token_too(
    tmp_path: Path, tiny_multimodal_checkpoint: Path, json_changer: Callable[..., None]
) -> None:
    import shutil

    source = tmp_path / "source"
    shutil.copytree(tiny_multimodal_checkpoint, source)
    (source / "added_tokens.json").write_text(json.dumps({"<image_soft_token>": TRIMMED}))
    (source / "special_tokens_map.json").write_text(
        json.dumps({"image_token": "<image_soft_token>", "bos_token": {"content": "<bos>"}})
    )

    def add(config: dict[str, Any]) -> None:
        config["added_tokens_decoder"] = {
            "5": {"content": "<end_of_turn>"},
            str(TRIMMED): {"content": "<image_soft_token>"},
        }
        config["extra_special_tokens"] = {
            "boi_token": "<start_of_image>",
            "image_token": "<image_soft_token>",
        }

    json_changer(source / "tokenizer_config.json", add)
    plan = plan_conversion(source, tmp_path / "out", Options(trim_vocab=TRIMMED))
    written = {name: json.loads(plan.written[name]) for name in plan.written if "token" in name}
    assert written["added_tokens.json"] == {}
    assert written["special_tokens_map.json"] == {"bos_token": {"content": "<bos>"}}
    config = written["tokenizer_config.json"]
    assert config["added_tokens_decoder"] == {"5": {"content": "<end_of_turn>"}}
    assert config["extra_special_tokens"] == {"boi_token": "<start_of_image>"}


def test_losing_a_token_of_the_text_is_refused(
    tmp_path: Path, tiny_multimodal_checkpoint: Path
) -> None:
    with pytest.raises(SourceError, match=r"<unused400>.*--trim-vocab would lose it at 400"):
        plan_conversion(tiny_multimodal_checkpoint, tmp_path / "out", Options(trim_vocab=400))


def test_losing_the_end_of_turn_is_refused(
    tmp_path: Path, tiny_multimodal_checkpoint: Path
) -> None:
    with pytest.raises(SourceError, match="eos_token_id"):
        plan_conversion(tiny_multimodal_checkpoint, tmp_path / "out", Options(trim_vocab=4))


def test_size_is_asked_for_where_the_config_names_no_image_token() -> None:
    assert trimmed_size(None, {}, 576) == 576
    assert trimmed_size(0, {"image_token_index": 512}, 576) == 512
    with pytest.raises(OptionsError, match="--trim-vocab"):
        trimmed_size(0, {}, 576)
    with pytest.raises(OptionsError, match="up to 576"):
        trimmed_size(577, {}, 576)
