"""Which tensors a Gemma 3 text model consists of, and their shapes. Pure.

Source: transformers' `Gemma3TextModel`; 13 tensors a layer, embedding and final norm:
444 for the 4B model of 34 layers.
"""

from __future__ import annotations

from dataclasses import dataclass

from converter.layout import EMBEDDING, LM_HEAD

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextShape:
    """The sizes that decide every tensor's shape; counts, not bytes."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    attention_bias: bool
    tied: bool


def expected_tensors(shape: TextShape) -> dict[str, Shape]:
    """Name -> shape of every tensor of the text model; the head only where it is not tied."""
    tensors: dict[str, Shape] = {
        EMBEDDING: (shape.vocab_size, shape.hidden_size),
        "model.norm.weight": (shape.hidden_size,),
    }
    for layer in range(shape.num_hidden_layers):
        for name, dims in _layer_tensors(shape).items():
            tensors[f"model.layers.{layer}.{name}"] = dims
    if not shape.tied:
        tensors[LM_HEAD] = (shape.vocab_size, shape.hidden_size)
    return tensors


def _layer_tensors(shape: TextShape) -> dict[str, Shape]:
    hidden, inner = shape.hidden_size, shape.intermediate_size
    queries = shape.num_attention_heads * shape.head_dim
    keys = shape.num_key_value_heads * shape.head_dim
    linear = {
        "self_attn.q_proj": (queries, hidden),
        "self_attn.k_proj": (keys, hidden),
        "self_attn.v_proj": (keys, hidden),
        "self_attn.o_proj": (hidden, queries),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
    }
    norms = {
        "self_attn.q_norm": (shape.head_dim,),
        "self_attn.k_norm": (shape.head_dim,),
        "input_layernorm": (hidden,),
        "post_attention_layernorm": (hidden,),
        "pre_feedforward_layernorm": (hidden,),
        "post_feedforward_layernorm": (hidden,),
    }
    tensors = {f"{name}.weight": dims for name, dims in {**linear, **norms}.items()}
    if shape.attention_bias:
        biased = (name for name in linear if name.startswith("self_attn."))
        tensors |= {f"{name}.bias": linear[name][:1] for name in biased}
    return tensors


LINEAR_LAYERS = (
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
)
# vLLM runs these as one layer, so they share a quantization scheme or have none.
FUSED_IN_VLLM = (
    ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    ("mlp.gate_proj", "mlp.up_proj"),
)


def is_linear(name: str) -> bool:
    """Whether `name` is the weight of a linear layer inside the body (not of the head)."""
    return name.startswith("model.layers.") and name.endswith(
        tuple(f".{layer}.weight" for layer in LINEAR_LAYERS)
    )
