"""Reads a LoRA adapter as PEFT saves it and says what it adds to which weight.

Refuses what a plain low-rank sum does not express (DoRA, biases, trained embeddings, whole
modules), and an adapter that would change the model in a place the text model does not have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite, prod, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.checkpoint import StoredTensor, read_json, read_weight_file
from converter.computed import LowRankDelta
from converter.dtypes import FLOAT_CONFIG_NAMES
from converter.errors import SourceError
from converter.layout import LAYOUTS
from converter.rows import floats_from_bytes, refuse_not_finite, row_blocks

CONFIG_NAME = "adapter_config.json"
WEIGHTS_NAME = "adapter_model.safetensors"
KEY_PREFIX = "base_model.model."
KEY_PATTERN = re.compile(r"(?P<module>.+)\.lora_(?P<side>[AB])(\.default)?\.weight")
# Settings of PEFT under which the merged weight is not W + scale * B @ A.
REFUSED_SETTINGS: Mapping[str, tuple[Any, ...]] = {
    "use_dora": (False, None),
    "fan_in_fan_out": (False, None),
    "bias": ("none", None),
    "modules_to_save": (None, []),
    "trainable_token_indices": (None, []),
    "lora_bias": (False, None),
    "layer_replication": (None, []),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """Deltas by the text-only name of the weight they change; `ignored` those of image parts."""

    deltas: Mapping[str, LowRankDelta]
    ignored: tuple[str, ...]
    sha256: str


def read_adapter(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> Adapter:
    """The adapter in `folder` for weights of these shapes; SourceError if it does not fit."""
    config = read_json(folder / CONFIG_NAME)
    _check_settings(config, folder / CONFIG_NAME)
    path = folder / WEIGHTS_NAME
    if not path.exists():
        raise SourceError(f"{path}: missing, expected the adapter's weights")
    sides: dict[str, dict[str, StoredTensor]] = {}
    ignored = []
    for tensor in read_weight_file(path).tensors:
        module, side = _module_and_side(tensor)
        name = _weight_name(module, tensor)
        if name is None:
            ignored.append(tensor.name)
        else:
            sides.setdefault(name, {})[side] = tensor
    if not sides:
        raise SourceError(f"{path}: changes no weight of the language model")
    deltas = {name: _delta(name, pair, config, shapes, path) for name, pair in sides.items()}
    digest = sha256("".join(sorted(delta.sha256 for delta in deltas.values())).encode())
    return Adapter(deltas=deltas, ignored=tuple(ignored), sha256=digest.hexdigest())


def _check_settings(config: Mapping[str, Any], where: Path) -> None:
    if config.get("peft_type") != "LORA":
        raise SourceError(f"{where}: peft_type is {config.get('peft_type')!r}, expected 'LORA'")
    for name, allowed in REFUSED_SETTINGS.items():
        if config.get(name) not in allowed:
            raise SourceError(f"{where}: {name} is {config[name]!r}, expected {allowed[0]!r}")


def _module_and_side(tensor: StoredTensor) -> tuple[str, str]:
    match = KEY_PATTERN.fullmatch(tensor.name)
    if match is None:
        raise SourceError(
            f"{tensor.path}: cannot place {tensor.name}, expected …lora_A.weight or …lora_B.weight"
        )
    if tensor.dtype not in FLOAT_CONFIG_NAMES or len(tensor.shape) != 2:
        raise SourceError(f"{tensor.path}: {tensor.name} is no matrix of floats")
    return match["module"].removeprefix(KEY_PREFIX), match["side"]


def _weight_name(module: str, tensor: StoredTensor) -> str | None:
    key = f"{module}.weight"
    for layout in LAYOUTS:
        try:
            return layout.text_name(key)
        except KeyError:
            continue
    raise SourceError(f"{tensor.path}: cannot place {tensor.name} in any layout that is known")


def _delta(
    name: str,
    pair: Mapping[str, StoredTensor],
    config: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
    path: Path,
) -> LowRankDelta:
    if set(pair) != {"A", "B"}:
        raise SourceError(
            f"{path}: {next(iter(pair.values())).name} has no counterpart lora_A/lora_B"
        )
    down, up = pair["A"], pair["B"]
    rank = down.shape[0]
    wanted = shapes.get(name)
    if wanted is None:
        raise SourceError(
            f"{path}: {down.name} changes {name}, which the model stores no weight for"
        )
    if (up.shape[0], down.shape[1]) != wanted or up.shape[1] != rank:
        raise SourceError(
            f"{path}: {down.name} {list(down.shape)} and {up.name} {list(up.shape)} "
            f"do not fit {name} {list(wanted)}"
        )
    return LowRankDelta(
        up=_matrix(up),
        down=_matrix(down),
        scale=_scale(name, rank, config, path),
        sha256=sha256(_raw(up) + _raw(down)).hexdigest(),
    )


def _scale(name: str, rank: int, config: Mapping[str, Any], path: Path) -> float:
    """alpha / rank, or alpha / sqrt(rank) for rank-stabilised adapters, patterns considered."""
    module = name.removesuffix(".weight")
    alpha = _by_pattern(config.get("alpha_pattern"), module, config.get("lora_alpha"))
    told = _by_pattern(config.get("rank_pattern"), module, config.get("r"))
    if told != rank:
        raise SourceError(f"{path}: {name} has rank {rank}, {CONFIG_NAME} says {told}")
    if not isinstance(alpha, int | float) or not isfinite(alpha):
        raise SourceError(
            f"{path.parent / CONFIG_NAME}: lora_alpha is {alpha!r}, expected a number"
        )
    return float(alpha / (sqrt(rank) if config.get("use_rslora") else rank))


def _by_pattern(patterns: Any, module: str, default: Any) -> Any:
    # PEFT matches a pattern against the end of the module's path.
    for pattern, value in (patterns or {}).items():
        if re.fullmatch(rf"(.*\.)?({pattern})", module):
            return value
    return default


def _raw(tensor: StoredTensor) -> bytes:
    return b"".join(view for _, view in row_blocks(tensor, lambda _: None))


def _matrix(tensor: StoredTensor) -> NDArray[np.float64]:
    values = floats_from_bytes(memoryview(_raw(tensor)), tensor.dtype, prod(tensor.shape[1:]))
    refuse_not_finite(values, tensor, "holds a NaN or an infinity, expected finite weights")
    return values.astype(np.float64)
