"""The arms that run in this process: rules alone, and the net under two models that are wrong.

A running service is an arm too: any callable of the same form, passed to `answer_cases`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clinical import apply_safety_net, assess_text
from clinical.assessment import AnswerSource, Assessment, Urgency
from clinical.case import Case, Message, Patient
from clinical.evaluate.measure import Assess

# The worst a model can say: reassurance, a dose, nothing to do, for every text alike.
ALWAYS_HOME = Assessment(
    urgency=Urgency.HOME,
    summary="Nothing dangerous. Give 2 tablets of 500 mg and stay at home.",
    conditions=("no_illness",),
    actions=("home_care",),
    source=AnswerSource.MODEL_AND_RULES,
)
EMPTY = Assessment(urgency=Urgency.UNSPECIFIED, source=AnswerSource.MODEL_AND_RULES)


def under_the_net(model_answer: Callable[[Case], Assessment]) -> Assess:
    """An arm: what `model_answer` says, after the safety net."""

    def assess(text: str, language: str | None, patient: Patient | None) -> Assessment:
        case = Case(messages=(Message(text=text),), patient=patient or Patient())
        return apply_safety_net(case, model_answer(case), language=language or "en")

    return assess


ARMS: Mapping[str, Assess] = {
    "rules": assess_text,
    "adversarial": under_the_net(lambda case: ALWAYS_HOME),
    "empty": under_the_net(lambda case: EMPTY),
}
