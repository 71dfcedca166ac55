"""What a conversion can be asked for beyond dropping the image parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from converter.errors import ConversionError
from converter.quantize import BODY_SCHEMES, DEFAULT_GROUP_SIZE, HEAD_SCHEMES
from converter.shards import DEFAULT_MAX_SHARD_BYTES

KEEP_HEAD = "keep"
# Words of the command line -> the format in a safetensors file.
DTYPES = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}


class OptionsError(ConversionError):
    """Options that contradict one another or that are out of range."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Sizes in bytes; `dtype` in safetensors' words; `quantize` a key of BODY_SCHEMES.

    `trim_vocab`: None keeps the vocabulary, 0 cuts it before the image token, N to N ids.
    `ignore`: linear layers to leave unquantized, by full name or `re:` and a regular expression.
    """

    max_shard_bytes: int = DEFAULT_MAX_SHARD_BYTES
    dtype: str | None = None
    max_position_embeddings: int | None = None
    trim_vocab: int | None = None
    adapter: Path | None = None
    quantize: str | None = None
    lm_head: str = KEEP_HEAD
    group_size: int = DEFAULT_GROUP_SIZE
    ignore: tuple[str, ...] = ()

    @property
    def changes_tensors(self) -> bool:
        """Whether any payload or config value differs from the source's."""
        asked = (
            self.dtype,
            self.max_position_embeddings,
            self.trim_vocab,
            self.adapter,
            self.quantize,
        )
        return any(value is not None for value in asked)


def check_options(options: Options) -> None:
    """Raises OptionsError with what was expected."""
    if options.max_shard_bytes < 1:
        raise OptionsError("--max-shard-size: expected at least one byte")
    if options.quantize is not None and options.quantize not in BODY_SCHEMES:
        raise OptionsError(f"--quantize: expected one of {', '.join(BODY_SCHEMES)}")
    if options.lm_head != KEEP_HEAD and options.lm_head not in HEAD_SCHEMES:
        raise OptionsError(f"--lm-head: expected {KEEP_HEAD} or one of {', '.join(HEAD_SCHEMES)}")
    if options.quantize is None and (options.lm_head != KEEP_HEAD or options.ignore):
        raise OptionsError("--lm-head and --ignore: expected together with --quantize")
    if options.dtype is not None and options.dtype not in DTYPES.values():
        raise OptionsError(f"--dtype: expected one of {', '.join(DTYPES)}")
    if options.group_size < 8 or options.group_size % 8:
        raise OptionsError("--group-size: expected a multiple of 8")
    for value, flag in (
        (options.max_position_embeddings, "--max-position-embeddings"),
        (options.trim_vocab, "--trim-vocab"),
    ):
        if value is not None and value < 0:
            raise OptionsError(f"{flag}: expected a positive number")
