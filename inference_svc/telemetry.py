"""What is counted and traced of calls. Labels come from closed lists; no text, no caller's ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from opentelemetry import propagate, trace
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from clinical.assessment import AnswerSource, Urgency
from inference_svc.assess import Answer

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 21, 34, 60)


class Metrics:
    """Our own metrics, in a registry of their own (vLLM has another)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        prefix = "chewie_inference"
        self.calls = Counter(
            f"{prefix}_calls", "Calls by method and code", ["method", "code"], registry=registry
        )
        self.seconds = Histogram(
            f"{prefix}_call_seconds",
            "Seconds per call",
            ["method"],
            buckets=SECONDS,
            registry=registry,
        )
        self.running = Gauge(
            f"{prefix}_calls_running", "Calls inside now", ["method"], registry=registry
        )
        self.queue_seconds = Histogram(
            f"{prefix}_queue_seconds", "Wait in the engine", buckets=SECONDS, registry=registry
        )
        self.tokens = Counter(
            f"{prefix}_tokens", "Tokens: prompt, cached, output", ["kind"], registry=registry
        )
        self.assessments = Counter(
            f"{prefix}_assessments",
            "Answers by urgency and source",
            ["urgency", "source"],
            registry=registry,
        )
        self.raised = Counter(
            f"{prefix}_raised_by_rules", "Answers whose urgency the net raised", registry=registry
        )
        self.fallbacks = Counter(
            f"{prefix}_fallbacks", "Answers by rules alone, by why", ["reason"], registry=registry
        )
        self.doses_removed = Counter(
            f"{prefix}_doses_removed", "Summaries that lost dose text", registry=registry
        )
        self.serving = Gauge(f"{prefix}_serving", "1 while health says SERVING", registry=registry)

    def observe(self, answer: Answer) -> None:
        """Count one answer."""
        assessment, usage = answer.assessment, answer.usage
        self.assessments.labels(
            urgency=Urgency(assessment.urgency).name, source=AnswerSource(assessment.source).value
        ).inc()
        if assessment.raised_by_rules:
            self.raised.inc()
        if answer.fallback_reason:
            self.fallbacks.labels(reason=answer.fallback_reason).inc()
        if "dose_text_removed" in assessment.notes:
            self.doses_removed.inc()
        if usage.output_tokens:
            self.queue_seconds.observe(usage.queue_ms / 1000)
        for kind in ("prompt", "cached", "output"):
            self.tokens.labels(kind=kind).inc(getattr(usage, f"{kind}_tokens"))


TRACER = trace.get_tracer("chewie.inference")


def parent_context(metadata: Iterable[tuple[str, str | bytes]]) -> object:
    """The trace context that the caller sent (W3C traceparent)."""
    return propagate.extract({key: value for key, value in metadata if isinstance(value, str)})


def outgoing_headers() -> Mapping[str, str]:
    """The present span as headers, for the engine's own spans."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers
