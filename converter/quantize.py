"""Quantized weights in compressed-tensors' formats, by rounding to nearest, row by row.

No calibration data: scales come from the weights alone, and nothing crosses a row, so memory is
that of a block. The arithmetic is torch's, imported only when something is quantized.
Formats: https://github.com/vllm-project/compressed-tensors, as vLLM 0.32 reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from converter.checkpoint import StoredTensor
from converter.computed import ComputedRows
from converter.recipes import Observer
from converter.rows import Floats

if TYPE_CHECKING:
    import torch

# A row or group of zeros would have scale 0, and 0/0 is a NaN in every logit (padding rows do).
SMALLEST_SCALE = 1e-8
DEFAULT_GROUP_SIZE = 128
NIBBLES_PER_INT32 = 8
NIBBLE_OFFSET = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How a linear layer is quantized; symmetric, scales from the largest magnitude.

    `lowest` and `highest` bound the quantized values. A scale is a magnitude divided by one of
    `divisors`: of several, the one with the least squared error is taken, group by group.
    `group` is the number of columns that share a scale, None for a whole row. `scale_dtype` is
    the format in which scales are stored, and in which they are already used for rounding.
    """

    name: str
    format: str
    bits: int
    kind: str
    lowest: float
    highest: float
    divisors: tuple[float, ...]
    scale_dtype: str
    weight_dtype: str
    group: int | None = None
    dynamic_activations: bool = True

    @property
    def packed(self) -> bool:
        """Whether several values share an int32."""
        return self.format == "pack-quantized"

    def config_group(self, targets: list[str]) -> dict[str, Any]:
        """This scheme for `targets`, in the words of `quantization_config`."""
        number = {"num_bits": self.bits, "type": self.kind, "symmetric": True}
        weights = {
            **number,
            "dynamic": False,
            "strategy": "channel" if self.group is None else "group",
            "group_size": self.group,
            "observer": "minmax",
        }
        activations = {**number, "dynamic": True, "strategy": "token"}
        return {
            "targets": targets,
            "format": self.format,
            "weights": weights,
            "input_activations": activations if self.dynamic_activations else None,
            "output_activations": None,
        }


FP8 = Scheme(
    name="fp8",
    format="float-quantized",
    bits=8,
    kind="float",
    lowest=-448.0,
    highest=448.0,
    divisors=(448.0,),
    scale_dtype="F32",
    weight_dtype="F8_E4M3",
)
INT8 = Scheme(
    name="int8",
    format="int-quantized",
    bits=8,
    kind="int",
    lowest=-128.0,
    highest=127.0,
    divisors=(127.0,),
    scale_dtype="F32",
    weight_dtype="I8",
)
INT4 = Scheme(
    name="w4a16",
    format="pack-quantized",
    bits=4,
    kind="int",
    lowest=-8.0,
    highest=7.0,
    # On normal weights 10.3% error; one divisor of 7.5 gives 11.1%, six of them 10.2%.
    divisors=(7.5, 8.5),
    scale_dtype="BF16",
    weight_dtype="I32",
    group=DEFAULT_GROUP_SIZE,
    dynamic_activations=False,
)
BODY_SCHEMES = {"fp8": FP8, "int8": INT8, "w4a16": INT4}
HEAD_SCHEMES = {"fp8": FP8, "int8": INT8, "int4": INT4}


