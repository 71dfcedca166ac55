"""Decides a whole conversion before its first byte: tensors, shards, files, and every refusal.

Reads headers and small files only; writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from converter.architecture import expected_tensors
from converter.carry import Carried, moved_chat_template, sort_files
from converter.checkpoint import INDEX_NAME, Checkpoint, StoredTensor, open_checkpoint, read_json
from converter.config import (
    filled_text_config,
    is_multimodal,
    stored_dtype,
    text_generation_config,
    text_only_config,
    text_shape,
)
from converter.dtypes import FLOAT_CONFIG_NAMES
from converter.errors import SourceRefused
from converter.layout import EMBEDDING, LM_HEAD, Layout, detect_layout
from converter.manifest import digest_of
from converter.recipes import copied_tensor
from converter.shards import DEFAULT_MAX_SHARD_BYTES, Shard, index_json, plan_shards


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a conversion is asked for beyond dropping the image parts."""

    max_shard_bytes: int = DEFAULT_MAX_SHARD_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the source comes from, for the manifest."""

    name: str
    revision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything `convert` will do; `fingerprint` is the same for the same source and options."""

    checkpoint: Checkpoint
    destination: Path
    options: Options
    origin: Origin
    layout: Layout
    kind: str
    shards: tuple[Shard, ...]
    dropped: tuple[StoredTensor, ...]
    carried: Carried
    written: Mapping[str, bytes] = field(repr=False)
    fingerprint: str

    @property
    def payload_bytes(self) -> int:
        """Bytes of all shards, headers included."""
        return sum(shard.nbytes for shard in self.shards)


def plan_conversion(
    source: Path,
    destination: Path,
    options: Options | None = None,
    origin: Origin | None = None,
) -> Plan:
    """The plan for `source` -> `destination`; raises SourceRefused with file and key."""
    options = options or Options()
    checkpoint = open_checkpoint(source)
    where = str(source / "config.json")
    multimodal = is_multimodal(checkpoint.config, where)
    layout, kept, dropped = place_tensors(checkpoint)
    check_shapes(checkpoint, kept)
    tensors = [copied_tensor(name, stored) for name, stored in kept.items()]
    shards = plan_shards(tensors, options.max_shard_bytes)
    carried = sort_files(source)
    written = written_files(checkpoint, shards, carried)
    return Plan(
        checkpoint=checkpoint,
        destination=destination,
        options=options,
        origin=origin or Origin(name=source.resolve().name),
        layout=layout,
        kind="multimodal" if multimodal else "text-only",
        shards=shards,
        dropped=dropped,
        carried=carried,
        written=written,
        fingerprint=_fingerprint(checkpoint, options, shards, written),
    )


def place_tensors(
    checkpoint: Checkpoint,
) -> tuple[Layout, dict[str, StoredTensor], tuple[StoredTensor, ...]]:
    """Layout, kept tensors by their new name in the order of the disk, and the dropped ones."""
    stored = list(checkpoint.tensors())
    layout = detect_layout(tensor.name for tensor in stored)
    if layout is None:
        raise SourceRefused(
            f"{checkpoint.folder}: no embed_tokens.weight under any prefix that is known, "
            "expected the weights of a Gemma 3 language model"
        )
    kept: dict[str, StoredTensor] = {}
    dropped: list[StoredTensor] = []
    for tensor in stored:
        name = _text_name(layout, tensor)
        if name is None:
            dropped.append(tensor)
        elif name in kept:
            raise SourceRefused(
                f"{tensor.path}: {tensor.name} and {kept[name].name} are both {name}"
            )
        else:
            kept[name] = tensor
    return layout, kept, tuple(dropped)


def _text_name(layout: Layout, tensor: StoredTensor) -> str | None:
    try:
        return layout.text_name(tensor.name)
    except KeyError as error:
        raise SourceRefused(
            f"{tensor.path}: cannot place {tensor.name}, which is no part of the {layout.name} layout"
        ) from error


def check_shapes(checkpoint: Checkpoint, kept: dict[str, StoredTensor]) -> None:
    """Refuses what config.json does not account for: missing, left over, or of another shape."""
    where = checkpoint.folder / "config.json"
    expected = expected_tensors(text_shape(filled_text_config(checkpoint.config, str(where))))
    for name, shape in expected.items():
        if name not in kept:
            raise SourceRefused(f"{checkpoint.folder}: {name} is missing, {where.name} demands it")
        stored = kept[name]
        if stored.shape != shape:
            raise SourceRefused(
                f"{stored.path}: {stored.name} has shape {list(stored.shape)}, "
                f"{where.name} demands {list(shape)}"
            )
        if stored.dtype not in FLOAT_CONFIG_NAMES:
            raise SourceRefused(
                f"{stored.path}: {stored.name} is {stored.dtype}, "
                f"expected one of {', '.join(FLOAT_CONFIG_NAMES)}"
            )
    for name in kept.keys() - expected.keys() - {LM_HEAD}:
        stored = kept[name]
        raise SourceRefused(
            f"{stored.path}: cannot place {stored.name}, {where.name} has no such part"
        )


def written_files(
    checkpoint: Checkpoint, shards: tuple[Shard, ...], carried: Carried
) -> dict[str, bytes]:
    """The small files that are made rather than copied, by name."""
    where = str(checkpoint.folder / "config.json")
    generation_path = checkpoint.folder / "generation_config.json"
    generation = read_json(generation_path) if generation_path.exists() else {}
    embedding = next(t for shard in shards for t in shard.tensors if t.name == EMBEDDING)
    dtype = stored_dtype(checkpoint.config) or FLOAT_CONFIG_NAMES[embedding.dtype]
    files = {
        "config.json": as_json(text_only_config(checkpoint.config, generation, dtype, where)),
        "generation_config.json": as_json(text_generation_config(checkpoint.config, generation)),
        **moved_chat_template(checkpoint.folder, carried.copied),
    }
    if len(shards) > 1:
        files[INDEX_NAME] = as_json(index_json(shards))
    return files


def as_json(value: Any) -> bytes:
    """The bytes in which a JSON file is written: indented, sorted, with a final newline."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _fingerprint(
    checkpoint: Checkpoint,
    options: Options,
    shards: tuple[Shard, ...],
    written: Mapping[str, bytes],
) -> str:
    sources = [
        [file.path.name, file.size, file.modified_ns, file.header_sha256]
        for file in checkpoint.files
    ]
    return digest_of(
        {
            "sources": sources,
            "options": asdict(options),
            "shards": [[shard.name, shard.layout_sha256()] for shard in shards],
            "written": {name: content.decode() for name, content in written.items()},
        }
    )
