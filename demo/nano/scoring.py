"""Scores answers against what the guideline says of the true case. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from clinical.assessment import Assessment, Urgency
from inference_svc.output import ModelAnswer, Unusable


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One drawn case: what was due, what the model alone said, what the whole service answers."""

    expected: ModelAnswer
    model: ModelAnswer | Unusable
    final: Assessment


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Counts over one set of cases. «Model» is without the safety net, «service» with it."""

    cases: int
    valid_json: int
    urgency_right: int
    urgency_too_low: int
    condition_first_right: int
    danger_signs_due: int
    danger_signs_named: int
    service_urgency_right: int
    service_urgency_too_low: int
    service_danger_signs_missed: int
    service_emergencies_missed: int

    def as_numbers(self) -> dict[str, int]:
        """The counts by name, for the checkpoint's mark."""
        return asdict(self)


def score(outcomes: Sequence[Outcome]) -> Scores:
    """Count. A danger sign is missed by the service when the final answer does not list it; an
    emergency when a danger sign makes the case one and the final urgency is lower."""
    valid = [(o, o.model) for o in outcomes if isinstance(o.model, ModelAnswer)]
    due = [(o, sign) for o in outcomes for sign in o.expected.danger_signs]
    urgent = [o for o in outcomes if o.expected.danger_signs]
    emergencies = [o for o in urgent if o.expected.urgency is Urgency.EMERGENCY]
    return Scores(
        cases=len(outcomes),
        valid_json=len(valid),
        urgency_right=sum(said.urgency == o.expected.urgency for o, said in valid),
        urgency_too_low=sum(said.urgency < o.expected.urgency for o, said in valid),
        condition_first_right=sum(
            said.conditions[0] == o.expected.conditions[0] for o, said in valid
        ),
        danger_signs_due=len(due),
        danger_signs_named=sum(
            isinstance(o.model, ModelAnswer) and sign in o.model.danger_signs for o, sign in due
        ),
        service_urgency_right=sum(o.final.urgency == o.expected.urgency for o in outcomes),
        service_urgency_too_low=sum(o.final.urgency < o.expected.urgency for o in outcomes),
        service_danger_signs_missed=sum(
            sign not in {named.code for named in o.final.danger_signs} for o, sign in due
        ),
        service_emergencies_missed=sum(o.final.urgency < Urgency.EMERGENCY for o in emergencies),
    )
