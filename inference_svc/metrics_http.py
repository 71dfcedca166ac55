"""GET /metrics: our registry and vLLM's in one answer, on a small HTTP server of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Metric, start_http_server


class JoinedRegistry(CollectorRegistry):
    """Several registries read as one."""

    def __init__(self, registries: Iterable[CollectorRegistry]) -> None:
        super().__init__()
        self._parts = tuple(registries)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of every part."""
        for part in self._parts:
            yield from part.collect()


def serve_metrics(
    host: str, port: int, registries: Iterable[CollectorRegistry]
) -> tuple[int, Callable[[], None]]:
    """Serve in a thread; return the bound port and what stops it."""
    server, thread = start_http_server(port, addr=host, registry=JoinedRegistry(registries))

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return server.server_port, stop
