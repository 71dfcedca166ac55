"""chewie-evaluate against a real service: the same verdicts as in process, and no text printed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clinical import assess_text
from clinical.evaluate import answer_cases, measure, read_cases
from clinical.evaluate.report import report_as_json
from inference_svc.evaluate import ARMS, main
from tests.inference_svc.process import ServiceProcess, running

TEXTS = (
    {
        "id": "a",
        "text": "2yr old fitting and won't drink anything",
        "urgency": "EMERGENCY",
        "danger_signs": ["convulsions", "not_able_to_drink"],
        "language": "en",
    },
    {"id": "b", "text": "child 3 yrs runny nose eats and plays", "urgency": "HOME"},
)


@pytest.fixture(scope="module")
def service() -> Iterator[ServiceProcess]:
    with running() as process:
        yield process


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(map(json.dumps, TEXTS)))
    return path


def evaluated(
    capsys: pytest.CaptureFixture[str], service: ServiceProcess, cases: Path, *more: str
) -> Any:
    main([str(cases), "--target", service.target, "--json", *more])
    return json.loads(capsys.readouterr().out)


def test_service_by_rules_measures_as_the_rules_in_process(
    capsys: pytest.CaptureFixture[str], service: ServiceProcess, cases: Path
) -> None:
    told = evaluated(capsys, service, cases)
    in_process = answer_cases(read_cases(cases.read_text().splitlines()), assess_text)
    expected = report_as_json(measure(in_process))
    assert told["metrics"]["danger_sign_recall"] == expected["metrics"]["danger_sign_recall"]  # type: ignore[index]
    assert told["confusion"] == expected["confusion"]
    assert told["service"]["answered_by_rules_alone"] == {"engine_none": 2}
    assert told["service"]["seconds_median"] > 0


@pytest.mark.parametrize("arm", sorted(ARMS.keys() - {"model"}))
def test_every_arm_keeps_the_explicit_danger_signs(
    capsys: pytest.CaptureFixture[str], service: ServiceProcess, cases: Path, arm: str
) -> None:
    told = evaluated(capsys, service, cases, "--arm", arm)
    assert told["missed_ids"] == []
    failed = {"UNAVAILABLE": 2} if arm == "down" else {}
    assert told["service"]["failed"] == failed


def test_the_models_arm_says_how_a_service_comes_to_tell(
    capsys: pytest.CaptureFixture[str], service: ServiceProcess, cases: Path
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([str(cases), "--target", service.target, "--arm", "model"])
    assert "CHEWIE_INFERENCE_TELL_MODEL_ANSWER=true" in capsys.readouterr().err


def test_table_for_people_holds_no_text(
    capsys: pytest.CaptureFixture[str], service: ServiceProcess, cases: Path
) -> None:
    main([str(cases), "--target", service.target])
    printed = capsys.readouterr().out
    assert "raised_by_rules: 0" in printed
    assert "runny" not in printed


def test_wrong_file_is_told_and_ends_with_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{")
    for path in (bad, tmp_path / "none"):
        with pytest.raises(SystemExit) as caught:
            main([str(path)])
        assert caught.value.code == 2
        assert str(path) in capsys.readouterr().err
