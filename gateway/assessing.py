"""Assesses one case: the service within its deadline, else the same rules in process.

Either way the safety net of this side has the last word: it only raises.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from clinical import apply_safety_net, assess_by_rules, guideline_version
from clinical.assessment import Assessment, Urgency
from clinical.case import Case
from gateway import metrics
from gateway.triage_client import Provenance, ServiceAnswer, Triage, TriageUnavailableError

PAUSE_SECONDS = 0.2  # between two tries


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A final assessment and where it came from."""

    assessment: Assessment
    provenance: Provenance
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def assess_case(
    triage: Triage,
    case: Case,
    *,
    language: str,
    request_id: str,
    deadline_seconds: float,
    attempts: int,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """The service's answer under the net, or the rules' after the attempts or the deadline."""
    ends = monotonic() + deadline_seconds
    reason = "deadline"
    for attempt in range(1, attempts + 1):
        left = ends - monotonic()
        if left <= 0:
            break
        try:
            answer = triage.assess(
                case, language=language, request_id=request_id, timeout_seconds=left
            )
        except TriageUnavailableError as error:
            reason = error.reason
            if not error.worth_another_try or attempt == attempts:
                break
            sleep(min(PAUSE_SECONDS * attempt, max(0.0, ends - monotonic())))
            continue
        metrics.TRIAGE.labels(
            source=answer.assessment.source.value, reason=answer.provenance.fallback_reason
        ).inc()
        return _under_the_net(case, answer, language)
    metrics.TRIAGE.labels(source="RULES_HERE", reason=reason).inc()
    return assess_here(case, language=language, reason=reason)


def assess_here(case: Case, *, language: str, reason: str) -> Answer:
    """The rules' own answer, in this process."""
    return Answer(
        assessment=assess_by_rules(case, language=language),
        provenance=Provenance(
            model="", guideline_version=guideline_version(), fallback_reason=reason
        ),
    )


def _under_the_net(case: Case, answer: ServiceAnswer, language: str) -> Answer:
    assessment = answer.assessment
    if assessment.urgency is Urgency.UNSPECIFIED:
        return assess_here(case, language=language, reason="no_urgency")
    return Answer(
        assessment=apply_safety_net(case, assessment, language=language),
        provenance=answer.provenance,
        texts=answer.texts,
    )
