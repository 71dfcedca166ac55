"""Sorts a checkpoint's tensors into kept and dropped, and holds them against its config.

Reads headers; of payloads only scales of quantized weights and a tied head's duplicate.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from converter.architecture import expected_tensors
from converter.checkpoint import Checkpoint, StoredTensor
from converter.config import text_shape
from converter.dtypes import FLOAT_CONFIG_NAMES
from converter.errors import SourceError
from converter.layout import EMBEDDING, LM_HEAD, Layout, detect_layout
from converter.recipes import read_exactly
from converter.rows import floats_from_bytes, refuse_not_finite, row_blocks

COMPARE_BYTES = 4 * 2**20
# What compressed-tensors stores beside or instead of a linear layer's `weight`.
QUANTIZED_PARTS = (
    "weight_packed",
    "weight_scale",
    "weight_shape",
    "weight_zero_point",
    "weight_g_idx",
    "weight_global_scale",
    "input_scale",
    "input_zero_point",
    "input_global_scale",
    "output_scale",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Kept tensors by their text-only name, in the order of the disk; and the dropped ones."""

    layout: Layout
    kept: Mapping[str, StoredTensor]
    dropped: tuple[StoredTensor, ...]


def place_tensors(checkpoint: Checkpoint) -> Placed:
    """Names only; raises SourceError at a key that no layout knows."""
    stored = list(checkpoint.tensors())
    layout = detect_layout(tensor.name for tensor in stored)
    if layout is None:
        raise SourceError(
            f"{checkpoint.folder}: no embed_tokens.weight under any prefix that is known, "
            "expected the weights of a Gemma 3 language model"
        )
    kept: dict[str, StoredTensor] = {}
    dropped: list[StoredTensor] = []
    for tensor in stored:
        name = _text_name(layout, tensor)
        if name is None:
            dropped.append(tensor)
        elif name in kept:
            raise SourceError(f"{tensor.path}: {tensor.name} and {kept[name].name} are both {name}")
        else:
            kept[name] = tensor
    return Placed(layout=layout, kept=kept, dropped=tuple(dropped))


def _text_name(layout: Layout, tensor: StoredTensor) -> str | None:
    try:
        return layout.text_name(tensor.name)
    except KeyError as error:
        raise SourceError(
            f"{tensor.path}: cannot place {tensor.name}, no part of the {layout.name} layout"
        ) from error


def check_against_config(
    checkpoint: Checkpoint, placed: Placed, filled: Mapping[str, Any]
) -> Placed:
    """Refuses what config.json does not account for; returns `placed` without a tied duplicate."""
    shape = text_shape(filled)
    expected = expected_tensors(shape)
    quantized = checkpoint.config.get("quantization_config") is not None
    for name, dims in expected.items():
        _check_expected(checkpoint, placed.kept, name, dims, quantized)
    extra = [name for name in placed.kept if name not in expected]
    if shape.tied and LM_HEAD in extra:
        extra.remove(LM_HEAD)
        placed = _without_tied_duplicate(placed)
    for name in extra:
        _check_extra(placed.kept[name], name, expected, quantized)
    return placed


def _check_expected(
    checkpoint: Checkpoint,
    kept: Mapping[str, StoredTensor],
    name: str,
    dims: tuple[int, ...],
    quantized: bool,
) -> None:
    where = checkpoint.folder
    stored = kept.get(name)
    if stored is None:
        if quantized and f"{name}_packed" in kept:
            return
        raise SourceError(f"{where}: {name} is missing, config.json demands it")
    if stored.shape != dims:
        raise SourceError(
            f"{stored.path}: {stored.name} has shape {list(stored.shape)}, "
            f"config.json demands {list(dims)}"
        )
    if stored.dtype not in FLOAT_CONFIG_NAMES and not quantized:
        raise SourceError(
            f"{stored.path}: {stored.name} is {stored.dtype}, "
            f"expected one of {', '.join(FLOAT_CONFIG_NAMES)}"
        )


def _check_extra(
    stored: StoredTensor, name: str, expected: Mapping[str, Any], quantized: bool
) -> None:
    module, _, part = name.rpartition(".")
    known = part in QUANTIZED_PARTS and (f"{module}.weight" in expected or module == "lm_head")
    if not (quantized and known):
        raise SourceError(
            f"{stored.path}: cannot place {stored.name}, config.json has no such part"
        )
    if part.endswith("_scale"):
        _check_scales(stored)


def _check_scales(stored: StoredTensor) -> None:
    if stored.dtype not in FLOAT_CONFIG_NAMES:
        return
    for _, block in row_blocks(stored, lambda _: None):
        values = floats_from_bytes(block, stored.dtype, 1)
        refuse_not_finite(values, stored, "holds a NaN or an infinity, expected finite scales")


def _without_tied_duplicate(placed: Placed) -> Placed:
    head, embedding = placed.kept[LM_HEAD], placed.kept[EMBEDDING]
    if not _same_payload(head, embedding):
        raise SourceError(
            f"{head.path}: {head.name} differs from {embedding.name}, "
            "which config.json says it is tied to (tie_word_embeddings)"
        )
    kept = {name: tensor for name, tensor in placed.kept.items() if name != LM_HEAD}
    return Placed(layout=placed.layout, kept=kept, dropped=(*placed.dropped, head))


def _same_payload(left: StoredTensor, right: StoredTensor) -> bool:
    if (left.dtype, left.shape) != (right.dtype, right.shape):
        return False
    first, second = os.open(left.path, os.O_RDONLY), os.open(right.path, os.O_RDONLY)
    try:
        for start in range(0, left.nbytes, COMPARE_BYTES):
            size = min(COMPARE_BYTES, left.nbytes - start)
            one, two = memoryview(bytearray(size)), memoryview(bytearray(size))
            read_exactly(first, one, left.offset + start, left.path)
            read_exactly(second, two, right.offset + start, right.path)
            if one != two:
                return False
        return True
    finally:
        os.close(first)
        os.close(second)
