"""Reads one message: text -> Reading. Calls the other modules in order; holds no wording."""

from __future__ import annotations

from dataclasses import dataclass, field

from clinical.case import Evidence, Finding, Patient, Presence, Vitals
from clinical.reader.families import Match, Sentence, find_matches, prepare
from clinical.reader.lexicon import Lexicon, Meaning, lexicon
from clinical.reader.negation import denied_matches
from clinical.reader.numbers import Measurement, measurements_in, vitals_of
from clinical.reader.tokens import fold, tokenize

MAX_READ_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one message states. `notes` are machine codes; `patients` is 2 when two are meant."""

    patient: Patient = field(default_factory=Patient)
    vitals: Vitals = field(default_factory=Vitals)
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    language: str | None = None
    patients: int = 1


def read_text(text: str, *, language: str | None = None, message_index: int = 0) -> Reading:
    """Read a health worker's message. Never raises; reads at most 4,000 characters."""
    text = text[:MAX_READ_CHARACTERS]
    compiled = lexicon()
    folded = fold(text)
    measurements = measurements_in(folded)
    sentence = prepare(tokenize(folded), compiled)
    matches = find_matches(sentence, compiled)
    findings = _findings(text, sentence, matches, compiled, message_index)
    return Reading(
        vitals=vitals_of(measurements), findings=findings, notes=_number_notes(measurements)
    )


def _findings(
    text: str, sentence: Sentence, matches: list[Match], compiled: Lexicon, message: int
) -> tuple[Finding, ...]:
    denied = denied_matches(text, sentence, matches, compiled)
    findings = []
    for number, match in enumerate(matches):
        if match.meaning is Meaning.NOTHING:
            continue
        absent = (number in denied) != (match.meaning is Meaning.ABSENT)
        start, end = sentence.tokens[match.first].start, sentence.tokens[match.last].end
        evidence = Evidence(message=message, start=start, end=end, text=text[start:end])
        presence = Presence.ABSENT if absent else Presence.PRESENT
        findings.append(Finding(code=match.code, presence=presence, evidence=evidence))
    return tuple(findings)


def _number_notes(measurements: tuple[Measurement, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"implausible:{m.vital}" for m in measurements if not m.plausible))
