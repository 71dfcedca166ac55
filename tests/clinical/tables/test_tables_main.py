import pytest

from clinical import tables
from clinical.tables.__main__ import main
from clinical.version import guideline_version


def test_every_rule_is_printed_with_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--width", "400"]) == 0
    printed = capsys.readouterr().out
    assert guideline_version() in printed
    assert [rule.id for rule in tables.rules() if rule.id not in printed] == []
    assert "[row BP1]" in printed


def test_the_closed_lists_are_printed_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--codes", "--width", "300"]) == 0
    printed = capsys.readouterr().out
    codes = {*tables.findings(), *tables.conditions(), *tables.actions(), *tables.questions()}
    assert [code for code in codes if code not in printed] == []
