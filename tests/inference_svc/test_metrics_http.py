"""GET /metrics: several registries in one answer, and nothing else on that port."""

import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter

from inference_svc.metrics_http import serve_metrics


def test_registries_are_read_as_one_and_other_paths_are_not_found() -> None:
    registries = [CollectorRegistry(), CollectorRegistry()]
    Counter("ours", "x", registry=registries[0]).inc(2)
    Counter("theirs", "x", registry=registries[1]).inc(3)
    port, stop = serve_metrics("127.0.0.1", 0, registries)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            body = answer.read().decode()
        assert "ours_total 2.0" in body
        assert "theirs_total 3.0" in body
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10)
        assert caught.value.code == 404
        caught.value.close()
    finally:
        stop()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10)
