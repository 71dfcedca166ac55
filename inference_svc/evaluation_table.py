"""`python -m inference_svc.evaluation_table`: all arms over the repository's sets, in one table.

Asks a running service; prints Markdown and, with `--write FILE`, puts it between that file's
markers. Judges nothing itself.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from chewie.client import TriageClient, TriageError
from clinical import assess_text
from clinical.assessment import Assessment
from clinical.case import Patient
from clinical.evaluate import LabelledCase, answer_cases, read_cases
from clinical.evaluate.arms import ARMS as IN_PROCESS
from clinical.evaluate.guideline import conditions_by_rule
from clinical.evaluate.marked_block import write_block
from clinical.evaluate.measure import Assess, count_metrics
from clinical.evaluate.proportion import Proportion
from clinical.tables.toml_file import room_file
from inference_svc.evaluate import INJECTED, NOT_TOLD, TOKEN_VARIABLE, ServiceArm, ask_all

SETS = ("explicit_danger_signs", "benign_controls", "scenarios")
BEGIN, END = "<!-- arms: written by make evaluate, do not edit -->", "<!-- end of arms -->"
ROWS = {
    "danger_sign_recall": "danger sign: urgent enough",
    "referral_appropriate": "referral as labelled",
    "diagnosis_top_1": "condition named first",
    "hallucination": "states what the text does not hold",
    "under_triage_today": "needed today or now: answered milder",
    "emergency_on_controls": "benign: answered EMERGENCY",
    "dose_errors": "a dose in the answer",
}
# The paper's own figures, of 50 scenarios and MedGemma alone; hits of 50 give the intervals.
PAPER = {
    "danger_sign_recall": Proportion(hits=49, total=50),
    "referral_appropriate": Proportion(hits=48, total=50),
    "diagnosis_top_1": Proportion(hits=46, total=50),
    "hallucination": Proportion(hits=1, total=50),
}
NEVER_THERE = "127.0.0.1:1"
Metrics = Mapping[str, Proportion]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all arms; returns 2 when the service is away or does not tell its model's answers."""
    asked = _parser().parse_args(arguments)
    cases = _all_cases()
    token = os.environ.get(TOKEN_VARIABLE)
    with TriageClient(asked.target, token=token) as client:
        try:
            info = client.info(timeout_seconds=10)
        except TriageError as error:
            print(f"No service answers at {asked.target}: {error.code.name}.", file=sys.stderr)
            return 2
        columns: dict[str, Metrics] = {}
        for name, arm in _service_arms(client).items():
            print(f"{name}: {len(cases)} texts", file=sys.stderr, flush=True)
            columns[name] = _measured(cases, _asked(cases, arm, asked.callers))
            if name == "model alone" and not arm.told.model_answers:
                sys.stderr.write(NOT_TOLD)
                return 2
    columns["rules alone"] = _measured(cases, assess_text)
    columns["always HOME + net"] = _measured(cases, IN_PROCESS["adversarial"])
    with TriageClient(NEVER_THERE, max_attempts=1) as nobody:
        down = ServiceArm(nobody, timeout_seconds=2)
        columns["service down"] = _measured(cases, _asked(cases, down, asked.callers))
    model = f"{info.model}{', a demo model: not MedGemma' if info.demo else ''}"
    table = markdown(
        columns, model=model, texts=len(cases), day=datetime.now(UTC).date().isoformat()
    )
    print(table)
    if asked.write:
        write_block(asked.write, table, begin=BEGIN, end=END)
    return 0


def markdown(columns: Mapping[str, Metrics], *, model: str, texts: int, day: str) -> str:
    """The table: a row a measure, a column an arm, shares with their Wilson 95% intervals."""
    names = [*columns, "the paper (50 scenarios)"]
    lines = [
        f"{day}, {texts} texts, model: {model}.",
        "",
        f"| | {' | '.join(names)} |",
        "|---|" + "---|" * len(names),
    ]
    for metric, meaning in ROWS.items():
        cells = [_cell(metrics[metric]) for metrics in columns.values()]
        cells.append(_cell(PAPER[metric]) if metric in PAPER else "")
        lines.append(f"| {meaning} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(share: Proportion) -> str:
    if share.share is None or share.interval is None:
        return "–"
    low, high = share.interval
    return f"{share.share:.1%} ({100 * low:.1f}–{100 * high:.1f})"


def _service_arms(client: TriageClient) -> Mapping[str, ServiceArm]:
    return {
        "model alone": ServiceArm(client, timeout_seconds=60, model_alone=True),
        "model + net": ServiceArm(client, timeout_seconds=60),
        "model + net, told to reassure": ServiceArm(client, timeout_seconds=60, suffix=INJECTED),
    }


def _asked(cases: Sequence[LabelledCase], arm: Assess, callers: int) -> Assess:
    answers = ask_all(cases, arm, callers=callers)

    def answered(text: str, language: str | None, patient: Patient | None) -> Assessment:
        return answers[text, language, patient]

    return answered


def _measured(cases: Sequence[LabelledCase], assess: Assess) -> Metrics:
    return count_metrics(answer_cases(cases, assess, conditions_by_rule=conditions_by_rule()))


def _all_cases() -> tuple[LabelledCase, ...]:
    found: list[LabelledCase] = []
    for name in SETS:
        lines = room_file("evaluation", f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        found += read_cases(lines)
    return tuple(found)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m inference_svc.evaluation_table", description=__doc__
    )
    parser.add_argument("--target", default="127.0.0.1:50051", help="host:port [127.0.0.1:50051]")
    parser.add_argument("--callers", type=int, default=16, help="calls at a time [16]")
    parser.add_argument("--write", type=Path, help="a Markdown file that holds the markers")
    return parser


if __name__ == "__main__":
    sys.exit(main())
