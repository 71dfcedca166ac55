"""OpenTelemetry spans to a collector, when one is named. Spans hold method and code, no text."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from inference_svc.logs import SERVICE


def start_tracing(endpoint: str) -> TracerProvider | None:
    """Send spans to an OTLP collector over gRPC («http://host:4317»); nothing when empty.

    Opens a channel, so call it after the engine has started its process.
    """
    if not endpoint:
        return None
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)
    return provider
