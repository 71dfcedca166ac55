import pytest

from clinical.assessment import Urgency
from clinical.tables import (
    TableError,
    actions,
    conditions,
    danger_sign_codes,
    findings,
    permitted_actions,
)
from clinical.tables.codes import urgency_named


def test_a_danger_sign_is_a_finding() -> None:
    assert set(danger_sign_codes()) <= findings().keys()


def test_no_action_permits_a_dose() -> None:
    names = " ".join(row.name.lower() for row in actions().values())
    assert not [unit for unit in (" mg", " ml", "tablet", " iu ") if unit in names]


def test_home_care_is_never_permitted_beside_an_emergency() -> None:
    assert "home_care" not in permitted_actions(Urgency.EMERGENCY)
    assert "refer_now" in permitted_actions(Urgency.EMERGENCY)


def test_nothing_is_permitted_when_nothing_was_answered() -> None:
    assert permitted_actions(Urgency.UNSPECIFIED) == frozenset()


def test_there_is_a_code_for_what_is_not_clear() -> None:
    assert "not_clear" in conditions()


def test_an_urgency_of_another_list_is_refused() -> None:
    with pytest.raises(TableError, match="urgency 'SAME DAY'"):
        urgency_named("SAME DAY", where="f")
