"""Logs: JSON lines at the level asked for, and nothing of what a library wants to say in words."""

import json
import logging
import logging.config
from collections.abc import Iterator

import pytest
import structlog

from inference_svc.logs import ENGINE_LOGGING, configure_logs


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    engine = logging.getLogger("vllm")
    kept = [(log, log.handlers[:], log.level, log.propagate) for log in (logging.root, engine)]
    yield
    for log, handlers, level, propagate in kept:
        log.handlers[:], log.level, log.propagate = handlers, level, propagate
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


def test_engines_lines_are_json_and_its_traces_in_our_process_are_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logging.config.dictConfig(json.loads(ENGINE_LOGGING.read_text("utf-8")))
    log = logging.getLogger("vllm.v1.engine.async_llm")
    try:
        raise ValueError("Amina has fits")
    except ValueError:
        log.exception("output handler failed\nat once")
    log.info("quiet")
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert told["message"] == "output handler failed\nat once"
    assert told["error"] == "ValueError"
    assert "Amina" not in line
