"""Sizes and configuration of the nano checkpoint, in the dialect of Gemma 3 on the hub. Pure.

Does not build a model (see model) and does not write files (see checkpoint).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PAD, EOS, BOS, UNK = 0, 1, 2, 3
END_OF_TURN = 106
"""The same ids as in Gemma 3: what carries end-of-sequence ids over is then tried for real."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Everything that decides a tensor's shape; counts, windows in tokens, images in pixels."""

    vocab_size: int = 2112
    hidden: int = 192
    intermediate: int = 512
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    sliding_window: int = 256
    full_attention_every: int = 6
    max_positions: int = 32_768
    vision_hidden: int = 64
    vision_intermediate: int = 128
    vision_layers: int = 2
    vision_heads: int = 2
    image_size: int = 56
    patch_size: int = 14
    image_tokens: int = 4


def text_config(sizes: Sizes) -> dict[str, Any]:
    """`text_config` as on the hub: sliding and full layers, rope stretched on the full ones."""
    return {
        "attention_bias": False,
        "attention_dropout": 0.0,
        "attn_logit_softcapping": None,
        "final_logit_softcapping": None,
        "head_dim": sizes.head_dim,
        "hidden_activation": "gelu_pytorch_tanh",
        "hidden_size": sizes.hidden,
        "initializer_range": 0.02,
        "intermediate_size": sizes.intermediate,
        "max_position_embeddings": sizes.max_positions,
        "model_type": "gemma3_text",
        "num_attention_heads": sizes.heads,
        "num_hidden_layers": sizes.layers,
        "num_key_value_heads": sizes.kv_heads,
        "query_pre_attn_scalar": sizes.head_dim,
        "rms_norm_eps": 1e-06,
        "rope_local_base_freq": 10_000.0,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        "rope_theta": 1_000_000.0,
        "sliding_window": sizes.sliding_window,
        "sliding_window_pattern": sizes.full_attention_every,
        "vocab_size": sizes.vocab_size,
    }


def vision_config(sizes: Sizes) -> dict[str, Any]:
    """`vision_config`: a SigLIP tower without a pooling head, as Gemma 3 has it."""
    return {
        "attention_dropout": 0.0,
        "hidden_act": "gelu_pytorch_tanh",
        "hidden_size": sizes.vision_hidden,
        "image_size": sizes.image_size,
        "intermediate_size": sizes.vision_intermediate,
        "layer_norm_eps": 1e-06,
        "model_type": "siglip_vision_model",
        "num_attention_heads": sizes.vision_heads,
        "num_channels": 3,
        "num_hidden_layers": sizes.vision_layers,
        "patch_size": sizes.patch_size,
        "vision_use_head": False,
    }


def model_config(sizes: Sizes, *, boi: int, eoi: int, image_token: int) -> dict[str, Any]:
    """`config.json` of the whole checkpoint; end-of-sequence ids stand at the top level only."""
    return {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "boi_token_index": boi,
        "eoi_token_index": eoi,
        "eos_token_id": [EOS, END_OF_TURN],
        "image_token_index": image_token,
        "initializer_range": 0.02,
        "mm_tokens_per_image": sizes.image_tokens,
        "model_type": "gemma3",
        "text_config": text_config(sizes),
        "torch_dtype": "bfloat16",
        "transformers_version": "4.57.0",
        "vision_config": vision_config(sizes),
    }


def generation_config() -> dict[str, Any]:
    """`generation_config.json`: greedy, stops at the end of a turn."""
    return {
        "bos_token_id": BOS,
        "do_sample": False,
        "eos_token_id": [EOS, END_OF_TURN],
        "pad_token_id": PAD,
    }


def image_processor_config(sizes: Sizes) -> dict[str, Any]:
    """`preprocessor_config.json` of Gemma 3 for this image size."""
    return {
        "do_convert_rgb": None,
        "do_normalize": True,
        "do_pan_and_scan": None,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_processor_type": "Gemma3ImageProcessor",
        "image_seq_length": sizes.image_tokens,
        "image_std": [0.5, 0.5, 0.5],
        "processor_class": "Gemma3Processor",
        "resample": 2,
        "rescale_factor": 1 / 255,
        "size": {"height": sizes.image_size, "width": sizes.image_size},
    }


def processor_config(sizes: Sizes) -> dict[str, Any]:
    """`processor_config.json` of Gemma 3."""
    return {"image_seq_length": sizes.image_tokens, "processor_class": "Gemma3Processor"}
