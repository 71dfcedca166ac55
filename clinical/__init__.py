"""Pure medicine: case, reader, guideline tables, safety net, phrases, evaluation.

No I/O but its own data.

Nothing here has been reviewed by a clinician: decision support for trained health workers.
"""

from clinical.accumulate import accumulate, is_other_patient
from clinical.answers import Answer, read_answer
from clinical.assess import assess_by_rules, assess_text
from clinical.net import apply_safety_net
from clinical.phrases import LANGUAGES
from clinical.questions import questions_for
from clinical.read_case import ReadCase, read_case
from clinical.reader import Reading, detect_language, read_text
from clinical.version import guideline_version

__all__ = [
    "LANGUAGES",
    "Answer",
    "ReadCase",
    "Reading",
    "accumulate",
    "apply_safety_net",
    "assess_by_rules",
    "assess_text",
    "detect_language",
    "guideline_version",
    "is_other_patient",
    "questions_for",
    "read_answer",
    "read_case",
    "read_text",
]
