"""From a multimodal config.json to a text-only one. Pure: JSON in, JSON out.

Hub configs are sparse, so what they leave out is filled in from the defaults of transformers'
`Gemma3TextConfig`; the tests hold this table against that class. Importing the class itself would
import torch: 325 MB for what is a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from converter.architecture import TextShape
from converter.errors import SourceError
from converter.fields import ROPE_FIELDS, check_fields

Json = dict[str, Any]

MULTIMODAL_ARCHITECTURE = "Gemma3ForConditionalGeneration"
TEXT_ARCHITECTURE = "Gemma3ForCausalLM"
# model_type -> (architecture, is it multimodal)
KNOWN_MODEL_TYPES = {
    "gemma3": (MULTIMODAL_ARCHITECTURE, True),
    "gemma3_text": (TEXT_ARCHITECTURE, False),
}

TEXT_DEFAULTS: Mapping[str, Any] = {
    "vocab_size": 262208,
    "hidden_size": 2304,
    "intermediate_size": 9216,
    "num_hidden_layers": 26,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh",
    "max_position_embeddings": 131072,
    "initializer_range": 0.02,
    "rms_norm_eps": 1e-6,
    "use_cache": True,
    "attention_bias": False,
    "attention_dropout": 0.0,
    "query_pre_attn_scalar": 256,
    "sliding_window": 4096,
    "final_logit_softcapping": None,
    "attn_logit_softcapping": None,
    "use_bidirectional_attention": False,
}
DEFAULT_TOKEN_IDS = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
DEFAULT_PATTERN = 6
DEFAULT_ROPE_THETA = {"full_attention": 1_000_000.0, "sliding_attention": 10_000.0}
OLD_ROPE_FIELDS = ("rope_theta", "rope_scaling", "rope_local_base_freq")
# The largest Gemma 3 has 62; a damaged number would be a list of so many layers in memory.
MOST_LAYERS = 1000


def is_multimodal(config: Mapping[str, Any], where: str) -> bool:
    """Whether `config` is a multimodal Gemma 3; an architecture not known is refused."""
    model_type = config.get("model_type")
    architectures = config.get("architectures")
    known = KNOWN_MODEL_TYPES.get(model_type if isinstance(model_type, str) else "")
    if known is None or architectures not in ([known[0]], None):
        wanted = " or ".join(f"{kind}/{name}" for kind, (name, _) in KNOWN_MODEL_TYPES.items())
        raise SourceError(
            f"{where}: architecture {model_type}/{architectures} is not known, expected {wanted}"
        )
    return known[1]


def filled_text_config(config: Mapping[str, Any], where: str) -> Json:
    """The whole text part of `config` with defaults filled in, tokens and tying resolved.

    Rope stays out: `rope_parameters` gives it. Raises SourceError naming `where` and the field.
    """
    multimodal = is_multimodal(config, where)
    text = config.get("text_config") if multimodal else config
    if not isinstance(text, Mapping):
        raise SourceError(f"{where}: 'text_config' is missing, expected an object")
    for part in (text, config):
        check_fields(part, where)
    filled = {**TEXT_DEFAULTS, **{key: text[key] for key in TEXT_DEFAULTS if key in text}}
    if filled["num_hidden_layers"] > MOST_LAYERS:
        raise SourceError(
            f"{where}: num_hidden_layers is {filled['num_hidden_layers']}, "
            f"expected at most {MOST_LAYERS}"
        )
    if multimodal:
        _refuse_what_text_reads_otherwise(config, filled, where)
    filled["tie_word_embeddings"] = _tied(config, text, where)
    filled["layer_types"] = _layer_types(text, filled["num_hidden_layers"], where)
    return filled


def _refuse_what_text_reads_otherwise(
    config: Mapping[str, Any], filled: Mapping[str, Any], where: str
) -> None:
    if filled["final_logit_softcapping"] is not None:
        raise SourceError(
            f"{where}: final_logit_softcapping is {filled['final_logit_softcapping']}, "
            f"expected null: {TEXT_ARCHITECTURE} applies it and {MULTIMODAL_ARCHITECTURE} does not"
        )
    if filled["use_bidirectional_attention"]:
        raise SourceError(
            f"{where}: use_bidirectional_attention is set, expected a model that generates text"
        )
    for part in (config, config["text_config"]):
        if part.get("quantization_config") is not None:
            raise SourceError(
                f"{where}: quantization_config is set; start from the unquantized checkpoint "
                "and use --quantize"
            )


def _tied(config: Mapping[str, Any], text: Mapping[str, Any], where: str) -> bool:
    told = {part["tie_word_embeddings"] for part in (config, text) if "tie_word_embeddings" in part}
    if len(told) > 1:
        raise SourceError(
            f"{where}: tie_word_embeddings differs between the top level and text_config"
        )
    return bool(told.pop()) if told else True


def _pattern(text: Mapping[str, Any]) -> int:
    told = (text.get("sliding_window_pattern"), text.get("_sliding_window_pattern"))
    return next((int(value) for value in told if value is not None), DEFAULT_PATTERN)


def _layer_types(text: Mapping[str, Any], layers: int, where: str) -> list[str]:
    pattern = _pattern(text)
    kinds = text.get("layer_types")
    if kinds is None:
        return [
            "full_attention" if (i + 1) % pattern == 0 else "sliding_attention"
            for i in range(layers)
        ]
    if len(kinds) != layers or not set(kinds) <= set(DEFAULT_ROPE_THETA):
        raise SourceError(
            f"{where}: layer_types does not name one of {sorted(DEFAULT_ROPE_THETA)} "
            f"for each of {layers} layers"
        )
    return list(kinds)


def text_shape(filled: Mapping[str, Any]) -> TextShape:
    """The sizes of a filled text config."""
    return TextShape(
        vocab_size=filled["vocab_size"],
        hidden_size=filled["hidden_size"],
        intermediate_size=filled["intermediate_size"],
        num_hidden_layers=filled["num_hidden_layers"],
        num_attention_heads=filled["num_attention_heads"],
        num_key_value_heads=filled["num_key_value_heads"],
        head_dim=filled["head_dim"],
        attention_bias=bool(filled["attention_bias"]),
        tied=filled["tie_word_embeddings"],
    )


def rope_parameters(text: Mapping[str, Any], where: str) -> dict[str, Json]:
    """Rope per layer type, from either dialect; both present and different is refused."""
    nested = text.get("rope_parameters")
    if nested is None:
        return _rope_from_old_fields(text, where)
    if not set(nested) <= set(DEFAULT_ROPE_THETA):
        raise SourceError(
            f"{where}: rope_parameters has keys {sorted(nested)}, "
            f"expected {sorted(DEFAULT_ROPE_THETA)}"
        )
    for kind, values in nested.items():
        _check_rope(values, f"{where}: rope_parameters.{kind}")
    rope = {
        kind: {"rope_type": "default", "rope_theta": theta, **(nested.get(kind) or {})}
        for kind, theta in DEFAULT_ROPE_THETA.items()
    }
    if any(
        text.get(name) is not None for name in OLD_ROPE_FIELDS
    ) and rope != _rope_from_old_fields(text, where):
        raise SourceError(
            f"{where}: rope_parameters and rope_theta/rope_scaling contradict each other"
        )
    return rope


def _check_rope(values: Any, where: str) -> None:
    if values is None:
        return
    if not isinstance(values, Mapping):
        raise SourceError(f"{where} is {values!r}, expected an object or null")
    check_fields(values, where, ROPE_FIELDS)


def _rope_from_old_fields(text: Mapping[str, Any], where: str) -> dict[str, Json]:
    _check_rope(text.get("rope_scaling"), f"{where}: rope_scaling")
    scaling = dict(text.get("rope_scaling") or {})
    kind = scaling.pop("type", "default")
    full = {
        "rope_type": kind,
        "rope_theta": _theta(text, "rope_theta", "full_attention"),
        **scaling,
    }
    sliding = {
        "rope_type": "default",
        "rope_theta": _theta(text, "rope_local_base_freq", "sliding_attention"),
    }
    return {"full_attention": full, "sliding_attention": sliding}


def _theta(text: Mapping[str, Any], field: str, kind: str) -> float:
    value = text.get(field)
    return DEFAULT_ROPE_THETA[kind] if value is None else float(value)


def rope_in_both_dialects(rope: Mapping[str, Json], text: Mapping[str, Any]) -> Json:
    """transformers 5 reads `rope_parameters`, 4.x the flat fields: each alone loses the scaling."""
    full = dict(rope["full_attention"])
    theta = full.pop("rope_theta")
    scaling = None if full == {"rope_type": "default"} else full
    return {
        "rope_parameters": {kind: dict(values) for kind, values in rope.items()},
        "rope_theta": theta,
        "rope_local_base_freq": rope["sliding_attention"]["rope_theta"],
        "rope_scaling": scaling,
        "sliding_window_pattern": _pattern(text),
    }


def token_ids(config: Mapping[str, Any], generation: Mapping[str, Any]) -> Json:
    """bos, eos and pad ids as the multimodal model generates with them.

    The end of turn ([1, 106]) stands at the top level or in generation_config; text_config's own
    value is often the class default 1, with which generation never stops.
    """
    text = _text_part(config)
    places = (config, generation, text, DEFAULT_TOKEN_IDS)
    return {
        name: next(place[name] for place in places if place.get(name) is not None)
        for name in DEFAULT_TOKEN_IDS
    }


def _text_part(config: Mapping[str, Any]) -> Mapping[str, Any]:
    part = config.get("text_config")
    return part if isinstance(part, Mapping) else {}


def stored_dtype(config: Mapping[str, Any]) -> str | None:
    """The dtype that config.json names, in transformers' words, or None."""
    for part in (config, _text_part(config)):
        for field in ("dtype", "torch_dtype"):
            if isinstance(part.get(field), str):
                return str(part[field])
    return None


def text_only_config(
    config: Mapping[str, Any], generation: Mapping[str, Any], dtype: str, where: str
) -> Json:
    """The config.json of the text-only checkpoint, readable by transformers 4.50-5.x and vLLM.

    Fields of the source's text config that are not known here are carried unchanged.
    """
    multimodal = is_multimodal(config, where)
    text: Mapping[str, Any] = config["text_config"] if multimodal else config
    filled = filled_text_config(config, where)
    rope = rope_parameters(text, where)
    return {
        **{key: value for key, value in text.items() if not key.startswith("_")},
        **filled,
        **token_ids(config, generation),
        **rope_in_both_dialects(rope, text),
        "architectures": [TEXT_ARCHITECTURE],
        "model_type": "gemma3_text",
        "dtype": dtype,
        "torch_dtype": dtype,
    }


def text_generation_config(config: Mapping[str, Any], generation: Mapping[str, Any]) -> Json:
    """generation_config.json: the source's own, with the ids added where it does not tell them."""
    return {**token_ids(config, generation), **generation}
