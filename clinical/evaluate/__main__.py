"""`python -m clinical.evaluate CASES.jsonl --arm rules` measures an arm against a file of cases."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from clinical.evaluate.arms import ARMS
from clinical.evaluate.cases import CaseFileError, LabelledCase, read_cases
from clinical.evaluate.guideline import closed_codes, conditions_by_rule, lexicon_phrases
from clinical.evaluate.measure import answer_cases, measure
from clinical.evaluate.plot import draw_confusion
from clinical.evaluate.report import prediction_lines, print_report, report_as_json

BAD_INPUT = 2


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line as `python -m clinical.evaluate --help` tells it."""
    parser = argparse.ArgumentParser(prog="python -m clinical.evaluate", description=__doc__)
    parser.add_argument("cases", type=Path, help="JSON Lines, see clinical/evaluation/README.md")
    parser.add_argument("--arm", choices=sorted(ARMS), default="rules", help="what is measured")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--predictions", type=Path, metavar="OUT.jsonl", help="one line per case")
    parser.add_argument("--plot", type=Path, metavar="OUT.png", help="draw the confusion picture")
    return parser.parse_args(arguments)


def load_cases(path: Path) -> tuple[LabelledCase, ...]:
    """Read the file.

    Raises:
        CaseFileError: when it cannot be read or holds a bad line.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            return read_cases(lines)
    except OSError as error:
        raise CaseFileError(f"Expected a file of cases at {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CaseFileError(f"Expected {path} as UTF-8 text, found other bytes.") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one arm over one file. Returns 0, or 2 when the file cannot be used."""
    options = parse_arguments(arguments)
    try:
        cases = load_cases(options.cases)
    except CaseFileError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    outcomes = answer_cases(cases, ARMS[options.arm], conditions_by_rule=conditions_by_rule())
    report = measure(outcomes, phrases=lexicon_phrases(), closed_codes=closed_codes())
    title = f"{options.cases.name}, arm {options.arm}, {report.texts} texts"
    if options.json:
        print(json.dumps({"arm": options.arm, **report_as_json(report)}, indent=2))
    else:
        print_report(report, Console(), title=title)
    if options.predictions:
        lines = "".join(f"{line}\n" for line in prediction_lines(outcomes))
        options.predictions.write_text(lines, encoding="utf-8")
    if options.plot:
        draw_confusion(report.confusion, options.plot, title=title)
    return 0


if __name__ == "__main__":
    sys.exit(main())
