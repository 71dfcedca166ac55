import json
from pathlib import Path

import pytest

from clinical.evaluate.__main__ import main

FITS = {
    "id": "fits",
    "text": "2 yr old having convulsions now",
    "language": "en",
    "urgency": "EMERGENCY",
    "danger_signs": ["convulsions"],
}
COLD = {"id": "cold", "text": "3 yr old runny nose, eats and plays", "urgency": "HOME"}


def a_file(folder: Path, *rows: dict[str, object]) -> str:
    path = folder / "cases.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_json_and_predictions_tell_of_the_same_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "predictions.jsonl"
    arguments = [
        a_file(tmp_path, FITS, COLD),
        "--arm",
        "rules",
        "--json",
        "--predictions",
        str(out),
    ]
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["arm"], told["texts"]) == ("rules", 2)
    assert told["metrics"]["danger_sign_recall"]["hits"] == 1
    assert told["word_for_word"]["texts with any phrase"]["total"] == 2
    fits, cold = (json.loads(line) for line in out.read_text(encoding="utf-8").splitlines())
    assert (fits["id"], fits["urgency"], cold["id"]) == ("fits", "EMERGENCY", "cold")
    assert fits["fired_rules"]


@pytest.mark.parametrize("arm", ["rules", "adversarial", "empty"])
def test_the_table_names_file_and_arm(
    arm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([a_file(tmp_path, FITS, COLD), "--arm", arm]) == 0
    shown = capsys.readouterr().out
    assert f"arm {arm}, 2 texts" in shown
    assert "convulsions" in shown
    assert "runny" not in shown


def test_a_bad_line_ends_the_run_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([a_file(tmp_path, FITS, {**COLD, "urgency": "mild"})]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("Line 2: expected 'urgency' as one of HOME")
    assert shown.out == ""


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"], ids=["no file", "not UTF-8"])
def test_a_file_that_cannot_be_read_is_told(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.jsonl"
    if content is not None:
        path.write_bytes(content)
    assert main([str(path)]) == 2
    assert capsys.readouterr().err.startswith("Expected ")


def test_the_picture_is_written_when_asked_for(tmp_path: Path) -> None:
    picture = tmp_path / "confusion.png"
    assert main([a_file(tmp_path, FITS), "--json", "--plot", str(picture)]) == 0
    assert picture.stat().st_size > 1000
