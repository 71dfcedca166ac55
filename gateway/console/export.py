"""Cases as CSV, codes only: no text, no number. Cells that a spreadsheet would run are escaped."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row

from clinical.assessment import Urgency

COLUMNS = (
    "case",
    "opened_at",
    "worker",
    "urgency",
    "conditions",
    "danger_signs",
    "source",
    "going",
    "reached",
    "outcome",
)
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cases_as_csv(rows: Iterable[Row[Any]]) -> str:
    """One line for each case under COLUMNS."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([escaped(cell) for cell in _cells(row)])
    return out.getvalue()


def escaped(cell: object) -> str:
    """A cell as text, with a quote in front where a spreadsheet would take it for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.lstrip(" ").startswith(_STARTS_A_FORMULA) else text


def _cells(row: Row[Any]) -> Sequence[object]:
    return (
        f"K{row.id}",
        row.opened_at.isoformat(timespec="seconds"),
        row.worker,
        Urgency(row.urgency).name,
        " ".join(row.conditions),
        " ".join(row.danger_signs),
        row.source,
        row.going,
        row.reached,
        row.outcome,
    )
