"""The answer that fired rules give together: codes, actions, referral. No wording (see phrases)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clinical.assessment import (
    Assessment,
    DangerSign,
    Referral,
    ReferralLevel,
    Source,
    Urgency,
)
from clinical.case import Case, Evidence, Presence
from clinical.rules import Judgement
from clinical.tables.codes import permitted_actions
from clinical.tables.frames import urgency_frames
from clinical.tables.rule import Rule

NOT_CLEAR = "not_clear"
NO_ILLNESS = "no_illness"
UNNAMED = frozenset({NOT_CLEAR, NO_ILLNESS})
"""Conditions that name no illness: any named one stands before them."""
MAX_CONDITIONS = 3
MAX_ACTIONS = 6
LEVELS = tuple(ReferralLevel)  # ascending


def answer(case: Case, judgement: Judgement) -> Assessment:
    """The answer of the fired rules, without summary, questions and notes."""
    urgency, top = judgement.urgency, top_rules(judgement)
    signs = danger_signs(case, judgement)
    conditions = _conditions(top, judgement.fired)
    return Assessment(
        urgency=urgency,
        danger_signs=signs,
        conditions=conditions,
        actions=framed_actions(urgency, (code for rule in top for code in rule.actions)),
        referral=referral_for(
            urgency,
            levels=[rule.level for rule in top],
            reason=signs[0].code if signs else conditions[0],
        ),
        rule_ids=tuple(rule.id for rule in judgement.fired),
    )


def _conditions(top: Iterable[Rule], fired: Iterable[Rule]) -> tuple[str, ...]:
    """At most three, each once, most specific first.

    When the deciding rules name none (severe pain), those that ask for care today may (a broken
    limb); a milder rule never does. «No illness» stands only when nothing else is likely.
    """
    likely = tuple(dict.fromkeys(rule.condition for rule in top))
    named = [code for code in likely if code not in UNNAMED]
    today = [rule.condition for rule in fired if rule.urgency >= Urgency.URGENT]
    others = [code for code in dict.fromkeys(today) if code not in UNNAMED]
    return tuple(named or others or likely)[:MAX_CONDITIONS] or (NOT_CLEAR,)


def top_rules(judgement: Judgement) -> tuple[Rule, ...]:
    """The fired rules that decide: those of the highest urgency."""
    return tuple(rule for rule in judgement.fired if rule.urgency == judgement.urgency)


def framed_actions(urgency: Urgency, codes: Iterable[str]) -> tuple[str, ...]:
    """Actions between the first and last of the urgency, permitted ones only, at most six.

    First aid that cannot wait stands before the rest, so that it is never the one cut off.
    """
    frame = urgency_frames()[urgency]
    permitted = permitted_actions(urgency) - {*frame.first, *frame.last}
    middle = [code for code in dict.fromkeys(codes) if code in permitted]
    middle.sort(
        key=lambda code: frame.sooner.index(code) if code in frame.sooner else len(frame.sooner)
    )
    room = MAX_ACTIONS - len(frame.first) - len(frame.last)
    return (*frame.first, *middle[:room], *frame.last)


def referral_for(urgency: Urgency, *, levels: Iterable[ReferralLevel], reason: str) -> Referral:
    """The referral that an urgency asks for, to the highest level named."""
    frame = urgency_frames()[urgency]
    if not frame.refer:
        return Referral()
    level = max(levels, key=LEVELS.index, default=frame.level)
    if level is ReferralLevel.NONE:
        level = frame.level
    return Referral(needed=True, within_hours=frame.within_hours, level=level, reason=reason)


def danger_signs(case: Case, judgement: Judgement) -> tuple[DangerSign, ...]:
    """Danger signs of the rules that ask for care today, each once, with the words that state it.

    A sign that only follows from another one (a headache from a severe headache) is not listed.
    """
    evidence = evidence_by_code(case)
    signs: dict[str, DangerSign] = {}
    for rule in judgement.fired:
        if rule.urgency < Urgency.URGENT:
            break
        for code in rule.danger_signs:
            if code in judgement.facts.direct and code not in signs:
                signs[code] = DangerSign(
                    code=code, source=Source.RULE, rule_id=rule.id, evidence=evidence.get(code)
                )
    return tuple(signs.values())


def evidence_by_code(case: Case) -> Mapping[str, Evidence]:
    """The first words that state each present finding."""
    evidence: dict[str, Evidence] = {}
    for finding in case.findings:
        if finding.presence is Presence.PRESENT and finding.evidence is not None:
            evidence.setdefault(finding.code, finding.evidence)
    return evidence
