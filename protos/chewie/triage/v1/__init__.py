"""Version 1 of the triage API: generated messages, enums, stub and servicer, importable by name."""

from chewie.triage.v1.triage_pb2 import *  # noqa: F403
from chewie.triage.v1.triage_pb2_grpc import (
    TriageServiceServicer,
    TriageServiceStub,
    add_TriageServiceServicer_to_server,
)

__all__ = [
    "TriageServiceServicer",
    "TriageServiceStub",
    "add_TriageServiceServicer_to_server",
]
