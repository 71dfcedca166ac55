"""What a benchmark leaves: figures beside their goals, in a table, a chart and the README."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.report import (
    BEGIN,
    END,
    README,
    RECORDED_CHART,
    at_least,
    at_most,
    draw_chart,
    figures_table,
    forget_section,
    read_figures,
    record,
    write_section,
)

FIGURES = [at_least("16 callers", 0.97, 0.95, " times"), at_most("one caller", 6.2, 5, " ms")]
PNG = b"\x89PNG\r\n\x1a\n"


def test_every_figure_says_whether_its_goal_is_met() -> None:
    assert figures_table(FIGURES).splitlines()[2:] == [
        "| 16 callers | >= 0.95 times | 0.97 times | met |",
        "| one caller | <= 5 ms | 6.2 ms | **missed** |",
    ]


def test_the_chart_is_a_picture(tmp_path: Path) -> None:
    draw_chart(FIGURES, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(PNG)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write_section("one", "text", FIGURES, folder=tmp_path)
    assert read_figures("one", tmp_path) == FIGURES
    forget_section("one", tmp_path)
    assert read_figures("one", tmp_path) == []


def test_recording_fills_the_block_of_a_page(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n", encoding="utf-8")
    record(FIGURES, ["2026-11-26"], "2 cores", readme=page, chart=tmp_path / "chart.png")
    text = page.read_text("utf-8")
    assert "2026-11-26, 2 cores." in text
    assert "![Each figure as a share of its goal](chart.png)" in text
    assert text.endswith("after\n")


def test_the_readme_shows_the_last_whole_run() -> None:
    page = README.read_text("utf-8")
    block = page.partition(BEGIN)[2].partition(END)[0]
    assert "| what | goal | measured |" in block
    assert RECORDED_CHART.is_file()
