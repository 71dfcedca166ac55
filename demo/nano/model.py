"""Builds the nano model and computes its loss with the constant system prefix run once per step.

Does not draw cases (see examples) and does not write files (see checkpoint).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache, Gemma3Config, Gemma3ForConditionalGeneration

from demo.nano.architecture import Sizes, model_config
from demo.nano.tokenizer import ImageIds


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`prefix` (P,) of all rows; `suffix` (B, S) right-padded; `answer` (B, S) marks targets."""

    prefix: torch.Tensor
    suffix: torch.Tensor
    answer: torch.Tensor


def build_model(sizes: Sizes, ids: ImageIds, *, seed: int) -> Any:
    """A fresh Gemma3ForConditionalGeneration in float32, its weights fixed by `seed`."""
    raw = model_config(sizes, boi=ids.boi, eoi=ids.eoi, image_token=ids.soft)
    config = Gemma3Config(**{key: value for key, value in raw.items() if key != "torch_dtype"})
    config._attn_implementation = "sdpa"
    torch.manual_seed(seed)
    model = Gemma3ForConditionalGeneration(config).float()
    embedding = model.model.language_model.embed_tokens.weight
    # Scaled by sqrt(hidden) on the way in: unit variance there, unit logits on the way out.
    torch.nn.init.normal_(embedding, std=sizes.hidden**-0.5)
    return model


def answer_loss(model: Any, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy over the answers' tokens; a scalar with gradient."""
    hidden = suffix_states(model, batch.prefix, batch.suffix)
    predicts = batch.answer[:, 1:]
    logits = torch.nn.functional.linear(hidden[:, :-1][predicts], _embedding(model))
    return torch.nn.functional.cross_entropy(logits.float(), batch.suffix[:, 1:][predicts])


def suffix_states(model: Any, prefix: torch.Tensor, suffix: torch.Tensor) -> torch.Tensor:
    """Final hidden states (B, S, hidden) of the suffixes, as a full forward of each row gives them.

    The prefix runs once and its keys and values are shared by the rows. It is constant, so no
    gradient flows into it: a third of a step's cost for nothing that has to be learnt. Rows are
    right-padded, so a causal mask alone keeps padding out.
    """
    text = model.model.language_model
    cache = DynamicCache(config=text.config)
    with torch.no_grad():
        text(input_ids=prefix[None], past_key_values=cache, use_cache=True)
    for layer in cache.layers:
        layer.keys = layer.keys.expand(suffix.shape[0], -1, -1, -1)
        layer.values = layer.values.expand(suffix.shape[0], -1, -1, -1)
    states: torch.Tensor = text(
        input_ids=suffix, past_key_values=cache, use_cache=True
    ).last_hidden_state
    return states


def _embedding(model: Any) -> torch.Tensor:
    weight: torch.Tensor = model.model.language_model.embed_tokens.weight
    return weight
