"""Reads a LoRA adapter as PEFT saves it and says what it adds to which weight.

Refuses what a plain low-rank sum does not express (DoRA, biases, trained embeddings, whole
modules), and an adapter that would change the model in a place the text model does not have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from math import prod, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.checkpoint import StoredTensor, read_json, read_weight_file
from converter.computed import LowRankDelta
from converter.dtypes import FLOAT_CONFIG_NAMES
from converter.errors import SourceError
from converter.fields import (
    FLAG_OR_NULL,
    NUMBER_OR_NULL,
    SIZE_OR_NULL,
    Check,
    check_fields,
    is_number,
    is_size,
)
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
    "target_parameters": (None, []),
    "use_qalora": (False, None),
}
# Ways to begin a training that take the low-rank part out of the base weights: the sum with the
# weights as published is not the model that was trained.
CHANGED_BASE = ("pissa", "olora", "corda", "loftq")


def _is_patterns(value: Any, fits: Check) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, Mapping) and all(map(fits, value.values())) and all(map(_compiles, value))
    )


def _compiles(pattern: str) -> bool:
    try:
        re.compile(f"({pattern})")
    except re.error:
        return False
    return True


CONFIG_FIELDS: Mapping[str, tuple[Check, str]] = {
    "r": SIZE_OR_NULL,
    "lora_alpha": NUMBER_OR_NULL,
    "use_rslora": FLAG_OR_NULL,
    "rank_pattern": (lambda value: _is_patterns(value, is_size), "patterns and whole numbers"),
    "alpha_pattern": (lambda value: _is_patterns(value, is_number), "patterns and numbers"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """Deltas by the text-only name of the weight they change; `ignored` those of image parts."""

    deltas: Mapping[str, LowRankDelta]
    ignored: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The two matrices of a weight by side, and the module's name where it was trained."""

    module: str
    sides: dict[str, StoredTensor] = field(default_factory=dict)


def read_adapter(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> Adapter:
    """The adapter in `folder` for weights of these shapes; SourceError if it does not fit."""
    if not folder.is_dir():
        raise SourceError(f"{folder}: no such folder, expected one with {CONFIG_NAME}")
    config = read_json(folder / CONFIG_NAME)
    _check_settings(config, folder / CONFIG_NAME)
    path = folder / WEIGHTS_NAME
    if not path.exists():
        raise SourceError(f"{path}: missing, expected the adapter's weights")
    pairs: dict[str, _Pair] = {}
    ignored = []
    for tensor in read_weight_file(path).tensors:
        module, side = _module_and_side(tensor)
        name = _weight_name(module, tensor)
        if name is None:
            ignored.append(tensor.name)
            continue
        pair = pairs.setdefault(name, _Pair(module=module))
        if pair.module != module or side in pair.sides:
            raise SourceError(f"{path}: {pair.module} and {tensor.name} both change {name}")
        pair.sides[side] = tensor
    if not pairs:
        raise SourceError(f"{path}: changes no weight of the language model")
    deltas = {name: _delta(name, pair, config, shapes, path) for name, pair in pairs.items()}
    digest = sha256("".join(sorted(delta.sha256 for delta in deltas.values())).encode())
    return Adapter(deltas=deltas, ignored=tuple(ignored), sha256=digest.hexdigest())


def _check_settings(config: Mapping[str, Any], where: Path) -> None:
    if config.get("peft_type") != "LORA":
        raise SourceError(f"{where}: peft_type is {config.get('peft_type')!r}, expected 'LORA'")
    for name, allowed in REFUSED_SETTINGS.items():
        if config.get(name) not in allowed:
            raise SourceError(f"{where}: {name} is {config[name]!r}, expected {allowed[0]!r}")
    begun = config.get("init_lora_weights")
    if isinstance(begun, str) and begun.lower().startswith(CHANGED_BASE):
        raise SourceError(
            f"{where}: init_lora_weights is {begun!r}, which changes the base weights; "
            "save the adapter converted to plain LoRA"
        )
    check_fields(config, str(where), CONFIG_FIELDS)


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
    pair: _Pair,
    config: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
    path: Path,
) -> LowRankDelta:
    if set(pair.sides) != {"A", "B"}:
        raise SourceError(
            f"{path}: {next(iter(pair.sides.values())).name} has no counterpart lora_A/lora_B"
        )
    down, up = pair.sides["A"], pair.sides["B"]
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
        scale=_scale(pair.module, rank, config, path),
        sha256=sha256(_raw(up) + _raw(down)).hexdigest(),
    )


def _scale(module: str, rank: int, config: Mapping[str, Any], path: Path) -> float:
    """alpha / rank, or alpha / sqrt(rank) for rank-stabilised adapters, patterns considered.

    `module` as it was called where the adapter was trained: that is what patterns speak of.
    """
    alpha = _by_pattern(config.get("alpha_pattern"), module, config.get("lora_alpha"))
    told = _by_pattern(config.get("rank_pattern"), module, config.get("r"))
    if told != rank:
        raise SourceError(f"{path}: {module} has rank {rank}, {CONFIG_NAME} says {told}")
    if alpha is None:
        raise SourceError(f"{path.parent / CONFIG_NAME}: lora_alpha is missing, expected a number")
    return float(alpha / (sqrt(rank) if config.get("use_rslora") else rank))


def _by_pattern(patterns: Mapping[str, Any] | None, module: str, default: Any) -> Any:
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
