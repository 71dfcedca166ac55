"""Prometheus metrics. Labels are codes of closed lists; no id, text or number is a label."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

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
WAITING = Gauge("chewie_gateway_waiting_messages", "Messages taken in and not handled yet")
OLDEST_WAITING_SECONDS = Gauge(
    "chewie_gateway_oldest_waiting_seconds", "Age of the oldest of them, in seconds"
)
SECONDS_TO_REPLY = Histogram(
    "chewie_gateway_seconds_to_reply",
    "From taking a message in to handing over its reply, in seconds",
    buckets=(0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 40, 90, 300, 900),
)
