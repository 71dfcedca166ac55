"""Cuts the vocabulary behind the last text token, in the tokenizer's files. Pure: JSON in and out.

Gemma 3 has one id behind its text vocabulary, the image token 262144, and pads to 262208. Without
them the embedding has the shape of the small text-only Gemma 3 models that can draft for it. The
id must leave the tokenizer too: it would pass vLLM's guard and index beyond the embedding.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converter.checkpoint import read_json
from converter.errors import SourceError
from converter.fields import is_id
from converter.options import OptionsError

TOKENIZER_NAMES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)


def trimmed_size(asked: int | None, config: Mapping[str, Any], vocab_size: int) -> int:
    """Rows to keep: `asked`, or for 0 up to the image token; `vocab_size` if nothing is asked."""
    if asked is None:
        return vocab_size
    size = asked or config.get("image_token_index", config.get("image_token_id"))
    if type(size) is not int or not 0 < size <= vocab_size:
        raise OptionsError(
            f"--trim-vocab: expected a number up to {vocab_size}, "
            f"or a config.json with image_token_index (found {size!r})"
        )
    return size


def trimmed_tokenizer_files(
    folder: Path, size: int, token_ids: Mapping[str, Any]
) -> dict[str, bytes]:
    """The tokenizer's files without ids from `size` on; refuses to lose a token of the text."""
    for name, value in token_ids.items():
        ids = value if isinstance(value, list) else [value]
        if any(number is not None and number >= size for number in ids):
            raise SourceError(
                f"{folder / 'config.json'}: {name} is {value}, --trim-vocab keeps {size} ids"
            )
    contents = {
        name: read_json(folder / name) for name in TOKENIZER_NAMES if (folder / name).exists()
    }
    if "tokenizer.json" not in contents:
        raise SourceError(f"{folder / 'tokenizer.json'}: missing, --trim-vocab has to change it")
    _check_tokenizer(folder / "tokenizer.json", contents["tokenizer.json"])
    _refuse_loss_of_text(folder / "tokenizer.json", contents["tokenizer.json"], size)
    gone = _tokens_from(contents["tokenizer.json"], size)
    return {
        name: json.dumps(_without(content, gone, size), ensure_ascii=False, indent=2).encode()
        for name, content in contents.items()
    }


def _check_tokenizer(path: Path, tokenizer: Mapping[str, Any]) -> None:
    model = tokenizer.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if not isinstance(vocabulary, dict) or not all(map(is_id, vocabulary.values())):
        raise SourceError(
            f"{path}: model.vocab is no table of token and id, expected a BPE tokenizer"
        )
    added = tokenizer.get("added_tokens", [])
    if not isinstance(added, list) or not all(_is_added_token(entry) for entry in added):
        raise SourceError(f"{path}: added_tokens is no list of entries with content and id")


def _is_added_token(entry: Any) -> bool:
    return (
        isinstance(entry, dict) and is_id(entry.get("id")) and isinstance(entry.get("content"), str)
    )


def _refuse_loss_of_text(path: Path, tokenizer: Mapping[str, Any], size: int) -> None:
    special = set(_tokens_from(tokenizer, size))
    for token, number in tokenizer["model"]["vocab"].items():
        if number >= size and token not in special:
            raise SourceError(
                f"{path}: {token!r} has id {number}, --trim-vocab would lose it at {size}"
            )


def _tokens_from(tokenizer: Mapping[str, Any], size: int) -> list[str]:
    return [entry["content"] for entry in tokenizer.get("added_tokens", []) if entry["id"] >= size]


def _without(value: Any, gone: list[str], size: int) -> Any:
    """`value` without the tokens `gone`, wherever a tokenizer's JSON names them."""
    if isinstance(value, dict):
        return {
            key: _without(item, gone, size)
            for key, item in value.items()
            if not (key in gone or _names(item, gone) or _is_entry_beyond(key, item, size))
        }
    if isinstance(value, list):
        return [_without(item, gone, size) for item in value if not _names(item, gone)]
    return value


def _is_entry_beyond(key: str, item: Any, size: int) -> bool:
    """An entry of `added_tokens_decoder`, which goes by id."""
    return isinstance(item, dict) and key.isdecimal() and int(key) >= size


def _names(item: Any, gone: list[str]) -> bool:
    if isinstance(item, dict):
        return item.get("content") in gone
    return isinstance(item, str) and item in gone
