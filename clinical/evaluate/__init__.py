"""Measures an `assess` callable against labelled texts. Judges answers and reads no signs itself.

`python -m clinical.evaluate CASES.jsonl --arm rules` prints the table; a service is measured by
passing `measure` a callable that asks it.
"""

from clinical.evaluate.cases import CaseFileError, LabelledCase, read_cases
from clinical.evaluate.judge import Outcome
from clinical.evaluate.measure import Assess, Report, answer_cases, measure
from clinical.evaluate.proportion import Proportion

__all__ = [
    "Assess",
    "CaseFileError",
    "LabelledCase",
    "Outcome",
    "Proportion",
    "Report",
    "answer_cases",
    "measure",
    "read_cases",
]
