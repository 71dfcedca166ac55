"""The words of the command line and what they mean; runs nothing."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from converter.options import DTYPES, KEEP_HEAD, Options
from converter.quantize import BODY_SCHEMES, DEFAULT_GROUP_SIZE, HEAD_SCHEMES
from converter.shards import DEFAULT_MAX_SHARD_BYTES

COMMANDS = ("convert", "verify", "inspect")
UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)


def size_bytes(text: str) -> int:
    """`5GB`, `500MB`, `2GiB` or a plain number of bytes."""
    match = SIZE.fullmatch(text.strip())
    unit = UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size, expected such as 5GB or 500MiB")
    return int(float(match[1]) * unit)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Arguments with `command` set; SRC DST without a command means `convert`."""
    words = [*_with_its_own_number(arguments)]
    if words and words[0] not in COMMANDS and words[0] not in ("-h", "--help"):
        words.insert(0, "convert")
    return _parser().parse_args(words)


def _with_its_own_number(arguments: Sequence[str]) -> Iterator[str]:
    """`--trim-vocab` takes a number or none: a word after it that is no number is the next one."""
    for word, following in zip_longest(arguments, arguments[1:]):
        alone = word == "--trim-vocab" and not (following or "").lstrip("-").isdecimal()
        yield "--trim-vocab=0" if alone else word


def options_from(parsed: argparse.Namespace) -> Options:
    """The conversion's options."""
    return Options(
        max_shard_bytes=parsed.max_shard_size,
        dtype=DTYPES.get(parsed.dtype),
        max_position_embeddings=parsed.max_position_embeddings,
        trim_vocab=parsed.trim_vocab,
        adapter=parsed.adapter,
        quantize=parsed.quantize,
        lm_head=parsed.lm_head,
        group_size=parsed.group_size,
        ignore=tuple(parsed.ignore),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chewie-convert",
        description="Makes a text-only checkpoint of a Gemma-3-shaped multimodal one.",
        epilog="`chewie-convert SRC DST` is short for `chewie-convert convert SRC DST`; its flags: "
        "`chewie-convert convert --help`. Exit codes: 0 done, 1 a file cannot be read, 2 wrong "
        "words, 3 source refused, 4 destination refused, 5 writing broke off, 6 verification found "
        "differences, 7 the hub did not hand it over, 130 interrupted.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_convert(commands.add_parser("convert", help="convert SRC to DST (the default)"))
    _add_verify(commands.add_parser("verify", help="prove that DST is what SRC gives"))
    _add_inspect(commands.add_parser("inspect", help="what SRC consists of, part by part"))
    return parser


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SRC", help="a folder, or organisation/name on the hub")
    parser.add_argument("--revision", help="branch, tag or commit on the hub")


def _add_convert(parser: argparse.ArgumentParser) -> None:
    _add_source(parser)
    parser.add_argument("destination", metavar="DST", type=Path, help="a new or empty folder")
    parser.add_argument(
        "--max-shard-size", type=size_bytes, default=DEFAULT_MAX_SHARD_BYTES, metavar="SIZE"
    )
    parser.add_argument("--dtype", choices=list(DTYPES), help="cast the kept weights")
    parser.add_argument("--max-position-embeddings", type=int, metavar="N")
    parser.add_argument(
        "--trim-vocab", type=int, nargs="?", const=0, metavar="N",
        help="keep the first N ids; without N, those before the image token",
    )  # fmt: skip
    parser.add_argument("--adapter", type=Path, metavar="PATH", help="a LoRA adapter to merge")
    parser.add_argument("--quantize", choices=list(BODY_SCHEMES))
    parser.add_argument("--lm-head", choices=[KEEP_HEAD, *HEAD_SCHEMES], default=KEEP_HEAD)
    parser.add_argument("--group-size", type=int, default=DEFAULT_GROUP_SIZE, metavar="N")
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="LAYER",
        help="leave this linear layer unquantized: its name, or re:PATTERN (may be repeated)",
    )  # fmt: skip


def _add_verify(parser: argparse.ArgumentParser) -> None:
    _add_source(parser)
    parser.add_argument("destination", metavar="DST", type=Path)
    parser.add_argument("--adapter", type=Path, metavar="PATH", help="the adapter that was merged")
    parser.add_argument("--logits", action="store_true", help="compare logits in transformers too")
    parser.add_argument(
        "--texts", type=Path, metavar="FILE", help="JSON object: language -> text, for --logits"
    )
    parser.add_argument("--json", action="store_true")


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    _add_source(parser)
    parser.add_argument("--json", action="store_true")
