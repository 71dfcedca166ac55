"""The trained weights: reads and writes `weights.bin`, and adds up what a word weighs.

The file: one line of JSON (signs, biases, scale, digest of the examples), then for each feature
where its weights begin (uint32), the sign of each weight (uint8), and the weights (int8). Weights
that matter little are left out, so a word touches few signs.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from clinical.recogniser.features import BUCKETS, Feature
from clinical.tables.toml_file import room_file

FILE_NAME = "weights.bin"
MOST_SIGNS = 255


class WeightsError(ValueError):
    """The weights file is not what this version reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """`signs` by number; the weights of feature f are entries begins[f] to begins[f + 1].

    `learnt_from` is the digest of the examples.
    """

    learnt_from: str
    signs: tuple[str, ...]
    bias: tuple[float, ...]
    scale: float
    begins: array[int]
    sign_of: array[int]
    value_of: array[int]

    def add_up(self, features: Iterable[Feature]) -> dict[int, float]:
        """Weight of the features together, by sign number."""
        total: dict[int, float] = {}
        for bucket, value in features:
            factor = value * self.scale
            for entry in range(self.begins[bucket], self.begins[bucket + 1]):
                sign = self.sign_of[entry]
                total[sign] = total.get(sign, 0.0) + factor * self.value_of[entry]
        return total


def write_weights(weights: Weights) -> bytes:
    """The file's content."""
    head = {
        "learnt_from": weights.learnt_from,
        "signs": weights.signs,
        "bias": weights.bias,
        "scale": weights.scale,
    }
    body = b"".join(_little(a) for a in (weights.begins, weights.sign_of, weights.value_of))
    return json.dumps(head).encode() + b"\n" + body


def read_weights(content: bytes) -> Weights:
    """Weights from a file's content. Raises WeightsError when it is cut short or another file."""
    head, _, body = content.partition(b"\n")
    try:
        fields = json.loads(head)
        learnt_from, scale = str(fields["learnt_from"]), float(fields["scale"])
        signs, bias = tuple(fields["signs"]), tuple(fields["bias"])
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{FILE_NAME}: expected a first line of JSON: {error}") from error
    first = 4 * (BUCKETS + 1)
    begins = _array("I", body[:first])
    count = begins[-1] if len(begins) == BUCKETS + 1 else 0
    if len(signs) != len(bias) or len(body) != first + 2 * count:
        raise WeightsError(f"{FILE_NAME}: expected {first + 2 * count} bytes, got {len(body)}")
    return Weights(
        learnt_from=learnt_from,
        signs=signs,
        bias=bias,
        scale=scale,
        begins=begins,
        sign_of=_array("B", body[first : first + count]),
        value_of=_array("b", body[first + count :]),
    )


@lru_cache(maxsize=1)
def weights() -> Weights:
    """The weights of this installation; loaded once."""
    return read_weights(room_file("recogniser", FILE_NAME).read_bytes())


def sparse(
    signs: Sequence[str],
    bias: Sequence[float],
    rows: Sequence[dict[int, int]],
    *,
    scale: float,
    learnt_from: str,
) -> Weights:
    """Weights from one mapping of sign number to value (-127 to 127) for each feature."""
    begins, sign_of, value_of = array("I", [0]), array("B"), array("b")
    for row in rows:
        sign_of.extend(row)
        value_of.extend(row.values())
        begins.append(len(value_of))
    return Weights(
        learnt_from=learnt_from,
        signs=tuple(signs),
        bias=tuple(bias),
        scale=scale,
        begins=begins,
        sign_of=sign_of,
        value_of=value_of,
    )


def _little(values: array[int]) -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def _array(kind: str, content: bytes) -> array[int]:
    values: array[int] = array(kind)
    values.frombytes(content[: len(content) - len(content) % values.itemsize])
    if sys.byteorder == "big":
        values.byteswap()
    return values
