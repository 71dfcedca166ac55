"""The use case: carry out a plan. Writes beside the destination, resumes there, renames at the end.

Nothing is decided here: what goes where stands in the plan. The work folder
`.NAME.chewie-partial` lies beside the destination, so that the last step is one rename.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from converter.carry import MANIFEST_NAME
from converter.errors import ConversionError, DestinationError, SourceError, WriteError
from converter.journal import JOURNAL_NAME, PLAN_NAME, Journal, Mark
from converter.manifest import FORMAT, Manifest, digest_of, model_digest, read_manifest
from converter.plan import Plan, options_json
from converter.progress import Progress, Quiet
from converter.recipes import Copy
from converter.small_files import as_json
from converter.writing import MARK_BYTES, write_shard

# The new checkpoint grows in this folder of the work folder, apart from journal and plan.
RESULT_NAME = "checkpoint"
# Room for what the plan does not count: the journal, the manifest, the file system's own blocks.
SPARE_BYTES = 2**20
COPY_BYTES = 2**20


def convert(plan: Plan, progress: Progress | None = None, mark_bytes: int = MARK_BYTES) -> Manifest:
    """Carries out `plan`; returns the manifest that now lies in `plan.destination`.

    A run that broke off is continued if source and options are the same. A destination that
    already holds the result of this very plan is left as it is. Raises DestinationError before
    the first byte, WriteError when writing breaks off; the source is never written to. Every
    `mark_bytes` what is written is made durable and noted, to be continued from there.
    """
    if (done := finished_manifest(plan)) is not None:
        shutil.rmtree(work_folder(plan.destination), ignore_errors=True)
        return done
    check_destination(plan)
    work = work_folder(plan.destination)
    try:
        with _locked_work_folder(work):
            _start_or_resume(plan, work)
            try:
                manifest = _write_everything(plan, work, progress or Quiet(), mark_bytes)
            except SourceError:
                # What was read contradicts the plan: nothing of it is worth continuing.
                shutil.rmtree(work, ignore_errors=True)
                raise
            _publish(work, plan.destination)
    except OSError as error:
        raise WriteError(
            f"{error.filename or work}: writing failed ({error.strerror}); nothing was put at "
            f"{plan.destination}, run the same command again to continue from {work}"
        ) from error
    return manifest


def work_folder(destination: Path) -> Path:
    """Where the conversion to `destination` is written until it is whole."""
    return destination.absolute().parent / f".{destination.absolute().name}.chewie-partial"


def finished_manifest(plan: Plan) -> Manifest | None:
    """The manifest at the destination if it is the finished result of this very plan."""
    if not (plan.destination / MANIFEST_NAME).is_file():
        return None
    try:
        manifest = read_manifest(plan.destination)
        whole = all(
            (plan.destination / name).stat().st_size == entry["bytes"]
            for name, entry in manifest["files"].items()
        )
    except (ConversionError, OSError):
        return None
    return manifest if whole and manifest["plan"] == plan.fingerprint else None


def check_free(target: Path) -> None:
    """Refuses a destination that holds somebody's files, whatever would be written there.

    What an earlier conversion wrote may be the very result that is asked for, and passes.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise DestinationError(f"{target}: is no folder, expected a name that is free")
    if target.is_dir() and not (target / MANIFEST_NAME).is_file():
        _refuse_files(target)


def _refuse_files(target: Path) -> None:
    if names := sorted(path.name for path in target.iterdir()):
        raise DestinationError(
            f"{target}: holds files already ({names[0]}), expected an empty or new folder"
        )


def check_destination(plan: Plan) -> None:
    """Refuses a destination that is the source, holds files, is a mount, or has no room."""
    target, source = plan.destination, plan.checkpoint.folder
    resolved = target.resolve()
    if resolved == source.resolve():
        raise DestinationError(f"{target}: source and destination are the same folder")
    if source.resolve() in resolved.parents:
        raise DestinationError(
            f"{target}: lies inside the source {source}, expected a folder elsewhere"
        )
    check_free(target)
    if target.is_dir():
        _refuse_files(target)
    if target.is_mount():
        raise DestinationError(f"{target}: is a mount point, name a folder inside it")
    if not resolved.parent.is_dir():
        raise DestinationError(
            f"{resolved.parent}: no such folder, expected the place to write into"
        )
    _check_room(plan, resolved.parent)


def _check_room(plan: Plan, parent: Path) -> None:
    work = work_folder(plan.destination)
    there = (
        sum(path.stat().st_size for path in work.glob(f"{RESULT_NAME}/*")) if work.is_dir() else 0
    )
    carried = sum((plan.checkpoint.folder / name).stat().st_size for name in plan.carried.copied)
    needed = plan.payload_bytes + carried + SPARE_BYTES - there
    free = shutil.disk_usage(parent).free
    if needed > free:
        raise DestinationError(f"{parent}: {free} bytes are free, the conversion needs {needed}")


