"""Typed clients of the triage service, sync and async, with deadline, retries, token and TLS.

>>> with TriageClient("dns:///triage.example:50051", token=token, tls=Tls()) as client:
...     assessment = client.assess(request_for("2yr old fitting"), timeout_seconds=20)
"""

from chewie.client.asynchronous import AsyncTriageClient
from chewie.client.channel import Tls
from chewie.client.errors import FieldViolation, TriageError
from chewie.client.requests import request_for
from chewie.client.synchronous import TriageClient

__all__ = [
    "AsyncTriageClient",
    "FieldViolation",
    "Tls",
    "TriageClient",
    "TriageError",
    "request_for",
]
