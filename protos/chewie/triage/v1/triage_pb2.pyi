from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Urgency(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    URGENCY_UNSPECIFIED: _ClassVar[Urgency]
    URGENCY_HOME: _ClassVar[Urgency]
    URGENCY_ROUTINE: _ClassVar[Urgency]
    URGENCY_URGENT: _ClassVar[Urgency]
    URGENCY_EMERGENCY: _ClassVar[Urgency]

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_HEALTH_WORKER: _ClassVar[Role]
    ROLE_ASSISTANT: _ClassVar[Role]

class Presence(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRESENCE_UNSPECIFIED: _ClassVar[Presence]
    PRESENCE_PRESENT: _ClassVar[Presence]
    PRESENCE_ABSENT: _ClassVar[Presence]
    PRESENCE_UNKNOWN: _ClassVar[Presence]

class Sex(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEX_UNSPECIFIED: _ClassVar[Sex]
    SEX_FEMALE: _ClassVar[Sex]
    SEX_MALE: _ClassVar[Sex]

class Pregnancy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PREGNANCY_UNSPECIFIED: _ClassVar[Pregnancy]
    PREGNANCY_NOT_PREGNANT: _ClassVar[Pregnancy]
    PREGNANCY_PREGNANT: _ClassVar[Pregnancy]
    PREGNANCY_POSTPARTUM: _ClassVar[Pregnancy]

class AgeGroup(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGE_GROUP_UNSPECIFIED: _ClassVar[AgeGroup]
    AGE_GROUP_NEWBORN: _ClassVar[AgeGroup]
    AGE_GROUP_YOUNG_INFANT: _ClassVar[AgeGroup]
    AGE_GROUP_CHILD: _ClassVar[AgeGroup]
    AGE_GROUP_OLDER_CHILD: _ClassVar[AgeGroup]
    AGE_GROUP_ADULT: _ClassVar[AgeGroup]

class Priority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRIORITY_UNSPECIFIED: _ClassVar[Priority]
    PRIORITY_NORMAL: _ClassVar[Priority]
    PRIORITY_HIGH: _ClassVar[Priority]

class ReferralLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFERRAL_LEVEL_UNSPECIFIED: _ClassVar[ReferralLevel]
    REFERRAL_LEVEL_NONE: _ClassVar[ReferralLevel]
    REFERRAL_LEVEL_HEALTH_POST: _ClassVar[ReferralLevel]
    REFERRAL_LEVEL_HEALTH_CENTRE: _ClassVar[ReferralLevel]
    REFERRAL_LEVEL_HOSPITAL: _ClassVar[ReferralLevel]

class SignSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIGN_SOURCE_UNSPECIFIED: _ClassVar[SignSource]
    SIGN_SOURCE_RULE: _ClassVar[SignSource]
    SIGN_SOURCE_MODEL: _ClassVar[SignSource]

class AnswerSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ANSWER_SOURCE_UNSPECIFIED: _ClassVar[AnswerSource]
    ANSWER_SOURCE_RULES_ONLY: _ClassVar[AnswerSource]
    ANSWER_SOURCE_MODEL_AND_RULES: _ClassVar[AnswerSource]
URGENCY_UNSPECIFIED: Urgency
URGENCY_HOME: Urgency
URGENCY_ROUTINE: Urgency
URGENCY_URGENT: Urgency
URGENCY_EMERGENCY: Urgency
ROLE_UNSPECIFIED: Role
ROLE_HEALTH_WORKER: Role
ROLE_ASSISTANT: Role
PRESENCE_UNSPECIFIED: Presence
PRESENCE_PRESENT: Presence
PRESENCE_ABSENT: Presence
PRESENCE_UNKNOWN: Presence
SEX_UNSPECIFIED: Sex
SEX_FEMALE: Sex
SEX_MALE: Sex
PREGNANCY_UNSPECIFIED: Pregnancy
PREGNANCY_NOT_PREGNANT: Pregnancy
PREGNANCY_PREGNANT: Pregnancy
PREGNANCY_POSTPARTUM: Pregnancy
AGE_GROUP_UNSPECIFIED: AgeGroup
AGE_GROUP_NEWBORN: AgeGroup
AGE_GROUP_YOUNG_INFANT: AgeGroup
AGE_GROUP_CHILD: AgeGroup
AGE_GROUP_OLDER_CHILD: AgeGroup
AGE_GROUP_ADULT: AgeGroup
PRIORITY_UNSPECIFIED: Priority
PRIORITY_NORMAL: Priority
PRIORITY_HIGH: Priority
REFERRAL_LEVEL_UNSPECIFIED: ReferralLevel
REFERRAL_LEVEL_NONE: ReferralLevel
REFERRAL_LEVEL_HEALTH_POST: ReferralLevel
REFERRAL_LEVEL_HEALTH_CENTRE: ReferralLevel
REFERRAL_LEVEL_HOSPITAL: ReferralLevel
SIGN_SOURCE_UNSPECIFIED: SignSource
SIGN_SOURCE_RULE: SignSource
SIGN_SOURCE_MODEL: SignSource
ANSWER_SOURCE_UNSPECIFIED: AnswerSource
ANSWER_SOURCE_RULES_ONLY: AnswerSource
ANSWER_SOURCE_MODEL_AND_RULES: AnswerSource

class Message(_message.Message):
    __slots__ = ("role", "text")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    role: Role
    text: str
    def __init__(self, role: _Optional[_Union[Role, str]] = ..., text: _Optional[str] = ...) -> None: ...

class Patient(_message.Message):
    __slots__ = ("age_days", "sex", "pregnancy", "gestation_weeks", "age_group")
    AGE_DAYS_FIELD_NUMBER: _ClassVar[int]
    SEX_FIELD_NUMBER: _ClassVar[int]
    PREGNANCY_FIELD_NUMBER: _ClassVar[int]
    GESTATION_WEEKS_FIELD_NUMBER: _ClassVar[int]
    AGE_GROUP_FIELD_NUMBER: _ClassVar[int]
    age_days: int
    sex: Sex
    pregnancy: Pregnancy
    gestation_weeks: int
    age_group: AgeGroup
    def __init__(self, age_days: _Optional[int] = ..., sex: _Optional[_Union[Sex, str]] = ..., pregnancy: _Optional[_Union[Pregnancy, str]] = ..., gestation_weeks: _Optional[int] = ..., age_group: _Optional[_Union[AgeGroup, str]] = ...) -> None: ...

class Vitals(_message.Message):
    __slots__ = ("temp_celsius", "respiratory_rate_per_minute", "pulse_per_minute", "systolic_mmhg", "diastolic_mmhg", "spo2_percent", "muac_mm", "weight_grams", "glucose_mg_per_dl", "haemoglobin_g_per_dl", "blood_loss_ml")
    TEMP_CELSIUS_FIELD_NUMBER: _ClassVar[int]
    RESPIRATORY_RATE_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    PULSE_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    SYSTOLIC_MMHG_FIELD_NUMBER: _ClassVar[int]
    DIASTOLIC_MMHG_FIELD_NUMBER: _ClassVar[int]
    SPO2_PERCENT_FIELD_NUMBER: _ClassVar[int]
    MUAC_MM_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_GRAMS_FIELD_NUMBER: _ClassVar[int]
    GLUCOSE_MG_PER_DL_FIELD_NUMBER: _ClassVar[int]
    HAEMOGLOBIN_G_PER_DL_FIELD_NUMBER: _ClassVar[int]
    BLOOD_LOSS_ML_FIELD_NUMBER: _ClassVar[int]
    temp_celsius: float
    respiratory_rate_per_minute: int
    pulse_per_minute: int
    systolic_mmhg: int
    diastolic_mmhg: int
    spo2_percent: int
    muac_mm: int
    weight_grams: int
    glucose_mg_per_dl: int
    haemoglobin_g_per_dl: float
    blood_loss_ml: int
    def __init__(self, temp_celsius: _Optional[float] = ..., respiratory_rate_per_minute: _Optional[int] = ..., pulse_per_minute: _Optional[int] = ..., systolic_mmhg: _Optional[int] = ..., diastolic_mmhg: _Optional[int] = ..., spo2_percent: _Optional[int] = ..., muac_mm: _Optional[int] = ..., weight_grams: _Optional[int] = ..., glucose_mg_per_dl: _Optional[int] = ..., haemoglobin_g_per_dl: _Optional[float] = ..., blood_loss_ml: _Optional[int] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("code", "presence")
    CODE_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_FIELD_NUMBER: _ClassVar[int]
    code: str
    presence: Presence
    def __init__(self, code: _Optional[str] = ..., presence: _Optional[_Union[Presence, str]] = ...) -> None: ...

class Case(_message.Message):
    __slots__ = ("messages", "patient", "vitals", "findings")
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    PATIENT_FIELD_NUMBER: _ClassVar[int]
    VITALS_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[Message]
    patient: Patient
    vitals: Vitals
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    def __init__(self, messages: _Optional[_Iterable[_Union[Message, _Mapping]]] = ..., patient: _Optional[_Union[Patient, _Mapping]] = ..., vitals: _Optional[_Union[Vitals, _Mapping]] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ...) -> None: ...

class AssessOptions(_message.Message):
    __slots__ = ("max_output_tokens", "temperature")
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    max_output_tokens: int
    temperature: float
    def __init__(self, max_output_tokens: _Optional[int] = ..., temperature: _Optional[float] = ...) -> None: ...

class AssessRequest(_message.Message):
    __slots__ = ("case", "request_id", "language", "priority", "options")
    CASE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    case: Case
    request_id: str
    language: str
    priority: Priority
    options: AssessOptions
    def __init__(self, case: _Optional[_Union[Case, _Mapping]] = ..., request_id: _Optional[str] = ..., language: _Optional[str] = ..., priority: _Optional[_Union[Priority, str]] = ..., options: _Optional[_Union[AssessOptions, _Mapping]] = ...) -> None: ...

class AssessResponse(_message.Message):
    __slots__ = ("assessment",)
    ASSESSMENT_FIELD_NUMBER: _ClassVar[int]
    assessment: Assessment
    def __init__(self, assessment: _Optional[_Union[Assessment, _Mapping]] = ...) -> None: ...

class AssessStreamRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: AssessRequest
    def __init__(self, request: _Optional[_Union[AssessRequest, _Mapping]] = ...) -> None: ...

class AssessStreamResponse(_message.Message):
    __slots__ = ("accepted", "rule_findings", "summary_delta", "assessment")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    RULE_FINDINGS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_DELTA_FIELD_NUMBER: _ClassVar[int]
    ASSESSMENT_FIELD_NUMBER: _ClassVar[int]
    accepted: Accepted
    rule_findings: RuleFindings
    summary_delta: SummaryDelta
    assessment: Assessment
    def __init__(self, accepted: _Optional[_Union[Accepted, _Mapping]] = ..., rule_findings: _Optional[_Union[RuleFindings, _Mapping]] = ..., summary_delta: _Optional[_Union[SummaryDelta, _Mapping]] = ..., assessment: _Optional[_Union[Assessment, _Mapping]] = ...) -> None: ...

class Accepted(_message.Message):
    __slots__ = ("request_id",)
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    def __init__(self, request_id: _Optional[str] = ...) -> None: ...

class RuleFindings(_message.Message):
    __slots__ = ("danger_signs", "findings")
    DANGER_SIGNS_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    danger_signs: _containers.RepeatedCompositeFieldContainer[DangerSign]
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    def __init__(self, danger_signs: _Optional[_Iterable[_Union[DangerSign, _Mapping]]] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ...) -> None: ...

class SummaryDelta(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class DangerSign(_message.Message):
    __slots__ = ("code", "source", "rule_id", "evidence")
    CODE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    code: str
    source: SignSource
    rule_id: str
    evidence: str
    def __init__(self, code: _Optional[str] = ..., source: _Optional[_Union[SignSource, str]] = ..., rule_id: _Optional[str] = ..., evidence: _Optional[str] = ...) -> None: ...

class Condition(_message.Message):
    __slots__ = ("code", "name")
    CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    code: str
    name: str
    def __init__(self, code: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class Action(_message.Message):
    __slots__ = ("code", "text")
    CODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    code: str
    text: str
    def __init__(self, code: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Referral(_message.Message):
    __slots__ = ("needed", "within_hours", "level", "reason")
    NEEDED_FIELD_NUMBER: _ClassVar[int]
    WITHIN_HOURS_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    needed: bool
    within_hours: int
    level: ReferralLevel
    reason: str
    def __init__(self, needed: _Optional[bool] = ..., within_hours: _Optional[int] = ..., level: _Optional[_Union[ReferralLevel, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class Question(_message.Message):
    __slots__ = ("code", "text", "options")
    CODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    code: str
    text: str
    options: _containers.RepeatedCompositeFieldContainer[QuestionOption]
    def __init__(self, code: _Optional[str] = ..., text: _Optional[str] = ..., options: _Optional[_Iterable[_Union[QuestionOption, _Mapping]]] = ...) -> None: ...

class QuestionOption(_message.Message):
    __slots__ = ("code", "text")
    CODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    code: str
    text: str
    def __init__(self, code: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Provenance(_message.Message):
    __slots__ = ("model", "model_digest", "prompt_version", "guideline_version", "source", "raised_by_rules", "demo", "fallback_reason", "rule_ids", "notes")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PROMPT_VERSION_FIELD_NUMBER: _ClassVar[int]
    GUIDELINE_VERSION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    RAISED_BY_RULES_FIELD_NUMBER: _ClassVar[int]
    DEMO_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_REASON_FIELD_NUMBER: _ClassVar[int]
    RULE_IDS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    model: str
    model_digest: str
    prompt_version: str
    guideline_version: str
    source: AnswerSource
    raised_by_rules: bool
    demo: bool
    fallback_reason: str
    rule_ids: _containers.RepeatedScalarFieldContainer[str]
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model: _Optional[str] = ..., model_digest: _Optional[str] = ..., prompt_version: _Optional[str] = ..., guideline_version: _Optional[str] = ..., source: _Optional[_Union[AnswerSource, str]] = ..., raised_by_rules: _Optional[bool] = ..., demo: _Optional[bool] = ..., fallback_reason: _Optional[str] = ..., rule_ids: _Optional[_Iterable[str]] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class Usage(_message.Message):
    __slots__ = ("prompt_tokens", "cached_tokens", "output_tokens", "queue_ms", "first_token_ms", "total_ms")
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_MS_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_MS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MS_FIELD_NUMBER: _ClassVar[int]
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    queue_ms: int
    first_token_ms: int
    total_ms: int
    def __init__(self, prompt_tokens: _Optional[int] = ..., cached_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., queue_ms: _Optional[int] = ..., first_token_ms: _Optional[int] = ..., total_ms: _Optional[int] = ...) -> None: ...

class Assessment(_message.Message):
    __slots__ = ("urgency", "summary", "danger_signs", "conditions", "actions", "referral", "questions", "provenance", "usage")
    URGENCY_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    DANGER_SIGNS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    REFERRAL_FIELD_NUMBER: _ClassVar[int]
    QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    urgency: Urgency
    summary: str
    danger_signs: _containers.RepeatedCompositeFieldContainer[DangerSign]
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    actions: _containers.RepeatedCompositeFieldContainer[Action]
    referral: Referral
    questions: _containers.RepeatedCompositeFieldContainer[Question]
    provenance: Provenance
    usage: Usage
    def __init__(self, urgency: _Optional[_Union[Urgency, str]] = ..., summary: _Optional[str] = ..., danger_signs: _Optional[_Iterable[_Union[DangerSign, _Mapping]]] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ..., actions: _Optional[_Iterable[_Union[Action, _Mapping]]] = ..., referral: _Optional[_Union[Referral, _Mapping]] = ..., questions: _Optional[_Iterable[_Union[Question, _Mapping]]] = ..., provenance: _Optional[_Union[Provenance, _Mapping]] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ...) -> None: ...

class GetServiceInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetServiceInfoResponse(_message.Message):
    __slots__ = ("model", "model_digest", "prompt_version", "guideline_version", "demo", "languages", "limits", "load", "service_version")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PROMPT_VERSION_FIELD_NUMBER: _ClassVar[int]
    GUIDELINE_VERSION_FIELD_NUMBER: _ClassVar[int]
    DEMO_FIELD_NUMBER: _ClassVar[int]
    LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    LOAD_FIELD_NUMBER: _ClassVar[int]
    SERVICE_VERSION_FIELD_NUMBER: _ClassVar[int]
    model: str
    model_digest: str
    prompt_version: str
    guideline_version: str
    demo: bool
    languages: _containers.RepeatedScalarFieldContainer[str]
    limits: Limits
    load: Load
    service_version: str
    def __init__(self, model: _Optional[str] = ..., model_digest: _Optional[str] = ..., prompt_version: _Optional[str] = ..., guideline_version: _Optional[str] = ..., demo: _Optional[bool] = ..., languages: _Optional[_Iterable[str]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., load: _Optional[_Union[Load, _Mapping]] = ..., service_version: _Optional[str] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_queued_requests", "max_message_characters", "max_messages", "max_output_tokens", "max_model_tokens", "max_concurrent_per_caller")
    MAX_QUEUED_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGE_CHARACTERS_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGES_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MAX_MODEL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENT_PER_CALLER_FIELD_NUMBER: _ClassVar[int]
    max_queued_requests: int
    max_message_characters: int
    max_messages: int
    max_output_tokens: int
    max_model_tokens: int
    max_concurrent_per_caller: int
    def __init__(self, max_queued_requests: _Optional[int] = ..., max_message_characters: _Optional[int] = ..., max_messages: _Optional[int] = ..., max_output_tokens: _Optional[int] = ..., max_model_tokens: _Optional[int] = ..., max_concurrent_per_caller: _Optional[int] = ...) -> None: ...

class Load(_message.Message):
    __slots__ = ("running_requests", "waiting_requests")
    RUNNING_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    WAITING_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    running_requests: int
    waiting_requests: int
    def __init__(self, running_requests: _Optional[int] = ..., waiting_requests: _Optional[int] = ...) -> None: ...