@contextmanager
def _locked_work_folder(work: Path) -> Iterator[None]:
    work.mkdir(exist_ok=True)
    descriptor = os.open(work, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise DestinationError(f"{work}: another conversion is writing there") from error
    try:
        yield
    finally:
        os.close(descriptor)


def _start_or_resume(plan: Plan, work: Path) -> None:
    marker = work / PLAN_NAME
    if marker.is_file() and marker.read_bytes() == plan.fingerprint.encode():
        return
    marker.unlink(missing_ok=True)
    (work / JOURNAL_NAME).unlink(missing_ok=True)
    shutil.rmtree(work / RESULT_NAME, ignore_errors=True)
    (work / RESULT_NAME).mkdir()
    write_durably(marker, plan.fingerprint.encode())


def _write_everything(plan: Plan, work: Path, progress: Progress, mark_bytes: int) -> Manifest:
    journal = Journal(work)
    marks = journal.last_marks()
    progress.start("converting", plan.payload_bytes)
    try:
        results = [
            write_shard(
                shard, work / RESULT_NAME, journal, marks.get(shard.name), progress, mark_bytes
            )
            for shard in plan.shards
        ]
    finally:
        progress.finish()
    files = {
        result.mark.shard: {"bytes": result.nbytes, "sha256": result.sha256} for result in results
    }
    files |= _write_small_files(plan, work / RESULT_NAME)
    manifest = build_manifest(plan, [result.mark for result in results], files)
    write_durably(work / RESULT_NAME / MANIFEST_NAME, as_json(manifest))
    return manifest


def _write_small_files(plan: Plan, work: Path) -> dict[str, dict[str, Any]]:
    files = {}
    for name in plan.carried.copied:
        if name not in plan.written:
            files[name] = _copy_durably(plan.checkpoint.folder / name, work / name)
    for name, content in plan.written.items():
        write_durably(work / name, content)
        files[name] = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    return files


def _copy_durably(source: Path, target: Path) -> dict[str, Any]:
    digest, size = sha256(), 0
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(COPY_BYTES):
            digest.update(block)
            writer.write(block)
            size += len(block)
        writer.flush()
        os.fsync(writer.fileno())
    return {"bytes": size, "sha256": digest.hexdigest()}


def write_durably(path: Path, content: bytes) -> None:
    """Writes a small file and waits until it is on the disk."""
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def build_manifest(
    plan: Plan, marks: list[Mark], files: Mapping[str, Mapping[str, Any]]
) -> Manifest:
    """The manifest of a finished conversion; fields as told in `converter.manifest`."""
    by_shard = {mark.shard: mark for mark in marks}
    tensors: dict[str, dict[str, Any]] = {}
    payloads: dict[str, str] = {}
    for shard in plan.shards:
        mark = by_shard[shard.name]
        for tensor, digest in zip(shard.tensors, mark.tensors, strict=True):
            source = tensor.recipe.source.name
            tensors[tensor.name] = {
                "file": shard.name,
                "dtype": tensor.dtype,
                "shape": list(tensor.shape),
                "sha256": digest,
                "source": source,
            }
            if isinstance(tensor.recipe, Copy):
                payloads[source] = digest
        payloads |= mark.sources
    source_digest = _source_digest(plan, payloads)
    adapter = plan.outputs.adapter
    return {
        "format": FORMAT,
        "digest": model_digest(source_digest, tensors, files),
        "source": {
            **asdict(plan.origin),
            "kind": plan.kind,
            "layout": plan.layout.name,
            "digest": source_digest,
        },
        "options": options_json(plan.options),
        "adapter": adapter and {"sha256": adapter.sha256, "ignored": len(adapter.ignored)},
        "tensors": tensors,
        "files": dict(files),
        "dropped": {
            "tensors": len(plan.dropped),
            "bytes": sum(tensor.nbytes for tensor in plan.dropped),
        },
        "left_out": list(plan.carried.left_out),
        "plan": plan.fingerprint,
        "converter": _own_version(),
    }


def _source_digest(plan: Plan, payloads: Mapping[str, str]) -> str:
    headers = {file.path.name: file.header_sha256 for file in plan.checkpoint.files}
    return digest_of(
        {"config": plan.checkpoint.config, "headers": headers, "payloads": dict(payloads)}
    )


def _own_version() -> str:
    try:
        return version("chewie")
    except PackageNotFoundError:
        return "not installed"


def _publish(work: Path, destination: Path) -> None:
    _sync_folder(work / RESULT_NAME)
    (work / RESULT_NAME).rename(destination)
    _sync_folder(destination.absolute().parent)
    shutil.rmtree(work, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
