"""Prints every table, so that a clinician can review the guideline without reading Python.

`python -m clinical.tables` prints the rules with what they ask for; `--codes` the closed lists.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from clinical import tables
from clinical.tables.derived import definitions, derived_findings
from clinical.tables.populations import populations
from clinical.tables.rule import Rule
from clinical.version import guideline_version

RULE_COLUMNS = ("id", "who", "says", "when", "answer", "source", "status")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print to standard output. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m clinical.tables", description=__doc__)
    parser.add_argument("--codes", action="store_true", help="print the closed lists instead")
    parser.add_argument("--width", type=int, default=200, help="characters a line (200)")
    options = parser.parse_args(arguments)
    console = Console(width=options.width, soft_wrap=False)
    console.print(f"Guideline version {guideline_version()}. {len(tables.rules())} rules.")
    console.print("No clinician has reviewed these tables, unless a row says so.")
    for table in code_tables() if options.codes else rule_tables():
        console.print(table)
    return 0


def rule_tables() -> Iterable[Table]:
    """One table for each file of rules, then the definitions and derived findings."""
    for file in dict.fromkeys(rule.file for rule in tables.rules()):
        yield _table(file, RULE_COLUMNS, (_row(r) for r in tables.rules() if r.file == file))
    yield _table(
        "definitions", ("name", "means"), ((f"@{n}", t.says) for n, t in definitions().items())
    )
    yield _table(
        "derived findings",
        ("finding", "who", "present when", "absent when", "source"),
        (
            (
                row.finding,
                ", ".join(p.name for p in row.populations),
                row.present_when.says,
                row.absent_when.says if row.absent_when else "",
                row.citation,
            )
            for row in derived_findings()
        ),
    )
    yield _table(
        "populations",
        ("code", "name", "days"),
        ((p.code, p.name, f"{p.first_day} to {p.below_day - 1}") for p in populations().values()),
    )


def code_tables() -> Iterable[Table]:
    """The closed lists."""
    signs = set(tables.danger_sign_codes())
    yield _table(
        "findings",
        ("code", "name", "danger sign"),
        ((c, name, "yes" if c in signs else "") for c, name in tables.findings().items()),
    )
    yield _table("conditions", ("code", "name"), tables.conditions().items())
    yield _table(
        "actions",
        ("code", "name", "permitted at"),
        (
            (code, row.name, ", ".join(u.name for u in sorted(row.urgencies, reverse=True)))
            for code, row in tables.actions().items()
        ),
    )
    yield _table(
        "questions",
        ("code", "answers"),
        (
            (code, " ".join(f"{n}={o.code}" for n, o in enumerate(row.answers, start=1)))
            for code, row in tables.questions().items()
        ),
    )


def _row(rule: Rule) -> tuple[str, ...]:
    answer = [rule.urgency.name, rule.condition, rule.level.value, *rule.actions]
    reviewed = "reviewed" if rule.reviewed else "not reviewed"
    return (
        rule.id,
        ", ".join(population.name for population in rule.populations),
        rule.says,
        rule.when.says,
        ", ".join(answer),
        " ".join([rule.citation, *(f"[row {row}]" for row in rule.rows)]),
        f"{rule.status}, {reviewed}",
    )


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(title=title, show_lines=True, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # Square brackets are the citation's own, not markup.
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    return table


if __name__ == "__main__":
    raise SystemExit(main())
