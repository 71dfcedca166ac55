"""The proof that lies in every converted folder: `chewie-manifest.json`.

A plain JSON file, readable without this package. Its fields:

- `format`: `chewie-manifest/1`.
- `digest`: `sha256:…`, the model's identity: over the source's digest, every tensor (name, dtype,
  shape, payload) and every other file. How the tensors are cut into shards does not change it.
- `source`: `name` (folder or hub id), `revision` (hub commit or null), `kind` (`multimodal` or
  `text-only`), `layout`, `digest` (over config, headers and the kept payloads of the source).
- `options`: what the conversion was asked for, by name.
- `adapter`: null, or the merged adapter's `sha256` and how many of its tensors were `ignored`.
- `tensors`: name -> `file`, `dtype`, `shape`, `sha256` of the payload, `source` (name there).
- `files`: name -> `bytes`, `sha256`, for every file but the manifest itself.
- `dropped`: `tensors` and `bytes` that were left behind; `left_out`: file names likewise.
- `plan`: fingerprint of source and options, by which a run that broke off is continued.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from converter.carry import MANIFEST_NAME
from converter.checkpoint import parse_json
from converter.errors import SourceError
from converter.fields import OBJECT, TEXT, Check, check_fields, is_id

FORMAT = "chewie-manifest/1"


def _is_shape(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_id, value))


REQUIRED = {
    "format": TEXT,
    "digest": TEXT,
    "source": OBJECT,
    "options": OBJECT,
    "tensors": OBJECT,
    "files": OBJECT,
    "dropped": OBJECT,
    "plan": TEXT,
}
TENSOR_FIELDS = {"dtype": TEXT, "shape": (_is_shape, "whole numbers"), "sha256": TEXT}
FILE_FIELDS = {"bytes": (is_id, "a number"), "sha256": TEXT}

Manifest = dict[str, Any]


def digest_of(value: Any) -> str:
    """SHA-256 of `value` as canonical JSON, prefixed with the name of the hash."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + sha256(text.encode()).hexdigest()


def model_digest(
    source_digest: str, tensors: Mapping[str, Mapping[str, Any]], files: Mapping[str, Any]
) -> str:
    """The model's identity; `tensors` and `files` as in the manifest."""
    identity = {
        name: [entry["dtype"], list(entry["shape"]), entry["sha256"]]
        for name, entry in tensors.items()
    }
    others = {
        name: entry["sha256"]
        for name, entry in files.items()
        if not name.endswith((".safetensors", ".safetensors.index.json"))
    }
    return digest_of({"source": source_digest, "tensors": identity, "files": others})


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a converted folder; SourceError if it is missing or not one."""
    path = folder / MANIFEST_NAME
    try:
        value = parse_json(path.read_bytes())
    except FileNotFoundError as error:
        raise SourceError(f"{path}: missing, expected in a folder that was converted") from error
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(value, dict) or any(name not in value for name in REQUIRED):
        raise SourceError(f"{path}: expected the fields {', '.join(REQUIRED)}")
    if value["format"] != FORMAT:
        raise SourceError(f"{path}: format is {value['format']!r}, expected {FORMAT!r}")
    check_fields(value, str(path), REQUIRED)
    _check_entries(value["tensors"], TENSOR_FIELDS, path)
    _check_entries(value["files"], FILE_FIELDS, path)
    _check_entries({"source": value["source"]}, {"digest": TEXT}, path)
    return value


def _check_entries(
    entries: Mapping[str, Any], fields: Mapping[str, tuple[Check, str]], path: Path
) -> None:
    for name, entry in entries.items():
        if not isinstance(entry, dict) or not fields.keys() <= entry.keys():
            raise SourceError(f"{path}: {name} does not tell {', '.join(fields)}")
        check_fields(entry, f"{path}: {name}", fields)
