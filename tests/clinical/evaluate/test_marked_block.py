"""A block of numbers takes the place between its markers, and nothing else moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinical.evaluate.marked_block import with_block, write_block

MARKS = {"begin": "<!-- in -->", "end": "<!-- out -->"}
PAGE = "before\n<!-- in -->\nstale\n<!-- out -->\nafter\n"


def test_what_stands_around_the_block_is_kept(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    write_block(page, "new", **MARKS)
    assert page.read_text("utf-8") == "before\n<!-- in -->\nnew\n<!-- out -->\nafter\n"


@pytest.mark.parametrize("page", ["no markers", "<!-- in --> alone", PAGE + PAGE])
def test_a_page_without_its_markers_once_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="expected the markers"):
        with_block(page, "new", **MARKS)
