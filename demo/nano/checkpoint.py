"""Writes the nano checkpoint as the hub lays MedGemma out: bf16 weights, tokenizer, configs, mark.

Does not train. The folder is complete when `chewie.json` stands in it: that is written last.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from demo.nano.architecture import (
    Sizes,
    generation_config,
    image_processor_config,
    model_config,
    processor_config,
)
from demo.nano.tokenizer import image_ids, special_tokens_map, tokenizer_config

FOLDER = Path(__file__).parent / "checkpoint"
MARK = "chewie.json"

# In-memory names (transformers 4.52 and later) -> names on the hub.
_HUB_NAMES = (
    ("model.language_model.", "language_model.model."),
    ("model.vision_tower.vision_model.", "vision_tower.vision_model."),
    ("model.vision_tower.", "vision_tower.vision_model."),
    ("model.multi_modal_projector.", "multi_modal_projector."),
)


def hub_name(name: str) -> str | None:
    """The hub's name of a tensor; None for the tied head, which the hub leaves out."""
    if name == "lm_head.weight":
        return None
    for start, hub_start in _HUB_NAMES:
        if name.startswith(start):
            return hub_start + name[len(start) :]
    raise KeyError(f"no hub name for tensor {name}")


def write_checkpoint(model: Any, tokenizer: Tokenizer, sizes: Sizes, folder: Path) -> None:
    """Write everything but the mark; an earlier mark is removed first."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).unlink(missing_ok=True)
    tensors = {
        hub: tensor.detach().to(torch.bfloat16).contiguous()
        for name, tensor in model.state_dict().items()
        if (hub := hub_name(name)) is not None
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save(str(folder / "tokenizer.json"))
    ids = image_ids(tokenizer)
    files = {
        "config.json": model_config(sizes, boi=ids.boi, eoi=ids.eoi, image_token=ids.soft),
        "generation_config.json": generation_config(),
        "preprocessor_config.json": image_processor_config(sizes),
        "processor_config.json": processor_config(sizes),
        "special_tokens_map.json": special_tokens_map(),
        "tokenizer_config.json": tokenizer_config(sizes.max_positions),
    }
    for name, content in files.items():
        write_json(folder / name, content)
    template = resources.files("demo.nano").joinpath("chat_template.jinja")
    with resources.as_file(template) as source:
        shutil.copyfile(source, folder / "chat_template.jinja")


def write_mark(folder: Path, mark: Mapping[str, Any]) -> None:
    """Write `chewie.json`: demo, name, digests, seed and numbers."""
    write_json(folder / MARK, mark)


def read_mark(folder: Path) -> dict[str, Any]:
    """Read `chewie.json`. Raises FileNotFoundError when the checkpoint is not complete."""
    mark: dict[str, Any] = json.loads((folder / MARK).read_text("utf-8"))
    return mark


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON for a reader: indented, with a newline at the end."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
