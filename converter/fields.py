"""Which type each field of a config must have; a value of another type is refused by its name.

Pure. Without this a damaged value ends in a traceback, or is carried into a config.json that no
program can load. Fields that are not named here are carried as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from converter.errors import SourceError

Check = Callable[[Any], bool]


def is_number(value: Any) -> bool:
    """A finite int or float; true and false are none."""
    return type(value) in (int, float) and isfinite(value)


def is_positive(value: Any) -> bool:
    """A number above zero."""
    return is_number(value) and value > 0


def is_size(value: Any) -> bool:
    """A whole number above zero."""
    return type(value) is int and value > 0


def is_id(value: Any) -> bool:
    """A token's number."""
    return type(value) is int and value >= 0


def _is_ids(value: Any) -> bool:
    return is_id(value) or (isinstance(value, list) and bool(value) and all(map(is_id, value)))


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _flag(value: Any) -> bool:
    return type(value) is bool


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _object(value: Any) -> bool:
    return isinstance(value, Mapping)


TEXT = (_text, "a text")
TEXT_OR_NULL = (_or_null(_text), "a text or null")
NAMES = (_is_names, "a list of names")
OBJECT = (_object, "an object")
POSITIVE = (is_positive, "a positive number")
SIZE = (is_size, "a positive whole number")
FLAG = (_flag, "true or false")
FLAG_OR_NULL = (_or_null(_flag), "true, false or null")
NUMBER_OR_NULL = (_or_null(is_number), "a number or null")
POSITIVE_OR_NULL = (_or_null(is_positive), "a positive number or null")
SIZE_OR_NULL = (_or_null(is_size), "a positive whole number or null")
OBJECT_OR_NULL = (_or_null(_object), "an object or null")
IDS_OR_NULL = (_or_null(_is_ids), "a token id, a list of them, or null")

CONFIG_FIELDS: Mapping[str, tuple[Check, str]] = {
    "vocab_size": SIZE,
    "hidden_size": SIZE,
    "intermediate_size": SIZE,
    "num_hidden_layers": SIZE,
    "num_attention_heads": SIZE,
    "num_key_value_heads": SIZE,
    "head_dim": SIZE,
    "hidden_activation": TEXT,
    "max_position_embeddings": SIZE,
    "initializer_range": (is_number, "a number"),
    "rms_norm_eps": POSITIVE,
    "use_cache": FLAG_OR_NULL,
    "attention_bias": FLAG,
    "attention_dropout": (is_number, "a number"),
    "query_pre_attn_scalar": POSITIVE,
    "sliding_window": SIZE_OR_NULL,
    "sliding_window_pattern": SIZE_OR_NULL,
    "_sliding_window_pattern": SIZE_OR_NULL,
    "final_logit_softcapping": NUMBER_OR_NULL,
    "attn_logit_softcapping": NUMBER_OR_NULL,
    "use_bidirectional_attention": FLAG_OR_NULL,
    "tie_word_embeddings": FLAG,
    "layer_types": (_or_null(_is_names), "a list of names or null"),
    "rope_theta": POSITIVE_OR_NULL,
    "rope_local_base_freq": POSITIVE_OR_NULL,
    "rope_scaling": OBJECT_OR_NULL,
    "rope_parameters": OBJECT_OR_NULL,
    "quantization_config": OBJECT_OR_NULL,
    "bos_token_id": IDS_OR_NULL,
    "eos_token_id": IDS_OR_NULL,
    "pad_token_id": IDS_OR_NULL,
}
# Inside one layer type's rope; other rope kinds bring fields of their own.
ROPE_FIELDS: Mapping[str, tuple[Check, str]] = {
    "rope_type": TEXT,
    "type": TEXT,
    "rope_theta": POSITIVE_OR_NULL,
    "factor": POSITIVE,
}


def check_fields(
    values: Mapping[str, Any], where: str, fields: Mapping[str, tuple[Check, str]] = CONFIG_FIELDS
) -> None:
    """Raises SourceError at the first field of `values` whose type is not that of `fields`."""
    for name, (fits, expected) in fields.items():
        if name in values and not fits(values[name]):
            raise SourceError(f"{where}: {name} is {values[name]!r}, expected {expected}")
