"""Cuts the output into shards and writes their headers. Pure: sizes in, bytes out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from converter.checkpoint import LENGTH_BYTES, SINGLE_NAME
from converter.dtypes import ITEM_BYTES
from converter.recipes import OutputTensor

# The header is padded with spaces so that payloads start aligned, as safetensors itself does.
ALIGNMENT = 8
DEFAULT_MAX_SHARD_BYTES = 5 * 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One output file: its header and the tensors whose payloads follow it, in this order."""

    name: str
    header: bytes
    tensors: tuple[OutputTensor, ...]

    @property
    def nbytes(self) -> int:
        """Length of the whole file in bytes."""
        return len(self.header) + sum(tensor.nbytes for tensor in self.tensors)

    def layout_sha256(self) -> str:
        """Digest of names, dtypes, shapes and order."""
        return sha256(self.header).hexdigest()


def plan_shards(tensors: Sequence[OutputTensor], max_bytes: int) -> tuple[Shard, ...]:
    """Fills shards in the given order; a tensor larger than `max_bytes` gets one of its own."""
    groups: list[list[OutputTensor]] = [[]]
    room = max_bytes
    for tensor in tensors:
        if groups[-1] and tensor.nbytes > room:
            groups.append([])
            room = max_bytes
        groups[-1].append(tensor)
        room -= tensor.nbytes
    return tuple(
        _shard(_shard_name(number, len(groups)), group) for number, group in enumerate(groups, 1)
    )


def _shard_name(number: int, count: int) -> str:
    return SINGLE_NAME if count == 1 else f"model-{number:05d}-of-{count:05d}.safetensors"


def _shard(name: str, group: Iterable[OutputTensor]) -> Shard:
    # Wide items first, so that every payload is aligned; within a width the order of the source
    # stays, and with it long runs that are copied in one go.
    tensors = tuple(sorted(group, key=lambda tensor: -ITEM_BYTES[tensor.dtype]))
    return Shard(name=name, header=_header(tensors), tensors=tensors)


def _header(tensors: Sequence[OutputTensor]) -> bytes:
    entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
    position = 0
    for tensor in tensors:
        entries[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [position, position + tensor.nbytes],
        }
        position += tensor.nbytes
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return len(text).to_bytes(LENGTH_BYTES, "little") + text


def index_json(shards: Sequence[Shard]) -> dict[str, object]:
    """model.safetensors.index.json: which shard holds which tensor, and the payloads' total."""
    total = sum(tensor.nbytes for shard in shards for tensor in shard.tensors)
    weight_map = {tensor.name: shard.name for shard in shards for tensor in shard.tensors}
    return {
        "metadata": {"total_size": total},
        "weight_map": dict(sorted(weight_map.items())),
    }
