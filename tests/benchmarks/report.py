"""What a benchmark leaves behind: its section, and its figures beside their goals.

The figures of all benchmarks make the first table of the report, its chart, and the block of the
root README. Measures nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from clinical.evaluate.marked_block import write_block
from tests.benchmarks.machine import REPORT_FOLDER, ROOT

BEGIN = "<!-- bench: written by python -m tests.benchmarks --record, do not edit -->"
END = "<!-- end of bench -->"
README = ROOT / "README.md"
CHART = "goals.png"
RECORDED_CHART = ROOT / "tests" / "benchmarks" / "pictures" / CHART
_WIDEST_SHARE = 3.0
_MET, _MISSED = "#2a7f62", "#b5523b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One measured figure and its goal in words; `share` is 1 or more where the goal is met."""

    what: str
    goal: str
    measured: str
    share: float


def at_least(what: str, value: float, goal: float, unit: str = "") -> Outcome:
    """A figure that should reach its goal."""
    return Outcome(
        what=what, goal=f">= {goal:.4g}{unit}", measured=f"{value:.4g}{unit}", share=value / goal
    )


def at_most(what: str, value: float, goal: float, unit: str = "") -> Outcome:
    """A figure that should stay below its goal."""
    share = goal / value if value > 0 else _WIDEST_SHARE
    return Outcome(
        what=what, goal=f"<= {goal:.4g}{unit}", measured=f"{value:.4g}{unit}", share=share
    )


def write_section(
    name: str, text: str, figures: Sequence[Outcome] = (), *, folder: Path = REPORT_FOLDER
) -> None:
    """Keep a benchmark's section and figures where the report finds them."""
    folder.mkdir(parents=True, exist_ok=True)
    section_file(name, folder).write_text(text.strip() + "\n", encoding="utf-8")
    rows = [asdict(figure) for figure in figures]
    _figures_file(name, folder).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def forget_section(name: str, folder: Path = REPORT_FOLDER) -> None:
    """Remove what an earlier run left."""
    section_file(name, folder).unlink(missing_ok=True)
    _figures_file(name, folder).unlink(missing_ok=True)


def section_file(name: str, folder: Path = REPORT_FOLDER) -> Path:
    """Where the section of a benchmark stands."""
    return folder / f"{name}.md"


def _figures_file(name: str, folder: Path) -> Path:
    return folder / f"{name}.figures.json"


def measured_on(name: str) -> str:
    """The day on which a section was written."""
    return datetime.fromtimestamp(section_file(name).stat().st_mtime, UTC).date().isoformat()


def read_figures(name: str, folder: Path = REPORT_FOLDER) -> list[Outcome]:
    """The figures that a benchmark left; none when it did not finish."""
    file = _figures_file(name, folder)
    return [Outcome(**row) for row in json.loads(file.read_text("utf-8"))] if file.is_file() else []


def figures_table(figures: Sequence[Outcome]) -> str:
    """Markdown: every figure, its goal, and whether it is met."""
    lines = ["| what | goal | measured | |", "|---|---|---|---|"]
    for one in figures:
        met = "met" if one.share >= 1 else "**missed**"
        lines.append(f"| {one.what} | {one.goal} | {one.measured} | {met} |")
    return "\n".join(lines)


def draw_chart(figures: Sequence[Outcome], file: Path) -> None:
    """A bar for each figure: how far it is along the way to its goal, which is the line at 1."""
    from matplotlib.figure import Figure

    shown = list(reversed(figures))
    picture = Figure(figsize=(9, 0.8 + 0.32 * len(shown)), layout="constrained")
    axes = picture.add_subplot()
    axes.barh(
        [one.what for one in shown],
        [min(one.share, _WIDEST_SHARE) for one in shown],
        color=[_MET if one.share >= 1 else _MISSED for one in shown],
    )
    for place, one in enumerate(shown):
        axes.text(min(one.share, _WIDEST_SHARE) + 0.03, place, one.measured, va="center", size=8)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlim(0, _WIDEST_SHARE + 0.4)
    axes.set_xlabel("share of the goal; green reaches it")
    axes.tick_params(axis="y", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(file, format="png", dpi=110, metadata={"Software": None})


def record(
    figures: Sequence[Outcome],
    days: Sequence[str],
    machine: str,
    *,
    readme: Path = README,
    chart: Path = RECORDED_CHART,
) -> None:
    """Write the figures into the README's block, with the days, the machine and the chart."""
    draw_chart(figures, chart)
    block = [
        f"{', '.join(days)}, {machine}.",
        "",
        figures_table(figures),
        "",
        f"![Each figure as a share of its goal]({chart.relative_to(readme.parent)})",
    ]
    write_block(readme, "\n".join(block), begin=BEGIN, end=END)
