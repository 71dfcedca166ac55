"""Text-only Gemma 3 checkpoints with random weights and a real tokenizer, of any size.

What they say means nothing: they show the engine's behaviour and speed, never a medical answer.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from inference_svc.output import schema
from inference_svc.prompt import PROMPT_LANGUAGES, system_text

ROOT = Path(__file__).resolve().parents[2]


TOKENIZER_ENTRIES = 2112
"""A wider model has rows that no token names; the grammar never chooses them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of a Gemma 3 text model."""

    layers: int = 2
    hidden: int = 128
    intermediate: int = 256
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    vocabulary: int = 2112
    sliding_window: int = 256


def write_random_checkpoint(folder: Path, shape: Shape, *, seed: int = 11) -> Path:
    """Write config, bf16 weights, tokenizer and template; return the folder."""
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    from demo.nano.architecture import BOS, END_OF_TURN, EOS, PAD

    config = Gemma3TextConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        query_pre_attn_scalar=shape.head_dim,
        sliding_window=shape.sliding_window,
        layer_types=_layer_types(shape.layers),
        max_position_embeddings=32_768,
        bos_token_id=BOS,
        eos_token_id=[EOS, END_OF_TURN],
        pad_token_id=PAD,
    )
    torch.manual_seed(seed)
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        model = Gemma3ForCausalLM(config)
    finally:
        torch.set_default_dtype(default)
    model.save_pretrained(folder)
    _write_tokenizer(folder, min(shape.vocabulary, TOKENIZER_ENTRIES))
    return folder


def _layer_types(layers: int) -> list[str]:
    """Five sliding to one full as in Gemma 3, and at least one of each."""
    every = min(6, layers)
    kinds = ["sliding_attention", "full_attention"]
    return [kinds[(index + 1) % every == 0] for index in range(layers)]


def _write_tokenizer(folder: Path, vocabulary: int) -> None:
    from demo.nano.tokenizer import special_tokens_map, tokenizer_config, train_tokenizer

    texts = [system_text(language) for language in PROMPT_LANGUAGES] + [json.dumps(schema())]
    train_tokenizer(texts, size=vocabulary).save(str(folder / "tokenizer.json"))
    for name, content in {
        "tokenizer_config.json": tokenizer_config(32_768),
        "special_tokens_map.json": special_tokens_map(),
    }.items():
        (folder / name).write_text(json.dumps(content))
    shutil.copyfile(ROOT / "demo" / "nano" / "chat_template.jinja", folder / "chat_template.jinja")
