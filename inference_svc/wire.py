"""The only place where protobuf meets the domain: requests in, assessments out. No decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
from clinical.case import (
    AgeGroup,
    Case,
    Finding,
    Message,
    Patient,
    Pregnancy,
    Presence,
    Role,
    Sex,
    Vitals,
)
from clinical.phrases import Form, Kind, phrase
from inference_svc.engine import TokenUsage
from inference_svc.identity import ServiceIdentity

VITAL_NAMES = tuple(field.name for field in pb.Vitals.DESCRIPTOR.fields)


def case_from_proto(case: pb.Case) -> Case:
    """Return the domain's case of a request that `validate_request` has passed."""
    patient = case.patient
    return Case(
        messages=tuple(
            Message(role=Role(_bare(pb.Role.Name(message.role))), text=message.text)
            for message in case.messages
        ),
        patient=Patient(
            age_days=patient.age_days if patient.HasField("age_days") else None,
            age_group=AgeGroup(_bare(pb.AgeGroup.Name(patient.age_group), "AGE_GROUP_")),
            sex=Sex(_bare(pb.Sex.Name(patient.sex))),
            pregnancy=Pregnancy(_bare(pb.Pregnancy.Name(patient.pregnancy))),
            gestation_weeks=(
                patient.gestation_weeks if patient.HasField("gestation_weeks") else None
            ),
        ),
        vitals=vitals_from_proto(case.vitals),
        findings=tuple(
            Finding(
                code=finding.code,
                presence=Presence(_bare(pb.Presence.Name(finding.presence))),
            )
            for finding in case.findings
        ),
    )


def vitals_from_proto(vitals: pb.Vitals) -> Vitals:
    """Vitals with None where the caller said nothing; floats to two decimals, as float32 holds."""
    return Vitals(
        **{
            name: _two_decimals(getattr(vitals, name))
            for name in VITAL_NAMES
            if vitals.HasField(name)
        }
    )


def _two_decimals(value: Any) -> Any:
    return round(value, 2) if isinstance(value, float) else value


def assessment_to_proto(
    assessment: Assessment,
    *,
    language: str,
    identity: ServiceIdentity,
    fallback_reason: str = "",
    usage: TokenUsage | None = None,
    total_ms: int = 0,
) -> pb.Assessment:
    """Return the wire form, with the texts of every code in `language`."""
    return pb.Assessment(
        urgency=pb.Urgency.Value(f"URGENCY_{Urgency(assessment.urgency).name}"),
        summary=assessment.summary,
        danger_signs=danger_signs_to_proto(assessment.danger_signs),
        conditions=[
            pb.Condition(code=code, name=_text(Kind.CONDITION, code, language))
            for code in assessment.conditions
        ],
        actions=[
            pb.Action(code=code, text=_text(Kind.ACTION, code, language))
            for code in assessment.actions
        ],
        referral=_referral_to_proto(assessment.referral),
        questions=[_question_to_proto(question, language) for question in assessment.questions],
        provenance=_provenance_to_proto(assessment, identity, fallback_reason),
        usage=_usage_to_proto(usage or TokenUsage(), total_ms),
    )


def assessment_from_proto(answer: pb.Assessment) -> Assessment:
    """Return the domain's assessment of an answer; the words that state a sign have no place in it.

    For callers in this room (evaluation). Urgencies that are not known here raise ValueError.
    """
    referral = answer.referral
    return Assessment(
        urgency=Urgency(answer.urgency),
        summary=answer.summary,
        danger_signs=tuple(
            DangerSign(
                code=sign.code,
                source=Source(pb.SignSource.Name(sign.source).removeprefix("SIGN_SOURCE_")),
                rule_id=sign.rule_id,
            )
            for sign in answer.danger_signs
        ),
        conditions=tuple(condition.code for condition in answer.conditions),
        actions=tuple(action.code for action in answer.actions),
        referral=Referral(
            needed=referral.needed,
            within_hours=referral.within_hours if referral.HasField("within_hours") else None,
            level=ReferralLevel(
                pb.ReferralLevel.Name(referral.level).removeprefix("REFERRAL_LEVEL_")
            ),
            reason=referral.reason,
        ),
        questions=tuple(
            Question(code=question.code, options=tuple(one.code for one in question.options))
            for question in answer.questions
        ),
        source=AnswerSource(
            pb.AnswerSource.Name(answer.provenance.source).removeprefix("ANSWER_SOURCE_")
        ),
        raised_by_rules=answer.provenance.raised_by_rules,
        rule_ids=tuple(answer.provenance.rule_ids),
        notes=tuple(answer.provenance.notes),
    )


