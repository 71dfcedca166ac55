"""Spans reach a real OTLP collector, join the caller's trace, and hold no text of a case."""

import grpc
import pytest
from opentelemetry.sdk.trace import TracerProvider

from chewie.client import TriageClient, TriageError, request_for
from chewie.client.channel import call_metadata
from chewie.triage.v1.triage_pb2_grpc import TriageServiceStub
from tests.inference_svc.collector import collecting
from tests.inference_svc.fakes import a_request
from tests.inference_svc.process import running

SECRET = "Amina Xylo fits"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


def test_spans_join_the_callers_trace_and_hold_no_text() -> None:
    with collecting() as kept, running(OTLP_ENDPOINT=kept.endpoint) as service:
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
