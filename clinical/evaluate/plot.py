"""The confusion picture: expected urgency against answered urgency, as PNG."""

from __future__ import annotations

from pathlib import Path

from clinical.assessment import Urgency
from clinical.evaluate.measure import Confusion


def confusion_counts(confusion: Confusion) -> list[list[int]]:
    """Texts as rows of expected (HOME to EMERGENCY) by columns of answered (UNSPECIFIED first)."""
    return [
        [confusion.get((expected, answered), 0) for answered in Urgency]
        for expected in Urgency
        if expected is not Urgency.UNSPECIFIED
    ]


def draw_confusion(confusion: Confusion, path: Path, *, title: str) -> None:
    """Write the picture to `path`. Colour is the share of a row, the number is texts."""
    # Only this option needs matplotlib, which is large and not part of what runs in production.
    from matplotlib.figure import Figure

    counts = confusion_counts(confusion)
    shares = [[count / (sum(row) or 1) for count in row] for row in counts]
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, cells in enumerate(counts):
        for column, count in enumerate(cells):
            colour = "white" if shares[row][column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour)
    axes.set_xticks(range(len(Urgency)), [urgency.name for urgency in Urgency], rotation=20)
    axes.set_yticks(range(len(counts)), [u.name for u in Urgency if u is not Urgency.UNSPECIFIED])
    axes.set_xlabel("answered")
    axes.set_ylabel("expected")
    axes.set_title(title)
    figure.savefig(path, format="png", dpi=120)
