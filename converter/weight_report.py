"""What a checkpoint consists of, part by part: the table behind `chewie-convert inspect`.

Reads headers only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

from converter.checkpoint import Checkpoint, StoredTensor
from converter.placing import place_tensors

# Words of a name after which it only repeats itself, layer by layer.
PART_ENDS = ("layers", "embeddings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """All tensors under one prefix; `fate` is `kept` or `dropped`."""

    prefix: str
    tensors: int
    parameters: int
    nbytes: int
    fate: str

    def as_json(self) -> dict[str, Any]:
        """Plain data under the column names of the table."""
        return {
            "prefix": self.prefix,
            "tensors": self.tensors,
            "parameters": self.parameters,
            "bytes": self.nbytes,
            "fate": self.fate,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightReport:
    """The parts in the order of their size, and the key layout."""

    layout: str
    parts: tuple[Part, ...]

    def total(self, fate: str | None = None) -> Part:
        """The sum over all parts, or those of one fate."""
        parts = [part for part in self.parts if fate in (None, part.fate)]
        return Part(
            prefix="total",
            tensors=sum(part.tensors for part in parts),
            parameters=sum(part.parameters for part in parts),
            nbytes=sum(part.nbytes for part in parts),
            fate=fate or "kept and dropped",
        )

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "layout": self.layout,
            "parts": [part.as_json() for part in self.parts],
            "kept": self.total("kept").as_json(),
            "dropped": self.total("dropped").as_json(),
            "total": self.total().as_json(),
        }


def report_weights(checkpoint: Checkpoint) -> WeightReport:
    """Groups the tensors of `checkpoint`; raises SourceError at a key that no layout knows."""
    placed = place_tensors(checkpoint)
    parts = [*_parts(placed.kept.values(), "kept"), *_parts(placed.dropped, "dropped")]
    parts.sort(key=lambda part: (-part.nbytes, part.prefix))
    return WeightReport(layout=placed.layout.name, parts=tuple(parts))


def _parts(tensors: Iterable[StoredTensor], fate: str) -> list[Part]:
    groups: dict[str, list[StoredTensor]] = {}
    for tensor in tensors:
        groups.setdefault(part_prefix(tensor.name), []).append(tensor)
    return [
        Part(
            prefix=prefix,
            tensors=len(group),
            parameters=sum(prod(tensor.shape) for tensor in group),
            nbytes=sum(tensor.nbytes for tensor in group),
            fate=fate,
        )
        for prefix, group in groups.items()
    ]


def part_prefix(name: str) -> str:
    """`language_model.model.layers` for any tensor of a layer; else all but the last word."""
    words = name.split(".")
    for end in PART_ENDS:
        if end in words:
            return ".".join(words[: words.index(end) + 1])
    return ".".join(words[:-1])


def report_table(report: WeightReport) -> str:
    """The report as aligned text; bytes in decimal units."""
    total = report.total()
    rows: list[tuple[str, ...]] = [("prefix", "tensors", "parameters", "bytes", "share", "fate")]
    rows += [_row(part, total) for part in report.parts]
    rows += [_row(report.total(fate), total) for fate in ("kept", "dropped", None)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column in (0, 5) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([f"layout: {report.layout}", *lines])


def _row(part: Part, total: Part) -> tuple[str, ...]:
    share = 100 * part.nbytes / total.nbytes if total.nbytes else 0.0
    return (
        part.prefix,
        f"{part.tensors:,}",
        f"{part.parameters:,}",
        f"{part.nbytes:,}",
        f"{share:.1f}%",
        part.fate,
    )
