import pytest

from clinical.tables import TableError
from clinical.tables.derived import derived_of, implied_findings, term_of


def test_a_sign_implies_its_milder_one_through_every_step() -> None:
    assert implied_findings()["sudden_severe_headache"] == {"severe_headache", "headache"}


def test_no_finding_implies_itself() -> None:
    assert not [code for code, more in implied_findings().items() if code in more]


def test_a_derived_finding_needs_its_source() -> None:
    row = {"finding": "fever", "population": ["child"], "present_when": "temp_celsius > 37"}
    with pytest.raises(TableError, match=r"derived.toml: fever: missing citation"):
        derived_of(row)


def test_a_definition_that_does_not_stand_is_refused() -> None:
    with pytest.raises(TableError, match=r"@hot not in definitions.toml"):
        term_of("@hot", where="f")
