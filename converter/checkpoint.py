"""Reads a checkpoint folder: its config, its index and the headers of its safetensors files.

Headers only: no tensor's payload is read here. Whatever is damaged or points outside the folder
is refused with the file and the key named.
Format: https://huggingface.co/docs/safetensors (8-byte length, JSON header, payloads without gaps).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from converter.dtypes import ITEM_BYTES, payload_bytes
from converter.errors import SourceError

INDEX_NAME = "model.safetensors.index.json"
SINGLE_NAME = "model.safetensors"
LENGTH_BYTES = 8
# The limit of the safetensors library itself; a longer header is a damaged length field.
MAX_HEADER_BYTES = 100_000_000
MAX_JSON_BYTES = 64 * 2**20
# What every file system takes; a longer name in an index is damage.
MAX_NAME_BYTES = 255
SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTensor:
    """A tensor as it lies in a file: `offset` is absolute, `nbytes` its payload."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    path: Path
    offset: int
    nbytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """One safetensors file; `header_sha256` covers names, dtypes, shapes and offsets."""

    path: Path
    size: int
    modified_ns: int
    header_sha256: str
    tensors: tuple[StoredTensor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint folder as its headers describe it."""

    folder: Path
    config: Mapping[str, Any]
    files: tuple[WeightFile, ...]

    def tensors(self) -> Iterator[StoredTensor]:
        """All tensors, in the order in which their bytes lie on disk."""
        for file in self.files:
            yield from file.tensors


def open_checkpoint(folder: Path) -> Checkpoint:
    """Reads config, index and headers of `folder`; raises SourceError with file and key."""
    if not folder.is_dir():
        raise SourceError(f"{folder}: no such folder")
    config = read_json(folder / "config.json")
    files = tuple(read_weight_file(path) for path in _weight_paths(folder))
    _refuse_duplicates(files)
    return Checkpoint(folder=folder, config=config, files=files)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from `path`; anything else is refused."""
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise SourceError(
                f"{path}: larger than {MAX_JSON_BYTES} bytes, expected a small JSON file"
            )
        value = parse_json(path.read_bytes())
    except FileNotFoundError as error:
        raise SourceError(f"{path}: missing, expected a file of that name") from error
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise SourceError(f"{path}: not valid JSON ({error})") from error
    if not isinstance(value, dict):
        raise SourceError(f"{path}: expected a JSON object, found {type(value).__name__}")
    return value


def parse_json(raw: bytes, pairs_hook: Callable[[list[tuple[str, Any]]], Any] = dict) -> Any:
    """The value of a JSON text; ValueError where other readers of JSON would refuse it."""
    try:
        value = json.loads(raw, object_pairs_hook=pairs_hook, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if SURROGATE_ESCAPE.search(raw):
        # Half a surrogate pair is no character: it could not be written out again.
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _weight_paths(folder: Path) -> list[Path]:
    index = folder / INDEX_NAME
    if index.exists():
        return _indexed_paths(index)
    single = folder / SINGLE_NAME
    if single.exists():
        return [single]
    found = sorted(path.name for path in folder.glob("*.safetensors"))
    if found:
        raise SourceError(
            f"{index}: missing, and {found[0]} is not {SINGLE_NAME}; shards need their index"
        )
    raise SourceError(
        f"{single}: missing, and no {INDEX_NAME} either; only safetensors checkpoints are converted"
    )


def _indexed_paths(index: Path) -> list[Path]:
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise SourceError(f"{index}: no 'weight_map', expected tensor name -> file name")
    by_file: dict[str, set[str]] = {}
    for key, name in weight_map.items():
        if not _is_plain_file_name(name):
            raise SourceError(
                f"{index}: {key} points to {name!r}, which is not a file of this folder"
            )
        by_file.setdefault(name, set()).add(key)
    for name, keys in sorted(by_file.items()):
        _compare_with_index(index, index.parent / name, keys)
    return [index.parent / name for name in sorted(by_file)]


def _is_plain_file_name(name: object) -> bool:
    # Symbolic links are fine (the hub's cache is made of them); a path in the name is not.
    if not isinstance(name, str) or name in ("", ".", "..") or set("/\\\0") & set(name):
        return False
    return len(name.encode()) <= MAX_NAME_BYTES


def _compare_with_index(index: Path, path: Path, keys: set[str]) -> None:
    if not path.exists():
        raise SourceError(f"{path}: missing shard, needed for {min(keys)} by {index.name}")
    stored = {tensor.name for tensor in read_weight_file(path).tensors}
    if missing := keys - stored:
        raise SourceError(f"{path}: does not hold {min(missing)}, which {index.name} places there")
    if extra := stored - keys:
        raise SourceError(f"{path}: holds {min(extra)}, which {index.name} does not place there")


def _refuse_duplicates(files: tuple[WeightFile, ...]) -> None:
    seen: dict[str, Path] = {}
    for file in files:
        for tensor in file.tensors:
            if tensor.name in seen:
                raise SourceError(
                    f"{file.path}: holds {tensor.name}, which {seen[tensor.name].name} holds too"
                )
            seen[tensor.name] = file.path


def read_weight_file(path: Path) -> WeightFile:
    """Header of one safetensors file, checked against the file's real length."""
    try:
        with path.open("rb") as stream:
            stat = path.stat()
            raw = _read_raw_header(path, stream.read(LENGTH_BYTES), stat.st_size, stream.read)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from error
    start = LENGTH_BYTES + len(raw)
    tensors = _parse_header(path, raw, start)
    _check_coverage(path, tensors, start, stat.st_size)
    return WeightFile(
        path=path,
        size=stat.st_size,
        modified_ns=stat.st_mtime_ns,
        header_sha256=sha256(raw).hexdigest(),
        tensors=tensors,
    )


def _read_raw_header(path: Path, length_field: bytes, size: int, read: Any) -> bytes:
    if len(length_field) < LENGTH_BYTES:
        raise SourceError(f"{path}: truncated, {size} bytes are no safetensors file")
    length = int.from_bytes(length_field, "little")
    if not 2 <= length <= MAX_HEADER_BYTES:
        raise SourceError(f"{path}: bad header, it claims {length} bytes")
    raw: bytes = read(length)
    if len(raw) < length:
        raise SourceError(
            f"{path}: truncated, its header claims {length} bytes and {len(raw)} follow"
        )
    return raw


def _parse_header(path: Path, raw: bytes, start: int) -> tuple[StoredTensor, ...]:
    try:
        pairs = parse_json(raw, _UniquePairs)
    except ValueError as error:
        raise SourceError(f"{path}: bad header ({error})") from error
    if not isinstance(pairs, _UniquePairs):
        raise SourceError(f"{path}: bad header, expected a JSON object")
    tensors = [
        _parse_entry(path, name, entry, start)
        for name, entry in pairs.items()
        if name != "__metadata__"
    ]
    return tuple(sorted(tensors, key=lambda tensor: (tensor.offset, tensor.nbytes, tensor.name)))


class _UniquePairs(dict[str, Any]):
    """A JSON object in which no key stands twice: the second one would win silently."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        if len(self) != len(pairs):
            names = [name for name, _ in pairs]
            raise ValueError(f"{next(n for n in names if names.count(n) > 1)!r} stands there twice")


def _parse_entry(path: Path, name: str, entry: Any, start: int) -> StoredTensor:
    try:
        dtype, shape = entry["dtype"], tuple(entry["shape"])
        first, last = entry["data_offsets"]
        whole = all(type(number) is int and number >= 0 for number in (*shape, first, last))
    except (TypeError, KeyError, ValueError) as error:
        raise SourceError(
            f"{path}: bad header at {name}, expected dtype, shape and two data_offsets"
        ) from error
    if not whole:
        raise SourceError(f"{path}: bad header at {name}, shape and offsets must be whole numbers")
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise SourceError(f"{path}: {name} has dtype {dtype!r}, which is not known")
    nbytes = payload_bytes(dtype, shape)
    if last - first != nbytes:
        raise SourceError(
            f"{path}: bad header at {name}, {dtype} {list(shape)} takes {nbytes} bytes, "
            f"its offsets give {last - first}"
        )
    return StoredTensor(
        name=name, dtype=dtype, shape=shape, path=path, offset=start + first, nbytes=nbytes
    )


def _check_coverage(path: Path, tensors: tuple[StoredTensor, ...], start: int, size: int) -> None:
    position = start
    for tensor in tensors:
        if tensor.offset != position:
            raise SourceError(
                f"{path}: bad header at {tensor.name}, its bytes start at {tensor.offset}, "
                f"expected {position}: tensors must follow one another without gap or overlap"
            )
        position += tensor.nbytes
    if position > size:
        last = next(t for t in tensors if t.offset + t.nbytes > size)
        raise SourceError(
            f"{path}: truncated at {last.name}, {size} bytes are there, the header needs {position}"
        )
    if position < size:
        raise SourceError(f"{path}: {size - position} bytes follow that its header does not name")
