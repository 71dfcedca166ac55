"""A report as terminal table or JSON, and the answers as lines. Ids and codes only, never text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table

from clinical.assessment import Urgency
from clinical.evaluate.judge import METRICS, Outcome
from clinical.evaluate.measure import Report
from clinical.evaluate.proportion import Proportion
from clinical.evaluate.word_for_word import WordForWord

MAX_IDS_SHOWN = 40


def report_as_json(report: Report) -> dict[str, object]:
    """The whole report; confusion as {expected: {answered: texts}}."""
    return {
        "texts": report.texts,
        "metrics": {
            metric.name: {
                "meaning": metric.meaning,
                "good": metric.good,
                **report.metrics[metric.name].as_json(),
            }
            for metric in METRICS
        },
        "danger_sign_recall_by_sign": _all_as_json(report.recall_by_sign),
        "danger_sign_recall_by_language": _all_as_json(report.recall_by_language),
        "emergency_on_controls_by_language": _all_as_json(report.emergency_on_controls_by_language),
        "metrics_by_group": {
            group: _all_as_json(metrics) for group, metrics in report.metrics_by_group.items()
        },
        "confusion": {
            expected.name: {
                answered.name: report.confusion.get((expected, answered), 0) for answered in Urgency
            }
            for expected in Urgency
            if expected is not Urgency.UNSPECIFIED
        },
        "word_for_word": _all_as_json(_wording_shares(report.word_for_word)),
        "missed_ids": list(report.missed_ids),
        "alarm_ids": list(report.alarm_ids),
        "remarks": list(report.remarks),
    }


def prediction_lines(outcomes: Iterable[Outcome]) -> Iterable[str]:
    """One JSON line a case: id, urgency, danger_signs, conditions, fired_rules, referral_needed."""
    for outcome in outcomes:
        answer = outcome.answer
        yield json.dumps(
            {
                "id": outcome.case.id,
                "urgency": answer.urgency.name,
                "danger_signs": [sign.code for sign in answer.danger_signs],
                "conditions": list(answer.conditions),
                "fired_rules": list(answer.rule_ids),
                "referral_needed": answer.referral.needed,
            },
            ensure_ascii=False,
        )


def print_report(report: Report, console: Console, *, title: str) -> None:
    """The tables that a person reads: metrics, recall by language and sign, groups, confusion."""
    console.print(_metric_table(report, title))
    console.print(_share_table("Danger sign recall by language", report.recall_by_language))
    console.print(_share_table("Danger sign recall by sign", report.recall_by_sign))
    console.print(
        _share_table("EMERGENCY on controls by language", report.emergency_on_controls_by_language)
    )
    if report.metrics_by_group:
        console.print(_group_table(report))
    console.print(_confusion_table(report))
    if wording := _wording_shares(report.word_for_word):
        console.print(_share_table("Lexicon phrases word for word", wording))
    _print_ids(console, "Missed", report.missed_ids)
    _print_ids(console, "EMERGENCY on a control", report.alarm_ids)
    for remark in report.remarks:
        console.print(remark, markup=False)


def _all_as_json(shares: Mapping[str, Proportion]) -> dict[str, object]:
    return {name: share.as_json() for name, share in shares.items()}


def _wording_shares(wording: WordForWord | None) -> dict[str, Proportion]:
    if wording is None:
        return {}
    return {
        "texts with any phrase": wording.any_phrase,
        "texts with a phrase of their own sign": wording.own_sign,
        "recall of the texts without": wording.recall_without,
    }


def _cells(share: Proportion) -> tuple[str, str, str]:
    if share.share is None or share.interval is None:
        return "–", "", "0"
    low, high = share.interval
    return (
        f"{share.share:.1%}",
        f"{100 * low:.1f}–{100 * high:.1f}",
        f"{share.hits}/{share.total}",
    )


BETTER = {"high": "↑", "low": "↓"}  # which way is better


def _metric_table(report: Report, title: str) -> Table:
    table = _table("Metric, better", title)
    table.add_column("Of what")
    for metric in METRICS:
        name = f"{metric.name} {BETTER[metric.good]}"
        table.add_row(name, *_cells(report.metrics[metric.name]), metric.meaning)
    return table


def _table(first: str, title: str) -> Table:
    table = Table(title=title)
    for header in (first, "Share", "Wilson 95%", "Count"):
        table.add_column(header, no_wrap=True)
    return table


def _share_table(title: str, shares: Mapping[str, Proportion]) -> Table:
    table = _table("", title)
    for name, share in shares.items():
        table.add_row(name, *_cells(share))
    return table


GROUP_COLUMNS = (
    "danger_sign_recall",
    "under_triage",
    "over_triage_today",
    "referral_appropriate",
    "diagnosis_top_1",
)


def _group_table(report: Report) -> Table:
    table = Table("Group", *GROUP_COLUMNS, title="By group")
    for group, metrics in report.metrics_by_group.items():
        cells = (_cells(metrics[name]) for name in GROUP_COLUMNS)
        table.add_row(group, *(f"{share} ({count})" for share, _, count in cells))
    return table


def _confusion_table(report: Report) -> Table:
    table = Table("Expected \\ answered", *(u.name for u in Urgency), title="Urgency")
    for expected in Urgency:
        if expected is not Urgency.UNSPECIFIED:
            row = (str(report.confusion.get((expected, answered), 0)) for answered in Urgency)
            table.add_row(expected.name, *row)
    return table


def _print_ids(console: Console, label: str, ids: tuple[str, ...]) -> None:
    if ids:
        more = f" and {len(ids) - MAX_IDS_SHOWN} more" if len(ids) > MAX_IDS_SHOWN else ""
        shown = ", ".join(ids[:MAX_IDS_SHOWN])
        console.print(f"{label} ({len(ids)}): {shown}{more}", markup=False, highlight=False)
