"""The command line: `chewie-convert SRC DST`. Words and exit codes; the work is in the modules."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from converter.convert import convert
from converter.errors import ConversionError
from converter.plan import Options, plan_conversion
from converter.progress import progress_for
from converter.shards import DEFAULT_MAX_SHARD_BYTES

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code (told in `converter/README.md`)."""
    parsed = _parser().parse_args(arguments)
    try:
        options = Options(max_shard_bytes=parsed.max_shard_size)
        plan = plan_conversion(parsed.source, parsed.destination, options)
        manifest = convert(plan, progress_for())
        print(f"{parsed.destination}: {len(manifest['tensors'])} tensors, {manifest['digest']}")
    except ConversionError as error:
        print(f"chewie-convert: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("chewie-convert: stopped, run the same command again to continue", file=sys.stderr)
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chewie-convert")
    parser.add_argument("source", type=Path)
    parser.add_argument("destination", type=Path)
    parser.add_argument("--max-shard-size", type=int, default=DEFAULT_MAX_SHARD_BYTES)
    return parser


if __name__ == "__main__":
    sys.exit(main())
