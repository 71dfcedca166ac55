"""Writes one shard: reads in large coalesced runs, hashes beside the writing, marks what is safe.

One thread reads and writes, two hash (the file; its tensors), one waits for the disk; memory is the
ring of buffers, whatever the size of the model.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from converter.digests import StreamDigests
from converter.journal import Journal, Mark
from converter.progress import Progress
from converter.recipes import Copy, OutputTensor, Recipe, read_exactly
from converter.shards import Shard

# Small enough to be still in the processor's cache when they are written and hashed: with buffers
# of 8 MB the kernel spent more than twice as long on the same bytes.
BUFFER_BYTES = 2**20
BUFFERS = 16
# At most twice this much is written again after a crash, besides one tensor.
MARK_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardResult:
    """A finished shard: its last mark, its length and the digest of the whole file."""

    mark: Mark
    nbytes: int
    sha256: str


def write_shard(
    shard: Shard,
    folder: Path,
    journal: Journal,
    mark: Mark | None,
    progress: Progress,
    mark_bytes: int = MARK_BYTES,
) -> ShardResult:
    """Writes `shard` into `folder`, continuing after `mark` if those bytes are still right.

    A mark is set every `mark_bytes`: what lies behind the last one is written again after a crash.
    """
    descriptor = os.open(folder / shard.name, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        digests, sources = _resumed(descriptor, shard, mark)
        with _ShardWriter(
            descriptor, shard, digests, sources, journal, progress, mark_bytes
        ) as writer:
            writer.run()
        return ShardResult(
            mark=writer.mark(len(shard.tensors)),
            nbytes=shard.nbytes,
            sha256=digests.file.hexdigest(),
        )
    finally:
        os.close(descriptor)


def _resumed(
    descriptor: int, shard: Shard, mark: Mark | None
) -> tuple[StreamDigests, dict[str, str]]:
    if mark is not None:
        tensors = shard.tensors[: len(mark.tensors)]
        digests = StreamDigests(shard.header, shard.tensors)
        end = len(shard.header) + sum(tensor.nbytes for tensor in tensors)
        if _read_back(descriptor, shard, end, digests) and _agrees(digests, mark):
            os.ftruncate(descriptor, end)
            os.lseek(descriptor, end, os.SEEK_SET)
            return digests, dict(mark.sources)
    os.ftruncate(descriptor, 0)
    _write_all(descriptor, memoryview(shard.header))
    return StreamDigests(shard.header, shard.tensors), {}


def _agrees(digests: StreamDigests, mark: Mark) -> bool:
    # An empty tensor right after the marked ones counts as read already.
    return tuple(digests.completed[: len(mark.tensors)]) == mark.tensors


def _read_back(descriptor: int, shard: Shard, end: int, digests: StreamDigests) -> bool:
    if os.fstat(descriptor).st_size < end:
        return False
    if os.pread(descriptor, len(shard.header), 0) != shard.header:
        return False
    position = len(shard.header)
    while position < end:
        block = os.pread(descriptor, min(BUFFER_BYTES, end - position), position)
        if not block:
            return False
        digests.update(memoryview(block))
        position += len(block)
    return True


def _write_all(descriptor: int, view: memoryview) -> None:
    while view:
        view = view[os.write(descriptor, view) :]


class _ShardWriter:
    def __init__(
        self,
        descriptor: int,
        shard: Shard,
        digests: StreamDigests,
        sources: dict[str, str],
        journal: Journal,
        progress: Progress,
        mark_bytes: int,
    ) -> None:
        self._mark_bytes = mark_bytes
        self._descriptor, self._shard, self._digests = descriptor, shard, digests
        self._sources, self._journal, self._progress = sources, journal, progress
        self._done = len(digests.completed)
        self._hashing_file = ThreadPoolExecutor(1, "hash-file")
        self._hashing_tensors = ThreadPoolExecutor(1, "hash-tensors")
        self._durable = ThreadPoolExecutor(1, "disk")
        self._marked: Future[None] | None = None
        self._ring = deque(bytearray(BUFFER_BYTES) for _ in range(BUFFERS))
        self._in_flight: deque[tuple[bytearray, tuple[Future[None], ...]]] = deque()

    def __enter__(self) -> _ShardWriter:
        return self

    def __exit__(self, *_: object) -> None:
        for threads in (self._hashing_file, self._hashing_tensors, self._durable):
            threads.shutdown(wait=True, cancel_futures=True)

    def run(self) -> None:
        """Writes what is missing and returns when all of it is on the disk."""
        self._progress.advance(os.lseek(self._descriptor, 0, os.SEEK_CUR))
        since_mark = 0
        for part in parts(self._shard.tensors[self._done :], self._mark_bytes):
            self._write_part(part)
            self._done += len(part)
            since_mark += sum(tensor.nbytes for tensor in part)
            if since_mark >= self._mark_bytes:
                self._request_mark()
                since_mark = 0
        self._request_mark()
        while self._in_flight:
            self._retire()
        self._wait_for_mark()

    def mark(self, count: int) -> Mark:
        """The mark of the first `count` tensors."""
        names = {tensor.recipe.source.name for tensor in self._shard.tensors[:count]}
        return Mark(
            shard=self._shard.name,
            tensors=tuple(self._digests.completed[:count]),
            sources={name: value for name, value in self._sources.items() if name in names},
        )

    def _write_part(self, part: tuple[OutputTensor, ...]) -> None:
        recipe = part[0].recipe
        if isinstance(recipe, Copy):
            self._copy_run([tensor.recipe.source for tensor in part])
        else:
            self._compute(part[0], recipe)

    def _copy_run(self, sources: list[Any]) -> None:
        position, end = sources[0].offset, sources[-1].offset + sources[-1].nbytes
        path = sources[0].path
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, position, end - position, os.POSIX_FADV_SEQUENTIAL)
            while position < end:
                buffer = self._free_buffer()
                view = memoryview(buffer)[: min(BUFFER_BYTES, end - position)]
                read_exactly(descriptor, view, position, path)
                self._put(view, buffer)
                position += len(view)
        finally:
            os.close(descriptor)

    def _compute(self, tensor: OutputTensor, recipe: Recipe) -> None:
        observed = sha256()
        written = 0
        for block in recipe.blocks(observed.update):
            written += len(block)
            self._put(block, None)
        if written != tensor.nbytes:
            raise RuntimeError(f"{tensor.name}: computed {written} bytes, planned {tensor.nbytes}")
        if recipe.observes:
            self._sources[recipe.source.name] = observed.hexdigest()

    def _free_buffer(self) -> bytearray:
        while not self._ring:
            self._retire()
        return self._ring.popleft()

    def _retire(self) -> None:
        buffer, hashed = self._in_flight.popleft()
        for future in hashed:
            future.result()
        if buffer:
            self._ring.append(buffer)

    def _put(self, view: memoryview, buffer: bytearray | None) -> None:
        hashed = (
            self._hashing_file.submit(self._digests.update_file, view),
            self._hashing_tensors.submit(self._digests.update_tensors, view),
        )
        self._in_flight.append((buffer or bytearray(), hashed))
        _write_all(self._descriptor, view)
        self._progress.advance(len(view))
        while len(self._in_flight) >= BUFFERS:
            self._retire()

    def _request_mark(self) -> None:
        self._wait_for_mark()
        snapshot = self._hashing_tensors.submit(partial(self.mark, self._done))
        self._marked = self._durable.submit(self._make_durable, snapshot.result)

    def _make_durable(self, mark: Callable[[], Mark]) -> None:
        value = mark()
        os.fdatasync(self._descriptor)
        self._journal.append(value)

    def _wait_for_mark(self) -> None:
        if self._marked is not None:
            self._marked.result()


def parts(tensors: tuple[OutputTensor, ...], mark_bytes: int) -> Iterator[tuple[OutputTensor, ...]]:
    """Tensors in runs: copies whose bytes follow one another on both sides, or one computed.

    A run also ends where a mark is due, so that a mark always stands between two tensors.
    """
    run: list[OutputTensor] = []
    size = 0
    for tensor in tensors:
        if run and (size >= mark_bytes or not _adjoin(run[-1], tensor)):
            yield tuple(run)
            run, size = [], 0
        run.append(tensor)
        size += tensor.nbytes
    if run:
        yield tuple(run)


def _adjoin(left: OutputTensor, right: OutputTensor) -> bool:
    if not isinstance(left.recipe, Copy) or not isinstance(right.recipe, Copy):
        return False
    first, second = left.recipe.source, right.recipe.source
    return first.path == second.path and first.offset + first.nbytes == second.offset
