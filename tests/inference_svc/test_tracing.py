"""Spans reach a real OTLP collector, join the caller's trace, and hold no text of a case."""

from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as collector_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as collector_grpc
from opentelemetry.sdk.trace import TracerProvider

from chewie.client import TriageClient, TriageError, request_for
from chewie.client.channel import call_metadata
from chewie.triage.v1.triage_pb2_grpc import TriageServiceStub
from tests.inference_svc.fakes import a_request
from tests.inference_svc.process import running

SECRET = "Amina Xylo fits"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


class Collector(collector_grpc.TraceServiceServicer):  # type: ignore[misc]
    """Keeps the spans that arrive."""

    def __init__(self) -> None:
        self.spans: list[Any] = []

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return collector_pb2.ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    kept = Collector()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    collector_grpc.add_TraceServiceServicer_to_server(kept, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield kept, f"http://127.0.0.1:{port}"
    server.stop(0).wait()


def test_spans_join_the_callers_trace_and_hold_no_text(collector: tuple[Collector, str]) -> None:
    kept, endpoint = collector
    with running(OTLP_ENDPOINT=endpoint) as service:
        with grpc.insecure_channel(service.target) as channel:
            parent = (("traceparent", f"00-{TRACE_ID}-b7ad6b7169203331-01"),)
            TriageServiceStub(channel).Assess(a_request(SECRET), timeout=20, metadata=parent)
        with TriageClient(service.target) as client, pytest.raises(TriageError):
            client.assess(request_for(SECRET, temperature=5), timeout_seconds=20)
        service.signal(2)
        assert service.ended() == 0
    by_trace = {span.trace_id.hex(): span for span in kept.spans}
    joined = by_trace[TRACE_ID]
    assert joined.name == "chewie.triage.v1.TriageService/Assess"
    assert joined.parent_span_id.hex() == "b7ad6b7169203331"
    assert len(by_trace) == 2
    assert "Amina" not in str(kept.spans)


def test_client_sends_the_present_span() -> None:
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("gateway") as span:
        sent = dict(call_metadata("t"))
    assert sent["authorization"] == "Bearer t"
    assert f"{span.get_span_context().trace_id:032x}" in sent["traceparent"]
    assert "traceparent" not in dict(call_metadata(None))
