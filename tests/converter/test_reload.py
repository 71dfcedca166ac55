"""transformers and the converted folder: nothing missing, the same logits, ids and stops."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, GenerationConfig

from converter import Options, convert, plan_conversion
from converter.logits import Agreement, compare_logits, is_exact, load_checked
from converter.manifest import read_manifest
from converter.options import OptionsError

Builder = Callable[..., Path]
SYSTEM = "You help a community health worker."
TURNS = [
    {"role": "system", "content": SYSTEM},
    {"role": "user", "content": "Fever for three days."},
    {"role": "assistant", "content": "Any danger sign?"},
    {"role": "user", "content": "Fast breathing."},
]


@pytest.mark.parametrize("layout", ["hub", "saved-by-5.19", "in-memory"])
def test_logits_of_every_layout_are_bitwise_those_of_the_multimodal_model(
    layout: str, tmp_path: Path, multimodal_builder: Builder
) -> None:
    source = multimodal_builder(tmp_path / "source", layout=layout, shards=2)
    manifest = convert(plan_conversion(source, tmp_path / "out"))
    texts = {"en": "fever and cough for three days ", "sw": "homa na kikohozi kwa siku tatu "}
    agreements = compare_logits(source, tmp_path / "out", manifest, texts)
    assert [told.language for told in agreements] == ["en", "sw"]
    for told in agreements:
        assert told.bitwise_equal
        assert told.tokens > 3 * 64
        assert (told.kl_median, told.kl_p99, told.top1) == (0.0, 0.0, 1.0)
        assert told.acceptable(exact=is_exact(manifest))
        assert told.perplexity_source == told.perplexity_converted


def test_wrong_weights_are_not_accepted(
    tmp_path: Path, multimodal_builder: Builder, tiny_multimodal_checkpoint: Path
) -> None:
    other = multimodal_builder(tmp_path / "other", num_hidden_layers=6)
    manifest = convert(plan_conversion(other, tmp_path / "out"))
    (told,) = compare_logits(
        tiny_multimodal_checkpoint, tmp_path / "out", manifest, {"en": "fever "}
    )
    assert not told.bitwise_equal
    assert not told.acceptable(exact=True)
    assert not told.acceptable(exact=False)


# torch warns about itself while compressed-tensors is imported.
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")
def test_quantized_checkpoint_is_held_to_its_limits(
    tmp_path: Path, tiny_multimodal_checkpoint: Path
) -> None:
    options = Options(quantize="int8", lm_head="int8")
    manifest = convert(plan_conversion(tiny_multimodal_checkpoint, tmp_path / "out", options))
    agreements = compare_logits(tiny_multimodal_checkpoint, tmp_path / "out", manifest)
    assert {told.language for told in agreements} == {"en", "fr", "sw", "es"}
    for told in agreements:
        assert not told.bitwise_equal
        assert 0 < told.kl_median <= 0.03
        assert told.acceptable(exact=is_exact(manifest))


def test_limits_for_quantized_logits() -> None:
    def with_divergence(median: float, p99: float) -> Agreement:
        return Agreement(
            language="en", tokens=2, positions=1, bitwise_equal=False, kl_median=median,
            kl_p99=p99, top1=0.9, perplexity_source=1.0, perplexity_converted=1.0,
        )  # fmt: skip

    assert with_divergence(0.03, 1.0).acceptable(exact=False)
    assert not with_divergence(0.031, 0.5).acceptable(exact=False)
    assert not with_divergence(0.01, 1.1).acceptable(exact=False)
    assert not with_divergence(0.0, 0.0).acceptable(exact=True)


def test_merged_adapter_has_no_logits_to_be_compared_with(tmp_path: Path) -> None:
    manifest = {"options": {"adapter": "lora", "quantize": None, "dtype": None}}
    with pytest.raises(OptionsError, match="adapter"):
        compare_logits(tmp_path, tmp_path, manifest, {})


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory, tiny_multimodal_checkpoint: Path) -> Path:
    destination = tmp_path_factory.mktemp("reload") / "out"
    convert(plan_conversion(tiny_multimodal_checkpoint, destination))
    return destination


def test_class_parameters_and_ends_are_those_expected(converted: Path) -> None:
    model = load_checked(converted)
    assert type(model).__name__ == "Gemma3ForCausalLM"
    assert model.config.eos_token_id == [1, 5]
    assert model.generation_config.eos_token_id == [1, 5]
    assert model.config.rope_parameters["full_attention"]["factor"] == 8.0
    assert model.dtype == torch.bfloat16
    assert len(read_manifest(converted)["tensors"]) == 2 + 13 * 7


def test_generation_settings_are_those_of_the_source(
    converted: Path, tiny_multimodal_checkpoint: Path
) -> None:
    ours, theirs = (
        GenerationConfig.from_pretrained(folder).to_diff_dict()
        for folder in (converted, tiny_multimodal_checkpoint)
    )
    assert ours == theirs


def test_chat_template_gives_the_same_ids_and_keeps_the_system_prompt(
    converted: Path, tiny_multimodal_checkpoint: Path
) -> None:
    ours, theirs = (
        AutoTokenizer.from_pretrained(folder) for folder in (converted, tiny_multimodal_checkpoint)
    )
    ids = [
        tokenizer.apply_chat_template(TURNS, add_generation_prompt=True, return_dict=False)
        for tokenizer in (ours, theirs)
    ]
    assert ids[0] == ids[1]
    text = ours.apply_chat_template(TURNS, tokenize=False)
    assert text.count(SYSTEM) == 1
    assert text.index(SYSTEM) > text.index("<start_of_turn>user")
    assert ids[0].count(5) == 3


def test_generation_stops_at_the_end_of_turn(converted: Path) -> None:
    """A model that wants nothing but <end_of_turn> says one token."""
    model = load_checked(converted)

    class OnlyEndOfTurn:
        def __call__(self, ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            scores[:] = -torch.inf
            scores[:, 5] = 0.0
            return scores

    ids = torch.tensor([[2, 40, 41]])
    told = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        logits_processor=[OnlyEndOfTurn()],
        max_new_tokens=6,
        do_sample=False,
        top_k=None,
        top_p=None,
    )
    assert told[0].tolist() == [2, 40, 41, 5]


def test_index_of_a_sharded_folder_loads(tmp_path: Path, tiny_multimodal_checkpoint: Path) -> None:
    options = Options(max_shard_bytes=200_000)
    convert(plan_conversion(tiny_multimodal_checkpoint, tmp_path / "out", options))
    assert json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())
    load_checked(tmp_path / "out")
