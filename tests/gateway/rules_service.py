"""A real gRPC server of the contract that answers by the guideline rules, for fault tests.

Run as `python rules_service.py PORT`. It names a model, so that its answers are told from the
gateway's own fallback.
"""

from __future__ import annotations

import sys
from concurrent import futures

import grpc

from chewie.triage.v1 import triage_pb2 as pb
from chewie.triage.v1.triage_pb2_grpc import (
    TriageServiceServicer,
    add_TriageServiceServicer_to_server,
)
from clinical import assess_by_rules
from clinical.case import Case, Message, Role


class RulesService(TriageServiceServicer):
    """Assess by rules, under a model's name."""

    def Assess(self, request, context):  # noqa: N802 - the contract's name
        said = [m.text for m in request.case.messages if m.role == pb.ROLE_HEALTH_WORKER]
        given = assess_by_rules(
            Case(messages=tuple(Message(role=Role.HEALTH_WORKER, text=text) for text in said))
        )
        wire = pb.Assessment(urgency=int(given.urgency), summary="By the test's own service.")
        wire.conditions.extend(pb.Condition(code=code, name=code) for code in given.conditions)
        wire.actions.extend(pb.Action(code=code, text=code) for code in given.actions)
        wire.referral.needed = given.referral.needed
        wire.referral.level = pb.ReferralLevel.Value(f"REFERRAL_LEVEL_{given.referral.level}")
        wire.provenance.model = "rules-service"
        wire.provenance.source = pb.ANSWER_SOURCE_MODEL_AND_RULES
        return pb.AssessResponse(assessment=wire)


def serve(port: int) -> tuple[grpc.Server, int]:
    """A started server, and its port."""
    server = grpc.server(futures.ThreadPoolExecutor(4))
    add_TriageServiceServicer_to_server(RulesService(), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, bound


if __name__ == "__main__":
    started, _ = serve(int(sys.argv[1]))
    started.wait_for_termination()
