"""Runs `chewie-convert`: resolves the source, calls the use case, prints, sets the exit code."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from converter.checkpoint import open_checkpoint, read_json
from converter.command_line import options_from, parse
from converter.convert import check_free, convert
from converter.errors import ConversionError, VerificationError
from converter.hub import resolve_source
from converter.manifest import read_manifest
from converter.options import check_options
from converter.plan import plan_conversion
from converter.progress import progress_for
from converter.verify import verify
from converter.weight_report import report_table, report_weights

INTERRUPTED = 130
READER_GONE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code (told in `converter/README.md`)."""
    parsed = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        COMMANDS[parsed.command](parsed)
        sys.stdout.flush()
    except ConversionError as error:
        print(f"chewie-convert: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read the output has gone (`| head`); what Python still holds goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except OSError as error:
        print(f"chewie-convert: {error.filename or 'input'}: {error.strerror}", file=sys.stderr)
        return ConversionError.exit_code
    except KeyboardInterrupt:
        print("chewie-convert: stopped, run the same command again to continue", file=sys.stderr)
        return INTERRUPTED
    return 0


def _convert(parsed: argparse.Namespace) -> None:
    options = options_from(parsed)
    check_options(options)
    if not Path(parsed.source).is_dir():
        # Before gigabytes are fetched for a destination that would be refused.
        check_free(parsed.destination)
    folder, origin = resolve_source(parsed.source, parsed.revision)
    plan = plan_conversion(folder, parsed.destination, options, origin)
    manifest = convert(plan, progress_for(sys.stderr))
    kept = sum(entry["bytes"] for entry in manifest["files"].values())
    print(
        f"{parsed.destination}: {len(manifest['tensors'])} tensors, {kept:,} bytes, "
        f"{manifest['dropped']['bytes']:,} bytes dropped, {manifest['digest']}"
    )


def _verify(parsed: argparse.Namespace) -> None:
    folder, _ = resolve_source(parsed.source, parsed.revision)
    verdict = verify(folder, parsed.destination, parsed.adapter, progress_for(sys.stderr))
    agreements, wrong = _compare_logits(parsed, folder) if parsed.logits else ([], [])
    differences = [*verdict.differences, *wrong]
    if parsed.json:
        told = {**asdict(verdict), "differences": differences, "logits": agreements}
        print(json.dumps(told, indent=2))
    for difference in differences:
        print(f"chewie-convert: {difference}", file=sys.stderr)
    if differences:
        raise VerificationError(f"{parsed.destination}: {len(differences)} differences")
    if not parsed.json:
        print(
            f"{parsed.destination}: {verdict.tensors} tensors and all files are what the source "
            f"gives, {verdict.digest}"
        )


def _compare_logits(
    parsed: argparse.Namespace, folder: Path
) -> tuple[list[dict[str, object]], list[str]]:
    from converter.logits import check_texts, compare_logits, is_exact, silence_transformers
    from converter.probe_texts import PROBE_TEXTS

    manifest = read_manifest(parsed.destination)
    texts: Mapping[str, str] = read_json(parsed.texts) if parsed.texts else PROBE_TEXTS
    check_texts(texts, str(parsed.texts))
    if not sys.stderr.isatty():
        silence_transformers()
    agreements = compare_logits(folder, parsed.destination, manifest, texts)
    exact = is_exact(manifest)
    wrong = [told.sentence() for told in agreements if not told.acceptable(exact=exact)]
    if not parsed.json:
        for told in agreements:
            print(told.sentence())
    return [told.as_json() for told in agreements], wrong


def _inspect(parsed: argparse.Namespace) -> None:
    folder, _ = resolve_source(parsed.source, parsed.revision)
    report = report_weights(open_checkpoint(folder))
    print(json.dumps(report.as_json(), indent=2) if parsed.json else report_table(report))


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "convert": _convert,
    "verify": _verify,
    "inspect": _inspect,
}


if __name__ == "__main__":
    sys.exit(main())
