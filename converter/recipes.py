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
from converter.errors import SourceError

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
class Constant:
    """Bytes that are known without reading anything; `source` is the tensor they speak of."""

    source: StoredTensor
    content: bytes
    observes: bool = False

    def blocks(self, observe: Observer) -> Iterator[memoryview]:
        """The content in one piece."""
        yield memoryview(self.content)

    def describe(self) -> dict[str, Any]:
        """The content itself."""
        return {"constant": self.content.hex()}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTensor:
    """A tensor of the text-only checkpoint: name, format, and where its bytes come from."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    recipe: Copy | Recipe


def read_exactly(descriptor: int, view: memoryview, offset: int, path: Path) -> None:
    """Fills `view` from `offset`; a file that has become shorter is refused."""
    filled = 0
    while filled < len(view):
        try:
            count = os.preadv(descriptor, [view[filled:]], offset + filled)
        except OSError as error:
            raise SourceError(f"{path}: cannot be read ({error.strerror})") from error
        if count == 0:
            raise SourceError(
                f"{path}: became shorter while it was read, at byte {offset + filled}"
            )
        filled += count
