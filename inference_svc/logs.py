"""Structured logs on stderr: one JSON object per line. Never text of a case."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import structlog

SERVICE = "chewie-inference"
ENGINE_LOGGING = Path(__file__).with_name("engine_logging.json")
"""How vLLM logs in all of its processes; the file that its own setting names."""


def configure_logs(level: str) -> None:
    """Send our logs at `level`, and warnings of libraries, to stderr as JSON lines."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LibraryLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class EngineLine(logging.Formatter):
    """A line of vLLM in its own words. Its processes see token ids alone; ours sees texts, so that
    a trace from there is left out but for its kind."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON line."""
        line = {
            "event": "engine",
            "logger": record.name,
            "level": record.levelname.lower(),
            "process": record.processName,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            if record.processName != "MainProcess":
                line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class _LibraryLine(logging.Formatter):
    """Names the library, the place and the kind of error; its message may quote a request."""

    def format(self, record: logging.LogRecord) -> str:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        line = {
            "event": "library",
            "logger": record.name,
            "level": record.levelname.lower(),
            "at": f"{record.module}:{record.lineno}",
            "error": kind,
        }
        return json.dumps(line)
