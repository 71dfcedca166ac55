"""The guideline tables: closed lists, populations, definitions and rules, loaded once and checked.

`python -m clinical.tables` prints them all. Nothing here has been reviewed by a clinician.
"""

from clinical.tables.codes import (
    ActionRow,
    actions,
    conditions,
    danger_sign_codes,
    findings,
    permitted_actions,
)
from clinical.tables.frames import urgency_frames
from clinical.tables.question import OptionRow, QuestionRow, questions
from clinical.tables.rule import Rule, rules
from clinical.tables.toml_file import TableError

__all__ = [
    "ActionRow",
    "OptionRow",
    "QuestionRow",
    "Rule",
    "TableError",
    "actions",
    "conditions",
    "danger_sign_codes",
    "findings",
    "permitted_actions",
    "questions",
    "rules",
    "urgency_frames",
]
