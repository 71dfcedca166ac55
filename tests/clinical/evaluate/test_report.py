import io
import json
from pathlib import Path

from rich.console import Console

from clinical.assessment import Assessment, DangerSign, Referral, Source, Urgency
from clinical.evaluate.cases import LabelledCase
from clinical.evaluate.judge import Outcome
from clinical.evaluate.measure import Report, measure
from clinical.evaluate.plot import confusion_counts, draw_confusion
from clinical.evaluate.report import prediction_lines, print_report, report_as_json

OUTCOMES = (
    Outcome(
        case=LabelledCase(
            id="danger-1",
            text="private words",
            urgency=Urgency.EMERGENCY,
            language="en",
            danger_signs=("convulsions",),
            group="paediatric_emergencies",
        ),
        answer=Assessment(
            urgency=Urgency.EMERGENCY,
            danger_signs=(DangerSign(code="convulsions", source=Source.RULE, rule_id="R-1"),),
            conditions=("severe_malaria",),
            referral=Referral(needed=True),
            rule_ids=("R-1",),
        ),
    ),
    Outcome(
        case=LabelledCase(id="control-1", text="private words", urgency=Urgency.HOME),
        answer=Assessment(urgency=Urgency.EMERGENCY),
    ),
    Outcome(
        case=LabelledCase(id="danger-2", text="private words", urgency=Urgency.EMERGENCY),
        answer=Assessment(urgency=Urgency.ROUTINE),
    ),
)


def a_report() -> Report:
    return measure(OUTCOMES, phrases={"convulsions": ("private",)})


def test_json_holds_every_metric_with_its_interval() -> None:
    told = json.loads(json.dumps(report_as_json(a_report())))
    recall = told["metrics"]["danger_sign_recall"]
    assert (recall["hits"], recall["total"], recall["share"]) == (1, 2, 0.5)
    assert len(recall["wilson_95"]) == 2
    assert told["confusion"]["HOME"]["EMERGENCY"] == 1
    assert told["word_for_word"]["texts with any phrase"]["share"] == 1.0
    assert (told["missed_ids"], told["alarm_ids"]) == (["danger-2"], ["control-1"])


def test_predictions_are_one_line_a_case_without_its_text() -> None:
    lines = list(prediction_lines(OUTCOMES))
    assert json.loads(lines[0]) == {
        "id": "danger-1",
        "urgency": "EMERGENCY",
        "danger_signs": ["convulsions"],
        "conditions": ["severe_malaria"],
        "fired_rules": ["R-1"],
        "referral_needed": True,
    }
    assert len(lines) == len(OUTCOMES)
    assert not any("private" in line for line in lines)


def test_the_table_shows_intervals_and_ids_and_never_the_text() -> None:
    page = io.StringIO()
    print_report(a_report(), Console(file=page, width=160), title="t")
    shown = page.getvalue()
    for expected in ("danger_sign_recall", "9.5–90.5", "danger-2", "control-1", "convulsions"):
        assert expected in shown
    assert "private" not in shown


def test_confusion_counts_have_a_row_for_each_expected_urgency() -> None:
    assert confusion_counts(a_report().confusion) == [
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 1, 0, 1],
    ]


def test_the_picture_is_a_png(tmp_path: Path) -> None:
    target = tmp_path / "confusion.png"
    draw_confusion(a_report().confusion, target, title="t")
    assert target.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
