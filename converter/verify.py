"""Proves that a converted folder is what its source demands; reads both, writes nothing.

Everything is recomputed: the plan from the source, the payloads of both sides, the digests of
all files, and the config as transformers' own classes read it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from converter.carry import MANIFEST_NAME
from converter.checkpoint import Checkpoint, StoredTensor, open_checkpoint
from converter.errors import SourceError, VerificationError
from converter.fields import NAMES, SIZE, SIZE_OR_NULL, TEXT, TEXT_OR_NULL, check_fields, is_id
from converter.manifest import Manifest, model_digest, read_manifest
from converter.options import Options
from converter.plan import Plan, plan_conversion
from converter.progress import Progress, Quiet
from converter.recipes import Copy, Recipe, read_exactly

READ_BYTES = 4 * 2**20

Differences = Iterator[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was compared, and every difference in a sentence; none means proved."""

    tensors: int
    payload_bytes: int
    digest: str
    differences: tuple[str, ...]

    @property
    def proved(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def verify(
    source: Path, destination: Path, adapter: Path | None = None, progress: Progress | None = None
) -> Verdict:
    """Compares `destination` with what converting `source` must give.

    `adapter` is needed again if one was merged. Raises SourceError if the source cannot be read,
    VerificationError if `destination` is too damaged to be compared.
    """
    try:
        manifest = read_manifest(destination)
        converted = open_checkpoint(destination)
    except SourceError as error:
        raise VerificationError(str(error)) from error
    plan = plan_conversion(source, destination, options_of(manifest, adapter))
    progress = progress or Quiet()
    progress.start("verifying", 2 * plan.payload_bytes)
    try:
        with ThreadPoolExecutor(2) as pool:
            wanted = pool.submit(_wanted_payloads, plan, progress)
            found = pool.submit(_found_payloads, converted, progress)
            payloads = (wanted.result(), found.result())
    finally:
        progress.finish()
    differences = (
        *_tensor_differences(plan, converted, *payloads),
        *_file_differences(plan, destination, manifest),
        *_manifest_differences(manifest, payloads[1]),
        *_config_differences(plan, destination),
    )
    return Verdict(
        tensors=len(payloads[0]),
        payload_bytes=plan.payload_bytes,
        digest=manifest["digest"],
        differences=differences,
    )


OPTION_FIELDS = {
    "max_shard_bytes": SIZE,
    "dtype": TEXT_OR_NULL,
    "max_position_embeddings": SIZE_OR_NULL,
    "trim_vocab": (lambda value: value is None or is_id(value), "a number or null"),
    "adapter": TEXT_OR_NULL,
    "quantize": TEXT_OR_NULL,
    "lm_head": TEXT,
    "group_size": SIZE,
    "ignore": NAMES,
}


def options_of(manifest: Manifest, adapter: Path | None) -> Options:
    """The options that the manifest tells of, with the adapter's folder given anew."""
    told = dict(manifest["options"])
    if told.get("adapter") is not None and adapter is None:
        raise SourceError(
            f"{MANIFEST_NAME}: an adapter {told['adapter']!r} was merged, name it with --adapter"
        )
    try:
        check_fields(told, f"{MANIFEST_NAME}: options", OPTION_FIELDS)
        return Options(**{**told, "adapter": adapter, "ignore": tuple(told.get("ignore", ()))})
    except TypeError as error:
        raise VerificationError(f"{MANIFEST_NAME}: options {sorted(told)} are not known") from error


def _wanted_payloads(plan: Plan, progress: Progress) -> dict[str, str]:
    digests = {}
    for shard in plan.shards:
        for tensor in shard.tensors:
            digest = sha256()
            for block in _payload(tensor.recipe):
                digest.update(block)
                progress.advance(len(block))
            digests[tensor.name] = digest.hexdigest()
    return digests


def _payload(recipe: Copy | Recipe) -> Iterator[memoryview]:
    if isinstance(recipe, Copy):
        return stored_payload(recipe.source)
    return recipe.blocks(lambda _: None)


def stored_payload(tensor: StoredTensor) -> Iterator[memoryview]:
    """The bytes of a stored tensor, in blocks."""
    descriptor = os.open(tensor.path, os.O_RDONLY)
    try:
        for start in range(0, tensor.nbytes, READ_BYTES):
            view = memoryview(bytearray(min(READ_BYTES, tensor.nbytes - start)))
            read_exactly(descriptor, view, tensor.offset + start, tensor.path)
            yield view
    finally:
        os.close(descriptor)


def _found_payloads(converted: Checkpoint, progress: Progress) -> dict[str, str]:
    digests = {}
    for tensor in converted.tensors():
        digest = sha256()
        for block in stored_payload(tensor):
            digest.update(block)
            progress.advance(len(block))
        digests[tensor.name] = digest.hexdigest()
    return digests


def _tensor_differences(
    plan: Plan, converted: Checkpoint, wanted: dict[str, str], found: dict[str, str]
) -> Differences:
    for name in sorted(wanted.keys() - found.keys()):
        yield f"{name}: missing in {converted.folder}"
    for name in sorted(found.keys() - wanted.keys()):
        yield f"{name}: not expected in {converted.folder}"
    stored = {tensor.name: tensor for tensor in converted.tensors()}
    for tensor in (tensor for shard in plan.shards for tensor in shard.tensors):
        other = stored.get(tensor.name)
        if other is None:
            continue
        if (other.dtype, other.shape) != (tensor.dtype, tensor.shape):
            yield (
                f"{tensor.name}: {other.dtype} {list(other.shape)}, "
                f"expected {tensor.dtype} {list(tensor.shape)}"
            )
        elif wanted[tensor.name] != found[tensor.name]:
            yield f"{tensor.name}: payload differs from {tensor.recipe.source.name} of the source"


def _file_differences(plan: Plan, destination: Path, manifest: Manifest) -> Differences:
    for name, entry in manifest["files"].items():
        path = destination / name
        if not path.is_file():
            yield f"{name}: missing in {destination}"
        elif file_sha256(path) != entry["sha256"]:
            yield f"{name}: its bytes are not those of the manifest"
    present = {path.name for path in destination.iterdir()} - {MANIFEST_NAME}
    for name in sorted(present - manifest["files"].keys()):
        yield f"{name}: not in the manifest"
    for name, content in plan.written.items():
        path = destination / name
        if path.is_file() and path.read_bytes() != content:
            yield f"{name}: not what the source's own {name} gives"
    for name in plan.carried.copied:
        path = destination / name
        if name in plan.written or not path.is_file():
            continue
        if file_sha256(path) != file_sha256(plan.checkpoint.folder / name):
            yield f"{name}: differs from the source's"


def file_sha256(path: Path) -> str:
    """SHA-256 of a whole file."""
    with path.open("rb") as stream:
        digest = sha256()
        while block := stream.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _manifest_differences(manifest: Manifest, found: dict[str, str]) -> Differences:
    for name, entry in manifest["tensors"].items():
        if found.get(name) != entry["sha256"]:
            yield f"{name}: its payload is not that of the manifest"
    told = model_digest(manifest["source"]["digest"], manifest["tensors"], manifest["files"])
    if told != manifest["digest"]:
        yield f"{MANIFEST_NAME}: digest {manifest['digest']} does not follow from its own entries"


# What the options change on purpose, and what says nothing about the numbers.
NOT_COMPARED = frozenset(
    {
        "architectures",
        "transformers_version",
        "_name_or_path",
        "dtype",
        "quantization_config",
        "tie_word_embeddings",
        "vocab_size",
        "max_position_embeddings",
        "eos_token_id",
        "bos_token_id",
        "pad_token_id",
    }
)


def _config_differences(plan: Plan, destination: Path) -> Differences:
    """Both configs as transformers reads them: what shapes the numbers must be the same."""
    load = _config_loader()
    if load is None:
        return
    ours, theirs = load(destination), load(plan.checkpoint.folder)
    for name in sorted(theirs.keys() - NOT_COMPARED):
        if ours.get(name) != theirs.get(name):
            yield f"config.json: {name} is {ours.get(name)!r}, in the source {theirs.get(name)!r}"


def _config_loader() -> Callable[[Path], dict[str, Any]] | None:
    try:
        from transformers import AutoConfig
    except ImportError:
        return None

    def load(folder: Path) -> dict[str, Any]:
        text = AutoConfig.from_pretrained(folder).get_text_config()
        return dict(json.loads(text.to_json_string(use_diff=False)))

    return load
