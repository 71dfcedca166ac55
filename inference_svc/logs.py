"""Structured logs on stderr: one JSON object per line. Never text of a case."""

from __future__ import annotations

import json
import logging
import sys

import structlog

SERVICE = "chewie-inference"


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
