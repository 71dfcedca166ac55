"""Structured logs on stderr: one JSON object per line. Never text of a case."""

from __future__ import annotations

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
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format=_LIBRARY_LINE, force=True)


_LIBRARY_LINE = '{"event": "library", "logger": "%(name)s", "level": "%(levelname)s"}'
"""Without the message: a library's warning may quote a request."""
