"""The progress line, and silence where nobody looks."""

from __future__ import annotations

import io

from converter.progress import Quiet, TerminalLine, progress_for, progress_line


def test_line_tells_bytes_rate_and_time_left() -> None:
    line = progress_line("converting", 2_000_000_000, 8_000_000_000, 4.0)
    assert line == "converting 2.0 of 8.0 GB, 25%, 500 MB/s, 12 s left"


def test_line_at_the_start_and_for_nothing_divides_by_nothing() -> None:
    assert progress_line("x", 0, 10, 0.0).endswith("starting")
    assert "100%" in progress_line("x", 0, 0, 0.0)


def test_line_is_redrawn_a_few_times_a_second_and_at_the_end() -> None:
    stream, now = io.StringIO(), iter(range(100))
    line = TerminalLine(stream, clock=lambda: next(now) * 0.05)
    line.start("converting", 40)
    for _ in range(40):
        line.advance(1)
    line.finish()
    drawings = stream.getvalue().count("\r")
    assert 8 <= drawings <= 12
    assert stream.getvalue().endswith("\n")
    assert "100%" in stream.getvalue()


def test_pipe_and_log_get_nothing() -> None:
    assert isinstance(progress_for(io.StringIO()), Quiet)


def test_terminal_gets_the_line() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert isinstance(progress_for(Terminal()), TerminalLine)
