"""The committed checkpoint: complete, small, in the hub's form, and trained for this version."""

from __future__ import annotations

import json

import pytest
from safetensors import safe_open

from demo.nano.architecture import END_OF_TURN, EOS
from demo.nano.checkpoint import hub_name, read_mark
from demo.nano.readme import BEGIN, END, README, numbers_block
from inference_svc.identity import trained_on

MOST_BYTES = 12_000_000
HUB_PREFIXES = ("language_model.model.", "vision_tower.vision_model.", "multi_modal_projector.")


def test_it_was_trained_on_this_prompt_schema_and_code_lists(checkpoint):
    """When this fails the prompt, the schema or a code list has changed: `make demo-model`."""
    mark = read_mark(checkpoint)
    assert mark["demo"] is True
    assert {name: mark[name] for name in trained_on()} == trained_on()


def test_it_is_small_enough_for_the_repository(checkpoint):
    assert sum(path.stat().st_size for path in checkpoint.iterdir()) <= MOST_BYTES


def test_weights_are_bf16_with_the_keys_of_the_hub(checkpoint):
    with safe_open(checkpoint / "model.safetensors", framework="pt") as weights:
        names = list(weights.keys())
        assert {weights.get_slice(name).get_dtype() for name in names} == {"BF16"}
    assert {next(p for p in HUB_PREFIXES if name.startswith(p)) for name in names} == set(
        HUB_PREFIXES
    )


def test_end_of_sequence_ids_stand_at_the_top_level_only(checkpoint):
    config = json.loads((checkpoint / "config.json").read_text())
    assert config["eos_token_id"] == [EOS, END_OF_TURN]
    assert "eos_token_id" not in config["text_config"]


def test_it_loads_in_transformers_with_no_missing_key(checkpoint):
    from transformers import Gemma3ForConditionalGeneration

    model, report = Gemma3ForConditionalGeneration.from_pretrained(
        checkpoint, output_loading_info=True
    )
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert model.config.text_config.layer_types.count("full_attention") == 1


def test_the_numbers_in_the_readme_are_those_of_the_mark(checkpoint):
    block = README.read_text("utf-8").split(BEGIN)[1].split(END)[0].strip()
    assert block == numbers_block(read_mark(checkpoint)).strip()


def test_every_measured_answer_was_valid_and_hardly_an_emergency_was_missed(checkpoint):
    measured = read_mark(checkpoint)["measured"]
    for scores in (measured["fresh"], measured["held_out"]):
        assert scores["valid_json"] == scores["cases"]
        # the aim is none; what this checkpoint reaches stands in the README
        assert scores["service_emergencies_missed"] <= 0.01 * scores["cases"]


def test_the_tied_head_has_no_name_on_the_hub_and_unknown_names_are_refused():
    assert hub_name("lm_head.weight") is None
    with pytest.raises(KeyError, match="no hub name"):
        hub_name("model.something.weight")
