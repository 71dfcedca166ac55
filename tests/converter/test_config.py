"""The text-only config says the same as transformers' own reading of the multimodal one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from transformers import Gemma3Config, Gemma3TextConfig

from converter.architecture import expected_tensors
from converter.config import (
    TEXT_DEFAULTS,
    filled_text_config,
    rope_parameters,
    text_generation_config,
    text_only_config,
    text_shape,
)
from converter.errors import SourceError

# The language parts of config.json as published: sparse, defaults left to the class.
REAL_TEXT_CONFIGS: dict[str, dict[str, Any]] = {
    "4b": {
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "model_type": "gemma3_text",
        "num_hidden_layers": 34,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        "sliding_window": 1024,
    },
    "27b": {
        "head_dim": 128,
        "hidden_size": 5376,
        "intermediate_size": 21504,
        "model_type": "gemma3_text",
        "num_attention_heads": 32,
        "num_hidden_layers": 62,
        "num_key_value_heads": 16,
        "query_pre_attn_scalar": 168,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        "sliding_window": 1024,
    },
}
NOT_NUMBERS = {"transformers_version", "_name_or_path", "architectures", "eos_token_id", "dtype"}


def multimodal(text: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "eos_token_id": [1, 106],
        "image_token_index": 262144,
        "model_type": "gemma3",
        "text_config": text,
        "torch_dtype": "bfloat16",
        **more,
    }


def as_read(config: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(config.to_json_string(use_diff=False))
    return {name: value for name, value in told.items() if name not in NOT_NUMBERS}


def converted(config: dict[str, Any], **generation: Any) -> dict[str, Any]:
    return text_only_config(config, generation, "bfloat16", "config.json")


@pytest.mark.parametrize("size", REAL_TEXT_CONFIGS)
def test_transformers_reads_the_same_numbers_from_both(size: str) -> None:
    source = multimodal(REAL_TEXT_CONFIGS[size])
    theirs = as_read(Gemma3Config(**source).text_config)
    ours = as_read(Gemma3TextConfig(**converted(source)))
    assert {name: ours[name] for name in theirs} == theirs


def test_defaults_are_those_of_the_class() -> None:
    told = json.loads(Gemma3TextConfig().to_json_string(use_diff=False))
    assert {name: told[name] for name in TEXT_DEFAULTS} == dict(TEXT_DEFAULTS)


@pytest.mark.parametrize("size", REAL_TEXT_CONFIGS)
def test_a_config_saved_in_full_converts_to_the_same(size: str) -> None:
    sparse = multimodal(REAL_TEXT_CONFIGS[size])
    saved = json.loads(Gemma3Config(**sparse).to_json_string(use_diff=False))
    saved["architectures"] = sparse["architectures"]
    assert as_read(Gemma3TextConfig(**converted(saved))) == as_read(
        Gemma3TextConfig(**converted(sparse))
    )


def test_rope_stands_in_both_dialects() -> None:
    config = converted(multimodal(REAL_TEXT_CONFIGS["4b"]))
    assert config["rope_scaling"] == {"factor": 8.0, "rope_type": "linear"}
    assert (config["rope_theta"], config["rope_local_base_freq"]) == (1e6, 1e4)
    assert config["sliding_window_pattern"] == 6
    assert config["rope_parameters"] == {
        "full_attention": {"factor": 8.0, "rope_theta": 1e6, "rope_type": "linear"},
        "sliding_attention": {"rope_theta": 1e4, "rope_type": "default"},
    }


def test_rope_of_either_dialect_alone_is_understood() -> None:
    config = converted(multimodal(REAL_TEXT_CONFIGS["4b"]))
    old = {name: config[name] for name in ("rope_theta", "rope_scaling", "rope_local_base_freq")}
    new = {"rope_parameters": config["rope_parameters"]}
    assert rope_parameters(old, "x") == rope_parameters(new, "x") == config["rope_parameters"]


def test_end_of_turn_of_the_top_level_is_kept() -> None:
    text = {**REAL_TEXT_CONFIGS["4b"], "eos_token_id": 1}
    assert converted(multimodal(text))["eos_token_id"] == [1, 106]


def test_end_of_turn_is_taken_from_generation_config_where_only_that_tells_it() -> None:
    source = multimodal({**REAL_TEXT_CONFIGS["4b"], "eos_token_id": 1}, eos_token_id=None)
    assert converted(source, eos_token_id=[1, 106])["eos_token_id"] == [1, 106]


def test_generation_config_keeps_its_own_and_gains_missing_ids() -> None:
    source = multimodal(REAL_TEXT_CONFIGS["4b"])
    assert text_generation_config(source, {"top_k": 64}) == {
        "bos_token_id": 2,
        "eos_token_id": [1, 106],
        "pad_token_id": 0,
        "top_k": 64,
    }
    assert text_generation_config(source, {"eos_token_id": 7})["eos_token_id"] == 7


def test_positions_and_unknown_fields_are_carried() -> None:
    source = multimodal({**REAL_TEXT_CONFIGS["4b"], "some_later_field": 3})
    config = converted(source)
    assert (config["max_position_embeddings"], config["some_later_field"]) == (131072, 3)


def test_4b_has_444_tensors_of_the_real_shapes() -> None:
    filled = filled_text_config(multimodal(REAL_TEXT_CONFIGS["4b"]), "config.json")
    tensors = expected_tensors(text_shape(filled))
    assert len(tensors) == 444
    assert tensors["model.embed_tokens.weight"] == (262208, 2560)
    assert sum(_elements(shape) for shape in tensors.values()) == 3_880_263_168


def test_27b_has_806_tensors() -> None:
    filled = filled_text_config(multimodal(REAL_TEXT_CONFIGS["27b"]), "config.json")
    tensors = expected_tensors(text_shape(filled))
    assert len(tensors) == 2 + 13 * 62
    assert tensors["model.layers.61.self_attn.q_proj.weight"] == (4096, 5376)


def _elements(shape: tuple[int, ...]) -> int:
    return shape[0] * (shape[1] if len(shape) > 1 else 1)


def test_rope_for_an_unknown_kind_of_layer_is_refused() -> None:
    with pytest.raises(SourceError, match="rope_parameters"):
        rope_parameters({"rope_parameters": {"chunked_attention": {}}}, "config.json")
