"""Prometheus metrics. Labels are codes of closed lists; no id, text or number is a label."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    values,
)

INBOUND = Counter(
    "chewie_gateway_inbound", "Messages by what became of them", ["channel", "result"]
)
REFUSED = Counter("chewie_gateway_refused", "Requests that were refused", ["reason"])
REPLIES = Counter("chewie_gateway_replies", "Messages sent", ["kind", "urgency", "source"])
SEGMENTS = Counter("chewie_gateway_segments", "Segments sent", ["encoding"])
SEND_FAILURES = Counter("chewie_gateway_send_failures", "Sends that failed", ["failure"])
DELIVERY = Counter("chewie_gateway_delivery", "Delivery states heard of", ["status"])
TRIAGE = Counter("chewie_gateway_triage", "Assessments by who answered", ["source", "reason"])
RESCUED = Counter("chewie_gateway_rescued", "Jobs and messages taken up again", ["what"])
DEAD_LETTERS = Counter("chewie_gateway_dead_letters", "Messages given up with a fixed sentence")
WAITING = Gauge(
    "chewie_gateway_waiting_messages",
    "Messages taken in and not handled yet",
    multiprocess_mode="mostrecent",
)
OLDEST_WAITING_SECONDS = Gauge(
    "chewie_gateway_oldest_waiting_seconds",
    "Age of the oldest of them, in seconds",
    multiprocess_mode="mostrecent",
)
SECONDS_TO_REPLY = Histogram(
    "chewie_gateway_seconds_to_reply",
    "From taking a message in to handing over its reply, in seconds",
    buckets=(0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 40, 90, 300, 900),
)


def exposition() -> bytes:
    """All metrics as Prometheus reads them, of all web processes where they share a folder."""
    if values.ValueClass is values.MutexValue:
        return generate_latest()
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def forget_process(pid: int) -> None:
    """A web process ended: its gauges no longer count."""
    if values.ValueClass is not values.MutexValue:
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
