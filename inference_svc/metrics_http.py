"""GET /metrics: our registry and vLLM's in one answer, on a small HTTP server of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder

PATH = "/metrics"
POLL_SECONDS = 0.02


class JoinedRegistry(CollectorRegistry):
    """Several registries read as one."""

    def __init__(self, registries: Iterable[CollectorRegistry]) -> None:
        super().__init__()
        self._parts = tuple(registries)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of every part."""
        for part in self._parts:
            yield from part.collect()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], registry: CollectorRegistry) -> None:
        self.registry = registry
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = 10  # seconds, so that a silent client holds no thread for long
    server: _Server

    def do_GET(self) -> None:
        if self.path.split("?", 1)[0] != PATH:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        encode, content_type = choose_encoder(self.headers.get("Accept", ""))
        body = encode(self.server.registry)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: scrapes come every few seconds."""


def serve_metrics(
    host: str, port: int, registries: Iterable[CollectorRegistry]
) -> tuple[int, Callable[[], None]]:
    """Serve in a thread; return the bound port and what stops it. Raises OSError."""
    server = _Server((host, port), JoinedRegistry(registries))
    thread = threading.Thread(
        target=server.serve_forever, args=(POLL_SECONDS,), name="metrics", daemon=True
    )
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return int(server.server_port), stop
