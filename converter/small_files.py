"""Makes the small files of the new checkpoint that are not copied: config, index, template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from converter.carry import Carried, moved_chat_template
from converter.checkpoint import INDEX_NAME, Checkpoint, read_json
from converter.config import (
    is_multimodal,
    stored_dtype,
    text_generation_config,
    text_only_config,
    token_ids,
)
from converter.dtypes import FLOAT_CONFIG_NAMES
from converter.fields import check_fields
from converter.layout import EMBEDDING, LAYOUTS, Layout
from converter.options import Options, OptionsError
from converter.outputs import Outputs
from converter.shards import Shard, index_json
from converter.vocabulary import trimmed_tokenizer_files

TEXT_LAYOUT = LAYOUTS[-1].name


def written_files(
    checkpoint: Checkpoint,
    layout: Layout,
    carried: Carried,
    options: Options,
    outputs: Outputs,
    shards: tuple[Shard, ...],
    vocab_size: int,
) -> dict[str, bytes]:
    """Contents by file name; what stands here takes the place of a file that would be copied."""
    generation = read_generation_config(checkpoint)
    files: dict[str, bytes] = {}
    where = str(checkpoint.folder / "config.json")
    if is_text_as_it_is(checkpoint, layout, options):
        for name in ("config.json", "generation_config.json"):
            if (path := checkpoint.folder / name).exists():
                files[name] = path.read_bytes()
    else:
        config = _new_config(checkpoint, generation, options, outputs, where)
        if options.trim_vocab is not None:
            config["vocab_size"] = vocab_size
            ids = token_ids(checkpoint.config, generation)
            files |= trimmed_tokenizer_files(checkpoint.folder, vocab_size, ids)
        files["config.json"] = as_json(config)
        files["generation_config.json"] = as_json(
            text_generation_config(checkpoint.config, generation)
        )
        files |= moved_chat_template(checkpoint.folder, carried.copied)
    if len(shards) > 1:
        files[INDEX_NAME] = as_json(index_json(shards))
    return files


def is_text_as_it_is(checkpoint: Checkpoint, layout: Layout, options: Options) -> bool:
    """A text-only checkpoint under text-only names, and nothing to be changed in it."""
    multimodal = is_multimodal(checkpoint.config, str(checkpoint.folder / "config.json"))
    return not multimodal and layout.name == TEXT_LAYOUT and not options.changes_tensors


def read_generation_config(checkpoint: Checkpoint) -> dict[str, Any]:
    """The source's generation_config.json, empty where there is none."""
    path = checkpoint.folder / "generation_config.json"
    if not path.exists():
        return {}
    value = read_json(path)
    check_fields(value, str(path))
    return value


def _new_config(
    checkpoint: Checkpoint,
    generation: Mapping[str, Any],
    options: Options,
    outputs: Outputs,
    where: str,
) -> dict[str, Any]:
    embedding = next(tensor for tensor in outputs.tensors if tensor.name == EMBEDDING)
    stored = FLOAT_CONFIG_NAMES[embedding.dtype]
    dtype = stored if options.dtype else stored_dtype(checkpoint.config) or stored
    config = text_only_config(checkpoint.config, generation, dtype, where)
    if options.max_position_embeddings is not None:
        _check_positions(options.max_position_embeddings, config["max_position_embeddings"])
        config["max_position_embeddings"] = options.max_position_embeddings
    if outputs.untied:
        config["tie_word_embeddings"] = False
    if outputs.quantization is not None:
        config["quantization_config"] = dict(outputs.quantization)
    return config


def _check_positions(asked: int, trained: int) -> None:
    if not 0 < asked <= trained:
        raise OptionsError(
            f"--max-position-embeddings: expected 1 to {trained}, what the model was trained for"
        )


def as_json(value: Any) -> bytes:
    """The bytes in which a JSON file is written: indented, sorted, with a final newline."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
