"""The measured numbers as the block that stands in README.md. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

README = Path(__file__).parent / "README.md"
BEGIN = "<!-- numbers: written by demo.nano.measure, do not edit -->"
END = "<!-- end of numbers -->"

_ROWS = (
    ("valid JSON under the schema", "valid_json", "cases"),
    ("model alone: urgency right", "urgency_right", "cases"),
    ("model alone: urgency too low", "urgency_too_low", "cases"),
    ("model alone: first condition right", "condition_first_right", "cases"),
    ("model alone: danger signs named", "danger_signs_named", "danger_signs_due"),
    ("with the safety net: urgency right", "service_urgency_right", "cases"),
    ("with the safety net: urgency too low", "service_urgency_too_low", "cases"),
    ("with the safety net: danger signs missed", "service_danger_signs_missed", "danger_signs_due"),
    ("with the safety net: explicit emergencies missed", "service_emergencies_missed", "cases"),
)


def numbers_block(mark: Mapping[str, Any]) -> str:
    """The block as Markdown: how it was trained, the two sets side by side, typed messages."""
    trained, measured = mark["trained"], mark["measured"]
    fresh, held_out = measured["fresh"], measured["held_out"]
    lines = [
        f"Trained from seed {mark['seed']}: {trained['parameters']:,} parameters, "
        f"{trained['examples']:,} drawn cases, {trained['steps']} steps, "
        f"{trained['seconds'] / 60:.0f} minutes, last loss {trained['final_loss']}.",
        "",
        f"| of {fresh['cases']} cases each | fresh draws | held-out wording |",
        "|---|---|---|",
    ]
    for label, name, base in _ROWS:
        cells = (f"{s[name]}/{s[base]} ({_percent(s[name], s[base])})" for s in (fresh, held_out))
        lines.append(f"| {label} | {' | '.join(cells)} |")
    lines += ["", "| typed message | model alone | with the net | likely |", "|---|---|---|---|"]
    columns = ("text", "model_urgency", "service_urgency", "condition")
    lines += [f"| {' | '.join(row[column] for column in columns)} |" for row in measured["typed"]]
    return "\n".join(lines)


def _percent(part: int, whole: int) -> str:
    return "none due" if whole == 0 else f"{100 * part / whole:.1f}%"
