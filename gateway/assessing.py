"""Assesses one case: the service within its deadline, else the same rules in process.

Either way the safety net of this side has the last word: it only raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from clinical import apply_safety_net, assess_by_rules, guideline_version
from clinical.assessment import Assessment, Urgency
from clinical.case import Case
from gateway import metrics
from gateway.triage_client import Provenance, Triage, TriageUnavailableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A final assessment and where it came from."""

    assessment: Assessment
    provenance: Provenance
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def assess_case(
    triage: Triage, case: Case, *, language: str, request_id: str, deadline_seconds: float
) -> Answer:
    """The service's answer under the net, or the rules' where it is away, late or unclear.

    The client's own retries share the one deadline.
    """
    try:
        answer = triage.assess(
            case, language=language, request_id=request_id, timeout_seconds=deadline_seconds
        )
    except TriageUnavailableError as error:
        metrics.TRIAGE.labels(source="rules_here", reason=error.reason).inc()
        return assess_here(case, language=language, reason=error.reason)
    if answer.assessment.urgency is Urgency.UNSPECIFIED:
        metrics.TRIAGE.labels(source="rules_here", reason="no_urgency").inc()
        return assess_here(case, language=language, reason="no_urgency")
    source = answer.assessment.source.value.lower()
    metrics.TRIAGE.labels(source=source, reason=answer.provenance.fallback_reason).inc()
    return Answer(
        assessment=apply_safety_net(case, answer.assessment, language=language),
        provenance=answer.provenance,
        texts=answer.texts,
    )


def assess_here(case: Case, *, language: str, reason: str) -> Answer:
    """The rules' own answer, in this process."""
    return Answer(
        assessment=assess_by_rules(case, language=language),
        provenance=Provenance(
            model="", guideline_version=guideline_version(), fallback_reason=reason
        ),
    )
