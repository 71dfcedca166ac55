"""The number formats of safetensors: their names and sizes. Casting is elsewhere."""

from __future__ import annotations

from math import prod

ITEM_BYTES = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "U16": 2,
    "I16": 2,
    "F16": 2,
    "BF16": 2,
    "U32": 4,
    "I32": 4,
    "F32": 4,
    "U64": 8,
    "I64": 8,
    "F64": 8,
}

# The formats a checkpoint's weights are trained and published in, and their names in config.json.
FLOAT_CONFIG_NAMES = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}


def payload_bytes(dtype: str, shape: tuple[int, ...]) -> int:
    """Bytes that a tensor of this dtype and shape takes in a safetensors file."""
    return ITEM_BYTES[dtype] * prod(shape)