def case_to_proto(case: Case) -> pb.Case:
    """Return the wire form of a case; what is unknown stays unset."""
    patient, vitals = case.patient, case.vitals
    return pb.Case(
        messages=[
            pb.Message(role=pb.Role.Value(f"ROLE_{message.role.value}"), text=message.text)
            for message in case.messages
        ],
        patient=pb.Patient(
            age_days=patient.age_days,
            sex=pb.Sex.Value(_prefixed("SEX", patient.sex)),
            pregnancy=pb.Pregnancy.Value(_prefixed("PREGNANCY", patient.pregnancy)),
            gestation_weeks=patient.gestation_weeks,
            age_group=pb.AgeGroup.Value(_prefixed("AGE_GROUP", patient.age_group)),
        ),
        vitals=pb.Vitals(**{name: getattr(vitals, name) for name in VITAL_NAMES}),
        findings=findings_to_proto(case.findings),
    )


def _prefixed(prefix: str, value: str) -> str:
    return f"{prefix}_{'UNSPECIFIED' if value == 'UNKNOWN' else value}"


def danger_signs_to_proto(signs: Sequence[DangerSign]) -> list[pb.DangerSign]:
    """Danger signs with who named them, and the words that state them."""
    return [
        pb.DangerSign(
            code=sign.code,
            source=pb.SignSource.Value(f"SIGN_SOURCE_{Source(sign.source).value}"),
            rule_id=sign.rule_id,
            evidence=sign.evidence.text if sign.evidence else "",
        )
        for sign in signs
    ]


def findings_to_proto(findings: Sequence[Finding]) -> list[pb.Finding]:
    """Findings with their presence."""
    return [
        pb.Finding(
            code=finding.code,
            presence=pb.Presence.Value(f"PRESENCE_{Presence(finding.presence).value}"),
        )
        for finding in findings
    ]


def _bare(name: str, prefix: str | None = None) -> str:
    """«ROLE_HEALTH_WORKER» -> «HEALTH_WORKER»; an unspecified value is the domain's UNKNOWN."""
    bare = name.removeprefix(prefix) if prefix else name.split("_", 1)[1]
    return "UNKNOWN" if bare == "UNSPECIFIED" else bare


def _text(kind: Kind, code: str, language: str) -> str:
    return phrase(kind, code, language=language, form=Form.LONG)


def _referral_to_proto(referral: Referral) -> pb.Referral:
    return pb.Referral(
        needed=referral.needed,
        within_hours=referral.within_hours,
        level=pb.ReferralLevel.Value(f"REFERRAL_LEVEL_{ReferralLevel(referral.level).value}"),
        reason=referral.reason,
    )


def _question_to_proto(question: Question, language: str) -> pb.Question:
    return pb.Question(
        code=question.code,
        text=_text(Kind.QUESTION, question.code, language),
        options=[
            pb.QuestionOption(code=code, text=_text(Kind.OPTION, code, language))
            for code in question.options
        ],
    )


def _provenance_to_proto(
    assessment: Assessment, identity: ServiceIdentity, fallback_reason: str
) -> pb.Provenance:
    return pb.Provenance(
        model=identity.model,
        model_digest=identity.model_digest,
        prompt_version=identity.prompt_version,
        guideline_version=identity.guideline_version,
        source=pb.AnswerSource.Value(f"ANSWER_SOURCE_{AnswerSource(assessment.source).value}"),
        raised_by_rules=assessment.raised_by_rules,
        demo=identity.demo,
        fallback_reason=fallback_reason,
        rule_ids=assessment.rule_ids,
        notes=assessment.notes,
    )


def _usage_to_proto(usage: TokenUsage, total_ms: int) -> pb.Usage:
    return pb.Usage(
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        output_tokens=usage.output_tokens,
        queue_ms=usage.queue_ms,
        first_token_ms=usage.first_token_ms,
        total_ms=total_ms,
    )
