"""Whether the demo's ports are free, told before anything starts."""

from __future__ import annotations

import socket

from demo.run.settings import RunError, RunSettings

HOST = "127.0.0.1"


def check_ports(settings: RunSettings) -> None:
    """Raise `RunError` that names every taken port and the variable to change it."""
    taken = [
        f"Port {port} is taken, and {what} wants it. Free it, or choose another: "
        f"make run {variable}={port + 1000}"
        for variable, (what, port) in settings.ports().items()
        if not is_free(port)
    ]
    if taken:
        raise RunError("\n".join(taken))


def is_free(port: int) -> bool:
    """Whether a listener could bind the port on loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether something accepts connections on the port."""
    try:
        with socket.create_connection((HOST, port), timeout=0.5):
            return True
    except OSError:
        return False
