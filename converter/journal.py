"""What of a conversion is safely on disk, one JSON line per mark; read again after a crash.

A line promises: the first `tensors` tensors of `shard` are on the disk itself, with these digests.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

JOURNAL_NAME = "journal.jsonl"
PLAN_NAME = "plan.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The first tensors of a shard, by the SHA-256 of their payloads; `sources` where computed."""

    shard: str
    tensors: tuple[str, ...]
    sources: dict[str, str]


class Journal:
    """Appends marks to a file, each on disk before the call returns."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / JOURNAL_NAME

    def append(self, mark: Mark) -> None:
        """Adds `mark` and waits for the disk."""
        line = {"shard": mark.shard, "tensors": mark.tensors, "sources": mark.sources}
        with self._path.open("ab") as stream:
            stream.write(json.dumps(line).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())

    def last_marks(self) -> dict[str, Mark]:
        """The last whole mark of every shard; a torn last line counts as not written."""
        marks: dict[str, Mark] = {}
        if not self._path.exists():
            return marks
        for line in self._path.read_bytes().splitlines():
            try:
                value = json.loads(line)
                mark = Mark(
                    shard=value["shard"],
                    tensors=tuple(value["tensors"]),
                    sources=dict(value["sources"]),
                )
            except (ValueError, KeyError, TypeError):
                break
            marks[mark.shard] = mark
        return marks
