"""The table of arms: a column an arm, intervals in every cell, in its place on the page."""

from pathlib import Path

import pytest

from clinical.evaluate.proportion import Proportion
from inference_svc.evaluate import NOT_TOLD
from inference_svc.evaluation_table import BEGIN, END, PAPER, ROWS, main, markdown
from tests.inference_svc.process import running

METRICS = {name: Proportion(hits=9, total=10) for name in ROWS}


def test_every_arm_is_a_column_and_the_paper_the_last() -> None:
    table = markdown({"model alone": METRICS, "rules alone": METRICS}, model="m", texts=3, day="d")
    head, *rows = [line for line in table.splitlines() if line.startswith("|")]
    assert head == "| | model alone | rules alone | the paper (50 scenarios) |"
    assert len(rows) == 1 + len(ROWS)
    assert "98.0% (89.5–99.6)" in rows[1]
    assert rows[1].count("90.0% (59.6–98.2)") == 2


def test_the_papers_figures_are_those_of_fifty_scenarios() -> None:
    shares = {name: round(100 * (p.share or 0)) for name, p in PAPER.items()}
    assert list(shares.values()) == [98, 96, 92, 2]


def test_the_readme_holds_the_markers() -> None:
    page = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert page.count(BEGIN) == page.count(END) == 1


def test_a_service_that_does_not_tell_is_told_how_to(capsys: pytest.CaptureFixture[str]) -> None:
    with running() as service:
        assert main(["--target", service.target]) == 2
    assert NOT_TOLD in capsys.readouterr().err


def test_a_target_where_nobody_answers_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--target", "127.0.0.1:1"]) == 2
    assert "No service answers at 127.0.0.1:1" in capsys.readouterr().err
