"""How an output tensor comes from the source: by copying bytes or by computing them in blocks.

Only the contract and the copy are here; casts, merges and quantization bring their own recipes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from converter.checkpoint import StoredTensor
from converter.errors import SourceRefused

Observer = Callable[[memoryview], None]


@runtime_checkable
class Recipe(Protocol):
    """Computes one output tensor's payload, block by block, within a bounded memory."""

    @property
    def source(self) -> StoredTensor:
        """The tensor it starts from."""
        ...

    @property
    def observes(self) -> bool:
        """Whether `blocks` shows every byte of the source, in order, to its observer."""
        ...

    def blocks(self, observe: Observer) -> Iterator[memoryview]:
        """The payload in order; `observe` gets the source's bytes as they are read."""
        ...

    def describe(self) -> dict[str, Any]:
        """What decides the result besides the source's bytes, for the plan's fingerprint."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The source's bytes as they are."""

    source: StoredTensor


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTensor:
    """A tensor of the text-only checkpoint: name, format, and where its bytes come from."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    recipe: Copy | Recipe


def copied_tensor(name: str, source: StoredTensor) -> OutputTensor:
    """`source` under a new name."""
    return OutputTensor(
        name=name,
        dtype=source.dtype,
        shape=source.shape,
        nbytes=source.nbytes,
        recipe=Copy(source=source),
    )


def read_exactly(descriptor: int, view: memoryview, offset: int, path: Path) -> None:
    """Fills `view` from `offset`; a file that has become shorter is refused."""
    filled = 0
    while filled < len(view):
        try:
            count = os.preadv(descriptor, [view[filled:]], offset + filled)
        except OSError as error:
            raise SourceRefused(f"{path}: cannot be read ({error.strerror})") from error
        if count == 0:
            raise SourceRefused(
                f"{path}: became shorter while it was read, at byte {offset + filled}"
            )
        filled += count
