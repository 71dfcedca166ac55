"""Runs the web application under gunicorn. The application is made in each worker, after fork."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from gateway import metrics
from gateway.app import create_app
from gateway.settings import Settings

GRACEFUL_SECONDS = 20
"""After SIGTERM requests in progress have so long; a pod's grace must exceed it."""


class _Web(BaseApplication):  # type: ignore[misc]
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": self._settings.web_bind,
            "workers": self._settings.web_workers,
            "threads": self._settings.web_threads,
            "worker_class": "gthread",
            "preload_app": False,
            "timeout": 30,
            "graceful_timeout": GRACEFUL_SECONDS,
            "keepalive": 30,
            "limit_request_line": 4_094,
            "limit_request_fields": 60,
            "loglevel": "warning",
            "control_socket_disable": True,
            "child_exit": lambda _server, worker: metrics.forget_process(worker.pid),
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        return create_app(self._settings)


def run_web(settings: Settings) -> None:
    """Serves until SIGTERM."""
    _Web(settings).run()
