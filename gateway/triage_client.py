"""Asks the inference service by its typed client: the only module that knows the wire's types."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from chewie.client import Tls, TriageClient, TriageError
from chewie.triage.v1 import triage_pb2 as pb
from clinical.assessment import (
    AnswerSource,
    Assessment,
    DangerSign,
    Question,
    Referral,
    ReferralLevel,
    Source,
    Urgency,
)
from clinical.case import AgeGroup, Case
from gateway.settings import Settings

CODE_NAMES_KEPT = 20  # an answer never holds more codes that we do not know


class TriageUnavailableError(Exception):
    """The service gave no answer. `reason` is a gRPC status name, never a text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Which model, prompt and guideline made an answer."""

    model: str = ""
    model_digest: str = ""
    prompt_version: str = ""
    guideline_version: str = ""
    fallback_reason: str = ""
    demo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAnswer:
    """The service's assessment, before the net of this side. `texts` words codes we do not know."""

    assessment: Assessment
    provenance: Provenance
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Triage(Protocol):
    """Who assesses a case: the service, or a test's own."""

    def assess(
        self, case: Case, *, language: str, request_id: str, timeout_seconds: float
    ) -> ServiceAnswer:
        """Raises TriageUnavailableError."""

    def close(self) -> None:
        """Lets go of the connection."""


class TriageService:
    """The gRPC service. The channel is made at the first call, so after any fork."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: TriageClient | None = None
        self._making = threading.Lock()

    def assess(
        self, case: Case, *, language: str, request_id: str, timeout_seconds: float
    ) -> ServiceAnswer:
        """See `Triage.assess`."""
        request = pb.AssessRequest(
            case=case_to_proto(case), language=language, request_id=request_id
        )
        try:
            wire = self._connected().assess(request, timeout_seconds=timeout_seconds)
        except TriageError as error:
            raise TriageUnavailableError(error.code.name) from None
        try:
            return answer_from_proto(wire)
        except ValueError:
            # A newer service may name a code of a closed list that this side does not have.
            raise TriageUnavailableError("UNREADABLE") from None

    def close(self) -> None:
        """See `Triage.close`."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _connected(self) -> TriageClient:
        with self._making:
            if self._client is None:
                settings = self._settings
                self._client = TriageClient(
                    settings.inference_target,
                    token=settings.inference_token.get_secret_value() or None,
                    tls=_tls(settings),
                    max_attempts=settings.assess_attempts,
                )
            return self._client


def _tls(settings: Settings) -> Tls | None:
    ca, cert = settings.inference_tls_ca_file, settings.inference_tls_cert_file
    if ca is None and cert is None:
        return None
    return Tls(ca_file=ca, cert_file=cert, key_file=settings.inference_tls_key_file)


def case_to_proto(case: Case) -> pb.Case:
    """The case on the wire; only what is known is set."""
    wire = pb.Case()
    for message in case.messages[-40:]:
        wire.messages.add(role=f"ROLE_{message.role}", text=message.text)
    patient = case.patient
    if patient.age_days is not None:
        wire.patient.age_days = patient.age_days
    if patient.gestation_weeks is not None:
        wire.patient.gestation_weeks = patient.gestation_weeks
    wire.patient.sex = _wire_enum(pb.Sex, "SEX", patient.sex)
    wire.patient.pregnancy = _wire_enum(pb.Pregnancy, "PREGNANCY", patient.pregnancy)
    if patient.age_group is not AgeGroup.UNKNOWN:
        wire.patient.age_group = pb.AgeGroup.Value(f"AGE_GROUP_{patient.age_group}")
    for name in pb.Vitals.DESCRIPTOR.fields_by_name:
        value = getattr(case.vitals, name)
        if value is not None:
            setattr(wire.vitals, name, value)
    for finding in case.findings[:200]:
        wire.findings.add(code=finding.code, presence=f"PRESENCE_{finding.presence}")
    return wire


def answer_from_proto(wire: pb.Assessment) -> ServiceAnswer:
    """The service's answer in clinical's types."""
    texts = {item.code: item.name for item in wire.conditions[:CODE_NAMES_KEPT]}
    texts |= {item.code: item.text for item in wire.actions[:CODE_NAMES_KEPT]}
    assessment = Assessment(
        urgency=Urgency(wire.urgency),
        summary=wire.summary[:240],
        danger_signs=tuple(
            DangerSign(code=sign.code, source=_source(sign.source), rule_id=sign.rule_id)
            for sign in wire.danger_signs
        ),
        conditions=tuple(item.code for item in wire.conditions),
        actions=tuple(item.code for item in wire.actions),
        referral=_referral(wire.referral),
        questions=tuple(
            Question(code=item.code, options=tuple(option.code for option in item.options))
            for item in wire.questions
        ),
        source=_answer_source(wire.provenance.source),
        raised_by_rules=wire.provenance.raised_by_rules,
        rule_ids=tuple(wire.provenance.rule_ids),
        notes=tuple(wire.provenance.notes),
    )
    return ServiceAnswer(
        assessment=assessment, provenance=_provenance(wire.provenance), texts=texts
    )


def _provenance(wire: pb.Provenance) -> Provenance:
    return Provenance(
        model=wire.model,
        model_digest=wire.model_digest,
        prompt_version=wire.prompt_version,
        guideline_version=wire.guideline_version,
        fallback_reason=wire.fallback_reason,
        demo=wire.demo,
    )


def _referral(wire: pb.Referral) -> Referral:
    name = pb.ReferralLevel.Name(wire.level).removeprefix("REFERRAL_LEVEL_")
    return Referral(
        needed=wire.needed,
        within_hours=wire.within_hours if wire.HasField("within_hours") else None,
        level=ReferralLevel.NONE if name == "UNSPECIFIED" else ReferralLevel(name),
        reason=wire.reason,
    )


def _source(value: int) -> Source:
    return Source.RULE if value == pb.SIGN_SOURCE_RULE else Source.MODEL


def _answer_source(value: int) -> AnswerSource:
    both = value == pb.ANSWER_SOURCE_MODEL_AND_RULES
    return AnswerSource.MODEL_AND_RULES if both else AnswerSource.RULES_ONLY


def _wire_enum(kind: Any, prefix: str, value: str) -> Any:
    return kind.Value(f"{prefix}_{'UNSPECIFIED' if value == 'UNKNOWN' else value}")