@dataclass(frozen=True, kw_only=True)
class QuantizedRows:
    """Encodes rows as one half of a quantized weight: its values, or its scales."""

    scheme: Scheme
    scales: bool
    # Where the values' encoder leaves the scales that it had to compute anyway.
    remembered: list[bytes] = field(default_factory=list, repr=False, compare=False)

    @cached_property
    def name(self) -> str:
        """The whole scheme, since each of its numbers decides the bytes."""
        return f"{'scales' if self.scales else 'values'} of {self.scheme!r}"

    def encode(self, rows: Floats) -> memoryview:
        """Bytes of the values or the scales of these rows."""
        import torch

        with _one_thread():
            grouped = _in_groups(torch.from_numpy(rows), self.scheme.group)
            scales = best_scales(grouped, self.scheme)
            stored = _bytes_of(scales.to(_torch_dtype(self.scheme.scale_dtype)))
            if self.scales:
                return stored
            self.remembered.append(bytes(stored))
            values = quantized_values(grouped, scales, self.scheme).reshape(rows.shape)
            return _bytes_of(_stored(values, self.scheme))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Blocks are small: on a busy machine torch's threads spent six times as long waiting."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalesOfRows:
    """The scales' recipe: what the values' encoder remembered, or else computed from the source."""

    computed: ComputedRows
    remembered: list[bytes]
    nbytes: int
    observes: bool = False

    @property
    def source(self) -> StoredTensor:
        """The tensor whose scales these are."""
        return self.computed.source

    def blocks(self, observe: Observer) -> Iterator[memoryview]:
        """All scales in order."""
        whole = b"".join(self.remembered)
        self.remembered.clear()
        if len(whole) == self.nbytes:
            yield memoryview(whole)
        else:
            yield from self.computed.blocks(observe)

    def describe(self) -> dict[str, Any]:
        """What the computation of the scales tells."""
        return self.computed.describe()


def _in_groups(rows: torch.Tensor, group: int | None) -> torch.Tensor:
    """(rows, columns) -> (rows, groups, columns of a group)."""
    return rows.reshape(rows.shape[0], -1, group or rows.shape[1])


def best_scales(grouped: torch.Tensor, scheme: Scheme) -> torch.Tensor:
    """Scales of shape (rows, groups), float32, already rounded to the format they are stored in."""
    import torch

    largest = grouped.abs().amax(dim=-1)
    candidates = [_rounded_scale(largest / divisor, scheme) for divisor in scheme.divisors]
    if len(candidates) == 1:
        return candidates[0]
    best = candidates[0]
    least = _squared_error(grouped, best, scheme)
    for candidate in candidates[1:]:
        error = _squared_error(grouped, candidate, scheme)
        best = torch.where(error < least, candidate, best)
        least = torch.minimum(error, least)
    return best


def _rounded_scale(scale: torch.Tensor, scheme: Scheme) -> torch.Tensor:
    import torch

    clamped = scale.clamp(min=SMALLEST_SCALE)
    return clamped.to(_torch_dtype(scheme.scale_dtype)).to(torch.float32)


def _squared_error(grouped: torch.Tensor, scales: torch.Tensor, scheme: Scheme) -> torch.Tensor:
    restored = quantized_values(grouped, scales, scheme).mul_(scales.unsqueeze(-1))
    return restored.sub_(grouped).square_().sum(dim=-1)


def quantized_values(grouped: torch.Tensor, scales: torch.Tensor, scheme: Scheme) -> torch.Tensor:
    """Quantized values, still as float32; of kind `float` not yet rounded to its grid."""
    values = grouped / scales.unsqueeze(-1)
    if scheme.kind == "int":
        values = values.round_()
    return values.clamp_(scheme.lowest, scheme.highest)


def _stored(values: torch.Tensor, scheme: Scheme) -> torch.Tensor:
    if not scheme.packed:
        return values.to(_torch_dtype(scheme.weight_dtype))
    return packed_nibbles(values)


def packed_nibbles(values: torch.Tensor) -> torch.Tensor:
    """(rows, columns) in -8..7 -> int32 (rows, columns / 8), the first column in the low bits."""
    import torch

    nibbles = (
        (values + NIBBLE_OFFSET).to(torch.int32).reshape(values.shape[0], -1, NIBBLES_PER_INT32)
    )
    shifts = torch.arange(NIBBLES_PER_INT32, dtype=torch.int32) * 4
    packed: torch.Tensor = (nibbles << shifts).sum(dim=-1, dtype=torch.int32)
    return packed


def _torch_dtype(name: str) -> torch.dtype:
    import torch

    return {
        "F32": torch.float32,
        "BF16": torch.bfloat16,
        "I8": torch.int8,
        "F8_E4M3": torch.float8_e4m3fn,
    }[name]


def _bytes_of(tensor: torch.Tensor) -> memoryview:
    import torch

    return memoryview(tensor.contiguous().view(torch.uint8).reshape(-1).numpy())
