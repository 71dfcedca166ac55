"""Structured logs on stderr: events and ids, never text, numbers or tracebacks with arguments."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logs(level: int = logging.INFO) -> None:
    """One JSON line an event. Libraries that log requests or job results are kept to warnings."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True, format="%(message)s")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OnlyEvent())
    logging.getLogger().handlers = [handler]


class _OnlyEvent(logging.Formatter):
    """A library's record without its traceback, whose frames and messages may hold anything."""

    def format(self, record: logging.LogRecord) -> str:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        return f"{record.levelname} {record.name} {record.msg} {kind}".rstrip()
