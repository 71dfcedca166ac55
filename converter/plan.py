"""Decides a whole conversion before its first byte: tensors, shards, files, and every refusal.

Reads headers and small files only; writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from converter.carry import Carried, sort_files
from converter.checkpoint import Checkpoint, StoredTensor, open_checkpoint
from converter.config import filled_text_config, is_multimodal
from converter.errors import SourceError
from converter.layout import Layout
from converter.manifest import digest_of
from converter.options import Options, check_options
from converter.outputs import Outputs, check_ignore, plan_outputs
from converter.placing import check_against_config, place_tensors
from converter.recipes import Copy
from converter.shards import Shard, plan_shards
from converter.small_files import written_files
from converter.vocabulary import trimmed_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the source comes from, for the manifest: a folder's name or a hub id and its commit."""

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
    outputs: Outputs
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
    """The plan for `source` -> `destination`.

    Raises SourceError with file and key, OptionsError with the flag.
    """
    options = options or Options()
    check_options(options)
    checkpoint = open_checkpoint(source)
    where = str(source / "config.json")
    filled = filled_text_config(checkpoint.config, where)
    placed = check_against_config(checkpoint, place_tensors(checkpoint), filled)
    _refuse_changing_quantized(checkpoint, options, where)
    check_ignore(options.ignore, placed.kept)
    vocab_size = trimmed_size(options.trim_vocab, checkpoint.config, filled["vocab_size"])
    outputs = plan_outputs(placed.kept, options, vocab_size)
    shards = plan_shards(outputs.tensors, options.max_shard_bytes)
    carried = sort_files(source)
    written = written_files(
        checkpoint, placed.layout, carried, options, outputs, shards, vocab_size
    )
    return Plan(
        checkpoint=checkpoint,
        destination=destination,
        options=options,
        origin=origin or Origin(name=source.resolve().name),
        layout=placed.layout,
        kind="multimodal" if is_multimodal(checkpoint.config, where) else "text-only",
        outputs=outputs,
        shards=shards,
        dropped=placed.dropped,
        carried=carried,
        written=written,
        fingerprint=_fingerprint(checkpoint, options, shards, written, carried),
    )


def _refuse_changing_quantized(checkpoint: Checkpoint, options: Options, where: str) -> None:
    if checkpoint.config.get("quantization_config") is not None and options.changes_tensors:
        raise SourceError(
            f"{where}: quantization_config is set; a quantized checkpoint is copied as it is, "
            "start from the unquantized one to change it"
        )


def _fingerprint(
    checkpoint: Checkpoint,
    options: Options,
    shards: tuple[Shard, ...],
    written: Mapping[str, bytes],
    carried: Carried,
) -> str:
    weights = [
        [file.path.name, file.size, file.modified_ns, file.header_sha256]
        for file in checkpoint.files
    ]
    copied = [
        [name, (stat := (checkpoint.folder / name).stat()).st_size, stat.st_mtime_ns]
        for name in carried.copied
    ]
    computed = [
        [tensor.name, tensor.recipe.describe()]
        for shard in shards
        for tensor in shard.tensors
        if not isinstance(tensor.recipe, Copy)
    ]
    return digest_of(
        {
            "weights": weights,
            "copied": copied,
            "options": options_json(options),
            "shards": [[shard.name, shard.layout_sha256()] for shard in shards],
            "computed": computed,
            "written": {name: sha256(content).hexdigest() for name, content in written.items()},
        }
    )


def options_json(options: Options) -> dict[str, Any]:
    """`options` as they stand in the manifest; the adapter by its folder's name."""
    value = asdict(options)
    value["ignore"] = list(options.ignore)
    value["adapter"] = None if options.adapter is None else options.adapter.resolve().name
    return value
