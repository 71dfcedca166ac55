"""Casts without torch give torch's bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from converter.checkpoint import StoredTensor
from converter.errors import SourceError
from converter.rows import (
    BLOCK_BYTES,
    bytes_from_floats,
    floats_from_bytes,
    refuse_not_finite,
    rounded_to,
    row_blocks,
)

TORCH = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}


def torch_bytes(values: np.ndarray, dtype: str) -> bytes:
    tensor = torch.from_numpy(values.copy()).to(TORCH[dtype])
    return bytes(tensor.view(torch.uint8).numpy().tobytes())


@settings(deadline=None)
@given(
    bits=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=64),
    dtype=st.sampled_from(list(TORCH)),
)
def test_any_float32_rounds_as_torch_rounds(bits: list[int], dtype: str) -> None:
    values = np.array(bits, dtype=np.uint32).view(np.float32)
    values = values[~np.isnan(values)].reshape(-1, 1)
    assume(values.size > 0)
    assert bytes(bytes_from_floats(values, dtype)) == torch_bytes(values, dtype)


@pytest.mark.parametrize("dtype", TORCH)
def test_nan_stays_nan(dtype: str) -> None:
    values = np.array([[np.nan, 1.0]], dtype=np.float32)
    back = floats_from_bytes(bytes_from_floats(values, dtype), dtype, 2)
    assert np.isnan(back[0, 0])
    assert back[0, 1] == 1.0


@pytest.mark.parametrize("dtype", ["BF16", "F16"])
def test_every_stored_value_survives_the_way_there_and_back(dtype: str) -> None:
    stored = np.arange(2**16, dtype=np.uint16)
    values = floats_from_bytes(stored.view(np.uint8).data, dtype, 1)
    finite = ~np.isnan(values)[:, 0]
    back = np.frombuffer(bytes_from_floats(values, dtype), dtype=np.uint16)
    assert (back[finite] == stored[finite]).all()
    assert (rounded_to(values, dtype)[finite] == values[finite]).all()


def test_rows_come_in_bounded_blocks_and_the_observer_sees_all(tmp_path: Path) -> None:
    content = np.random.default_rng(0).bytes(3 * BLOCK_BYTES + 64)
    path = tmp_path / "weights"
    path.write_bytes(b"12345678" + content)
    tensor = StoredTensor(
        name="w",
        dtype="U8",
        shape=(len(content) // 64, 64),
        path=path,
        offset=8,
        nbytes=len(content),
    )
    seen: list[bytes] = []
    blocks = list(row_blocks(tensor, lambda view: seen.append(bytes(view))))
    assert b"".join(seen) == b"".join(bytes(view) for _, view in blocks) == content
    assert max(len(view) for _, view in blocks) <= BLOCK_BYTES
    assert [first for first, _ in blocks][:2] == [0, BLOCK_BYTES // 64]


def test_infinite_values_are_refused_by_name(tmp_path: Path) -> None:
    tensor = StoredTensor(
        name="w.weight", dtype="F32", shape=(1,), path=tmp_path / "x", offset=0, nbytes=4
    )
    with pytest.raises(SourceError, match=r"w\.weight is wrong"):
        refuse_not_finite(np.array([[np.inf]], dtype=np.float32), tensor, "is wrong")
