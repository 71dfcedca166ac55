"""Puts a measured block into a page, between two marker lines that stand in it once each. Pure."""

from __future__ import annotations

from pathlib import Path


def with_block(page: str, block: str, *, begin: str, end: str) -> str:
    """The page with `block` between its markers. Raises ValueError where they do not stand once."""
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"expected the markers {begin!r} and {end!r} once each")
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{block}\n{end}{rest.partition(end)[2]}"


def write_block(file: Path, block: str, *, begin: str, end: str) -> None:
    """The same for a file."""
    page = file.read_text(encoding="utf-8")
    file.write_text(with_block(page, block, begin=begin, end=end), encoding="utf-8")
