"""Logs: JSON lines at the level asked for, and nothing of what a library wants to say in words."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from inference_svc.logs import configure_logs


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:], logging.root.level = handlers, level
    structlog.reset_defaults()


def test_lines_are_json_from_the_level_on(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("warning")
    log = structlog.get_logger("service")
    log.info("quiet")
    log.warning("told", ms=3)
    (line,) = capsys.readouterr().err.splitlines()
    assert {"event": "told", "ms": 3, "level": "warning"}.items() <= json.loads(line).items()


def test_library_is_named_but_not_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info")
    try:
        raise ValueError("Amina has fits")
    except ValueError:
        logging.getLogger("grpc._cython").exception("bad request: %s", "Amina has fits")
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert told["logger"] == "grpc._cython"
    assert told["error"] == "ValueError"
    assert "Amina" not in line
