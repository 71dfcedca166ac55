"""How a running demo is asked to stop or start its inference service, over a Unix socket."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET_NAME = "control.sock"
WISHES = ("status", "stop", "start")
ANSWER_SECONDS = 20.0


class NotRunning(Exception):  # noqa: N818 - reads as what it says
    """No demo is running in this directory."""


@contextmanager
def _short_path(directory: Path) -> Iterator[str]:
    # a socket's path holds 107 bytes at most; through the directory's descriptor it always fits
    descriptor = os.open(directory, os.O_DIRECTORY | os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)


def ask_inference(directory: Path, wish: str) -> str:
    """Ask for «status», «stop» or «start»; returns the state that follows.

    Raises `NotRunning` when nothing listens in the directory.
    """
    if wish not in WISHES:
        raise ValueError(f"one of {', '.join(WISHES)} expected, got {wish!r}")
    try:
        with _short_path(directory) as path, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(path)
            connection.sendall(wish.encode() + b"\n")
            return connection.makefile("r").readline().strip()
    except OSError as error:
        raise NotRunning(f"no demo is running in {directory}") from error


def listen(directory: Path) -> socket.socket:
    """A listening socket in the directory; what a killed run left there is replaced."""
    directory.joinpath(SOCKET_NAME).unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    with _short_path(directory) as path:
        server.bind(path)
    directory.joinpath(SOCKET_NAME).chmod(0o600)
    server.listen(8)
    return server


def answer_one(server: socket.socket, act: Callable[[str], str]) -> None:
    """Take one question, act on it, answer in one line; an odd question gets «unknown»."""
    connection, _ = server.accept()
    with connection:
        connection.settimeout(2.0)
        try:
            wish = connection.makefile("r").readline(64).strip()
            state = act(wish) if wish in WISHES else "unknown"
            connection.sendall(state.encode() + b"\n")
        except OSError:
            return
