"""Cases drawn from the guideline's rules."""

from __future__ import annotations

from collections import Counter
from random import Random

from clinical import assess_by_rules
from clinical.case import Presence
from clinical.tables import conditions, rules
from demo.nano.cases import RANGES, draw_case


def drawn(count: int, seed: int = 1):
    rng = Random(seed)
    return [draw_case(rng) for _ in range(count)]


def test_the_same_seed_draws_the_same_cases():
    assert drawn(50) == drawn(50)
    assert drawn(50) != drawn(50, seed=2)


def test_measurements_stay_within_what_a_worker_can_measure():
    for case in drawn(400):
        for name, bounds in RANGES.items():
            value = getattr(case.vitals, name, None)
            if value is not None:
                low, high = bounds.possible
                assert low <= value <= high + 50, (name, value)


def test_no_finding_is_both_present_and_absent():
    for case in drawn(400):
        stated = Counter(finding.code for finding in case.findings)
        assert max(stated.values(), default=1) == 1


def test_the_rules_find_the_condition_that_a_case_was_drawn_for_in_most_draws():
    """Mild signs beside a rule's own may bring in another rule, so not in all."""
    seen = Counter()
    for case in drawn(1500):
        seen.update(assess_by_rules(case).conditions)
    reachable = {rule.condition for rule in rules()}
    assert reachable <= set(conditions())
    missing = reachable - seen.keys()
    assert len(missing) <= len(reachable) // 20, sorted(missing)


def test_every_urgency_and_stated_absence_occur():
    cases = drawn(400)
    assert {assess_by_rules(case).urgency.name for case in cases} == {
        "HOME",
        "ROUTINE",
        "URGENT",
        "EMERGENCY",
    }
    assert any(f.presence is Presence.ABSENT for case in cases for f in case.findings)
