"""The one recipe that computes: rows of the source, with a delta added, encoded anew.

Casts, trims, merges and quantization are settings of it, so that they combine in one pass:
what several steps one after the other would give is what one step gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from converter.checkpoint import StoredTensor
from converter.recipes import Observer
from converter.rows import (
    Floats,
    bytes_from_floats,
    floats_from_bytes,
    refuse_not_finite,
    rounded_to,
    row_blocks,
)


class Encoder(Protocol):
    """Turns float32 rows (rows, columns) into the bytes of an output tensor."""

    @property
    def name(self) -> str:
        """Decides the result together with the rows; part of the plan's fingerprint."""
        ...

    def encode(self, rows: Floats) -> memoryview:
        """Bytes for these rows alone: no row depends on another."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAs:
    """Plain floats in the format `dtype`."""

    dtype: str

    @property
    def name(self) -> str:
        """The format's name."""
        return self.dtype

    def encode(self, rows: Floats) -> memoryview:
        """The rows, rounded to nearest."""
        return bytes_from_floats(rows, self.dtype)


@dataclass(frozen=True, slots=True, kw_only=True)
class LowRankDelta:
    """What a LoRA adapter adds to a weight: `scale * up @ down`.

    `up` is (rows, rank), `down` (rank, columns), both float64.
    """

    up: NDArray[np.float64]
    down: NDArray[np.float64]
    scale: float
    sha256: str

    def added_to(self, rows: Floats, first: int) -> Floats:
        """`rows`, the first of which is row number `first`, with their share of the delta."""
        share = self.up[first : first + len(rows)] @ self.down
        merged: Floats = (rows + self.scale * share).astype(np.float32)
        return merged


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedRows:
    """The first `rows` rows of `source`, plus `delta`, rounded to `dtype`, through `encoder`."""

    source: StoredTensor
    rows: int
    dtype: str
    encoder: Encoder
    delta: LowRankDelta | None = None
    observes: bool = True

    def blocks(self, observe: Observer) -> Iterator[memoryview]:
        """Encoded blocks; the rows beyond `rows` are read for the observer only."""
        columns = prod(self.source.shape[1:])
        for first, data in row_blocks(self.source, observe):
            values = floats_from_bytes(data, self.source.dtype, columns)[
                : max(0, self.rows - first)
            ]
            if len(values):
                yield self.encoder.encode(self._merged(values, first))

    def _merged(self, values: Floats, first: int) -> Floats:
        merged = values if self.delta is None else self.delta.added_to(values, first)
        refuse_not_finite(
            merged, self.source, "holds a NaN or an infinity, expected finite weights"
        )
        rounded = rounded_to(merged, self.dtype)
        refuse_not_finite(rounded, self.source, f"holds values too large for {self.dtype}")
        return rounded

    def describe(self) -> dict[str, Any]:
        """Rows, formats and the adapter's digest."""
        return {
            "rows": self.rows,
            "dtype": self.dtype,
            "encoder": self.encoder.name,
            "delta": None if self.delta is None else [self.delta.sha256, self.delta.scale],
        }
