"""The safety net: the guideline rules over a model's answer. It only ever raises.

Reads the case itself; never trusts that a model saw a sign.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from clinical.answer import MAX_CONDITIONS, NOT_CLEAR, UNNAMED, framed_actions, referral_for
from clinical.assess import MAX_SUMMARY_CHARACTERS, assess_by_rules
from clinical.assessment import AnswerSource, Assessment, DangerSign, Source, Urgency
from clinical.case import Case
from clinical.dose import drop_dose_text
from clinical.facts import absent_codes, present_codes
from clinical.tables.codes import conditions, danger_sign_codes, permitted_actions

FAST_BREATHING = "fast_breathing"


def apply_safety_net(
    case: Case,
    assessment: Assessment,
    *,
    language: str = "en",
    rules: Assessment | None = None,
) -> Assessment:
    """A model's answer, never milder than the rules, and whole.

    - Not answered (UNSPECIFIED): the rules' answer.
    - Rules higher: urgency, summary, conditions, actions and referral are the rules' as a whole, so
      that nothing milder stands beside an emergency; `raised_by_rules` is set. Danger signs are the
      rules' first, then what the model saw besides.
    - Equal: the model's summary, conditions and permitted actions stand, but «not clear» or «no
      illness» of a model never displaces a condition that a rule names. When a rule names a danger
      sign, its condition comes first and its actions too: what is cited outranks what is guessed.
    - Model higher: its answer stands, with the rules' danger signs first.

    In every case codes that the tables do not hold are dropped, actions that the final urgency does
    not permit are dropped and those that it always asks for are added, dose-like sentences leave
    the summary, and the questions are the rules'. Applying the net twice changes nothing.

    `rules` is what `assess_by_rules` said of this same case and language, from a caller that has
    asked already: reading is most of what the net costs.
    """
    rules = rules or assess_by_rules(case, language=language)
    denied = _denied(case, rules)
    if assessment.urgency is Urgency.UNSPECIFIED:
        return replace(
            rules, danger_signs=_signs(rules, assessment, denied), notes=_notes(rules, assessment)
        )
    if rules.urgency > assessment.urgency:
        return replace(
            rules,
            danger_signs=_signs(rules, assessment, denied),
            source=AnswerSource.MODEL_AND_RULES,
            raised_by_rules=True,
            notes=_notes(rules, assessment),
        )
    return _kept(rules, assessment, denied)


def _denied(case: Case, rules: Assessment) -> frozenset[str]:
    """Signs that the worker said no to, and «fast breathing» where a count shows that it is not."""
    denied = absent_codes(case.findings) - present_codes(case.findings)
    counted = case.vitals.respiratory_rate_per_minute is not None
    named = {sign.code for sign in rules.danger_signs}
    if counted and FAST_BREATHING not in named | present_codes(case.findings):
        denied |= {FAST_BREATHING}
    return denied


def _kept(rules: Assessment, model: Assessment, denied: frozenset[str]) -> Assessment:
    """The model's answer, cleaned and completed; its urgency is at least the rules'."""
    urgency = model.urgency
    equal = rules.urgency == urgency
    rules_first = equal and bool(rules.danger_signs)
    named = [code for code in model.conditions if code in conditions() and code not in UNNAMED]
    summary, _dropped = drop_dose_text(model.summary[:MAX_SUMMARY_CHARACTERS])
    signs = _signs(rules, model, denied)
    likely = _first(
        rules.conditions if rules_first else (), named, rules.conditions if equal else ()
    )
    likely = likely[:MAX_CONDITIONS] or (NOT_CLEAR,)
    return replace(
        model,
        summary=summary or (rules.summary if equal else ""),
        danger_signs=signs,
        conditions=likely,
        actions=_actions(rules, model, rules_first=rules_first),
        referral=referral_for(
            urgency,
            levels=[model.referral.level, *([rules.referral.level] if equal else [])],
            reason=rules.referral.reason if equal else signs[0].code if signs else likely[0],
        ),
        questions=rules.questions if urgency < Urgency.EMERGENCY else (),
        rule_ids=rules.rule_ids,
        notes=_notes(rules, model),
    )


def _signs(rules: Assessment, model: Assessment, denied: frozenset[str]) -> tuple[DangerSign, ...]:
    """The rules' danger signs first, then known codes that the model names besides.

    A sign that the worker answered «no» to is not told back as seen; the urgency stands.
    """
    seen = {sign.code for sign in rules.danger_signs}
    known = set(danger_sign_codes())
    others: dict[str, DangerSign] = {}
    for sign in model.danger_signs:
        if sign.code in known and sign.code not in seen | denied:
            others.setdefault(sign.code, DangerSign(code=sign.code, source=Source.MODEL))
    return (*rules.danger_signs, *others.values())


def _actions(rules: Assessment, model: Assessment, *, rules_first: bool) -> tuple[str, ...]:
    permitted = permitted_actions(model.urgency)
    stated = [code for code in model.actions if code in permitted]
    return framed_actions(model.urgency, _first(rules.actions if rules_first else (), stated))


def _notes(rules: Assessment, model: Assessment) -> tuple[str, ...]:
    return _first(rules.notes, model.notes)


def _first(*lists: Iterable[str]) -> tuple[str, ...]:
    """All of them in order, each once."""
    return tuple(dict.fromkeys(code for codes in lists for code in codes))
