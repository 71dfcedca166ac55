"""SHA-256 of a shard and of each tensor in it, from one pass over its bytes. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from converter.recipes import OutputTensor


class StreamDigests:
    """Takes a shard's bytes in order and cuts them into tensors by their known sizes.

    The file's digest and the tensors' share nothing, so each may be fed by a thread of its own.
    """

    def __init__(self, header: bytes, tensors: Sequence[OutputTensor]) -> None:
        self.file = sha256(header)
        self.completed: list[str] = []
        self._sizes = [tensor.nbytes for tensor in tensors]
        self._current = sha256()
        self._left = 0
        self._open_next()

    def update(self, data: memoryview) -> None:
        """The next bytes of the payload, of any length."""
        self.update_file(data)
        self.update_tensors(data)

    def update_file(self, data: memoryview) -> None:
        """The next bytes, for the digest of the whole file alone."""
        self.file.update(data)

    def update_tensors(self, data: memoryview) -> None:
        """The next bytes, for the digests of the tensors alone."""
        position = 0
        while position < len(data):
            piece = data[position : position + self._left]
            self._current.update(piece)
            position += len(piece)
            self._left -= len(piece)
            self._close_if_full()

    def _close_if_full(self) -> None:
        if self._left == 0 and len(self.completed) < len(self._sizes):
            self.completed.append(self._current.hexdigest())
            self._open_next()

    def _open_next(self) -> None:
        self._current = sha256()
        while len(self.completed) < len(self._sizes):
            self._left = self._sizes[len(self.completed)]
            if self._left:
                return
            self.completed.append(self._current.hexdigest())
