"""Reads a tensor row by row in bounded blocks, and turns stored floats into float32 and back.

The row is the first dimension. Rounding is to nearest, ties to even, as torch does it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import NDArray

from converter.checkpoint import StoredTensor
from converter.dtypes import ITEM_BYTES
from converter.errors import SourceError
from converter.recipes import Observer, read_exactly

# Float32 working copies of a block are several times as large.
BLOCK_BYTES = 2 * 2**20

Floats = NDArray[np.float32]


def row_blocks(source: StoredTensor, observe: Observer) -> Iterator[tuple[int, memoryview]]:
    """(number of the first row, bytes of some whole rows), in order, over the whole tensor."""
    row_bytes = ITEM_BYTES[source.dtype] * prod(source.shape[1:])
    rows_per_block = max(1, BLOCK_BYTES // max(1, row_bytes))
    count = source.shape[0] if source.shape else 1
    descriptor = os.open(source.path, os.O_RDONLY)
    try:
        for first in range(0, count, rows_per_block):
            rows = min(rows_per_block, count - first)
            view = memoryview(bytearray(rows * row_bytes))
            read_exactly(descriptor, view, source.offset + first * row_bytes, source.path)
            observe(view)
            yield first, view
    finally:
        os.close(descriptor)


def floats_from_bytes(data: memoryview, dtype: str, columns: int) -> Floats:
    """Stored BF16, F16 or F32 values as float32 of shape (rows, columns); exact."""
    if dtype == "BF16":
        halves = np.frombuffer(data, dtype="<u2").astype(np.uint32)
        values = (halves << 16).view(np.float32)
    elif dtype == "F16":
        values = np.frombuffer(data, dtype="<f2").astype(np.float32)
    else:
        values = np.frombuffer(data, dtype="<f4").astype(np.float32)
    return values.reshape(-1, columns)


def bytes_from_floats(values: Floats, dtype: str) -> memoryview:
    """`values` in the stored format BF16, F16 or F32."""
    if dtype == "BF16":
        stored: NDArray[np.generic] = _bfloat16_bits(values)
    elif dtype == "F16":
        with np.errstate(over="ignore"):
            stored = values.astype("<f2")
    else:
        stored = values.astype("<f4")
    return np.ascontiguousarray(stored).reshape(-1).view(np.uint8).data


def _bfloat16_bits(values: Floats) -> NDArray[np.uint16]:
    bits = np.ascontiguousarray(values).view(np.uint32)
    rounded = (bits + (0x7FFF + ((bits >> 16) & 1))) >> 16
    # The addition would carry a NaN's payload over into the sign.
    return np.where(np.isnan(values), 0x7FC0, rounded).astype("<u2")


def rounded_to(values: Floats, dtype: str) -> Floats:
    """`values` after a trip through the stored format `dtype`."""
    if dtype == "F32":
        return values
    return floats_from_bytes(bytes_from_floats(values, dtype), dtype, values.shape[1])


def refuse_not_finite(values: Floats, source: StoredTensor, meaning: str) -> None:
    """SourceError if a NaN or an infinity is among `values`."""
    if not np.isfinite(values).all():
        raise SourceError(f"{source.path}: {source.name} {meaning}")
