"""Reads one message: text -> Reading. Calls the other modules in order; holds no wording."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from clinical.case import Evidence, Finding, Patient, Pregnancy, Presence, Vitals
from clinical.reader import derive
from clinical.reader.ages import RoleReader, TimedFact, amounts_in
from clinical.reader.compiling import lexicon
from clinical.reader.context import Context
from clinical.reader.cues import cue_positions
from clinical.reader.families import Match, Sentence, find_matches, prepare
from clinical.reader.language import language_of_words
from clinical.reader.lexicon import Lexicon
from clinical.reader.negation import denial_words, denied_matches
from clinical.reader.numbers import Measurement, measurements_in, vitals_of
from clinical.reader.patient import read_patient
from clinical.reader.tokens import Token, fold, tokenize
from clinical.reader.wordings import Meaning
from clinical.recogniser.recognise import recognise

MAX_READ_CHARACTERS = 4_000
_OF_A_TAPE = frozenset({"muac_red", "muac_yellow"})
CORRECTION = "correction"  # a note: the message corrects an earlier one
_SENTENCE_ENDS = frozenset({".", "\n", ";", "!"})
_SOON_OVER = frozenset({"fever", "diarrhoea", "vomiting"})  # never told of in months
# Signs that only somebody pregnant has: weeks or months beside them are the gestation.
_OF_PREGNANCY = frozenset(
    {
        "waters_broken",
        "meconium",
        "labour",
        "preterm_labour",
        "prolonged_labour",
        "imminent_delivery",
        "cord_prolapse",
        "limb_presentation",
        "reduced_fetal_movement",
        "spotting",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one message states. `notes` are machine codes; `patients` is 2 when two are meant."""

    patient: Patient = field(default_factory=Patient)
    vitals: Vitals = field(default_factory=Vitals)
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    language: str | None = None
    patients: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """One message with everything found in it so far."""

    text: str
    index: int
    compiled: Lexicon
    sentence: Sentence
    matches: list[Match]
    denials: frozenset[int]
    measurements: tuple[Measurement, ...]
    facts: tuple[TimedFact, ...]
    patient: Patient

    def evidence(self, start: int, end: int) -> Evidence:
        return Evidence(message=self.index, start=start, end=end, text=self.text[start:end])


def read_text(text: str, *, language: str | None = None, message_index: int = 0) -> Reading:
    """Read a health worker's message. Never raises; reads at most 4,000 characters.

    `language` is what is known of the writer; it is reported when the text itself does not tell.
    """
    text = text[:MAX_READ_CHARACTERS]
    compiled = lexicon()
    folded = fold(text)
    measurements = measurements_in(folded)
    sentence = prepare(tokenize(folded), compiled)
    found = find_matches(sentence, compiled)
    denials = denial_words(sentence, found, compiled)
    told = [match for match in found if not match.covered <= denials]
    matches = _without_colours_of_a_tape(told)
    measured = _tokens_within(sentence.tokens, measurements)
    facts = _timed_facts(sentence.tokens, matches, compiled, measurements, measured)
    patient, patient_notes = read_patient(sentence.tokens, facts, compiled.time, measured)
    message = _Message(
        text=text,
        index=message_index,
        compiled=compiled,
        sentence=sentence,
        matches=matches,
        denials=denials,
        measurements=measurements,
        facts=facts,
        patient=patient,
    )
    findings = tuple(_findings(message))
    notes = (
        *dict.fromkeys(f"implausible:{m.vital}" for m in measurements if not m.plausible),
        *patient_notes,
        *_contradictions(findings),
        *_script_note(text),
        *_correction_note(sentence, compiled),
    )
    return Reading(
        patient=patient,
        vitals=vitals_of(measurements),
        findings=findings,
        notes=notes,
        language=language_of_words((t.word for t in sentence.tokens), compiled) or language,
        patients=2 if "two_patients" in patient_notes else 1,
    )


def _without_colours_of_a_tape(matches: list[Match]) -> list[Match]:
    """«MUAC yellow, child …» tells of a tape around the arm, and of no yellow skin."""
    tape = frozenset(i for match in matches if match.code in _OF_A_TAPE for i in match.covered)
    return [match for match in matches if match.code in _OF_A_TAPE or not match.covered & tape]


def _tokens_within(tokens: Sequence[Token], measurements: Sequence[Measurement]) -> frozenset[int]:
    """Numbers of the tokens that a measurement covers, in part or whole."""
    ends = [t.end for t in tokens]
    inside: set[int] = set()
    for m in measurements:
        i = bisect_right(ends, m.start)
        while i < len(tokens) and tokens[i].start < m.end:
            inside.add(i)
            i += 1
    return frozenset(inside)


def _timed_facts(
    tokens: Sequence[Token],
    matches: Sequence[Match],
    compiled: Lexicon,
    measurements: Sequence[Measurement],
    measured: frozenset[int],
) -> tuple[TimedFact, ...]:
    signs = [m for m in matches if m.meaning is not Meaning.NOTHING]
    reader = RoleReader(
        tokens,
        compiled.time,
        symptom_ends=frozenset(m.last for m in signs),
        symptom_starts=frozenset(m.first for m in signs),
        short_ends=frozenset(m.last for m in signs if m.code in _SOON_OVER),
        long_ends=frozenset(m.last for m in signs if m.code == "cough"),
        of_pregnancy=any(m.vital == "systolic_mmhg" for m in measurements)
        or any(m.code in _OF_PREGNANCY for m in signs),
        measured=measured,
    )
    amounts = []
    for amount in amounts_in(tokens, compiled.time):
        start, end = tokens[amount.first].start, tokens[amount.last].end
        if not any(start < m.end and m.start < end for m in measurements):
            amounts.append(amount)
    return reader.facts(amounts)


def _findings(message: _Message) -> Iterator[Finding]:
    denied = denied_matches(message.text, message.sentence, message.matches, message.compiled)
    about_a_patient = message.patient.age_days is not None or any(
        m.plausible for m in message.measurements
    )
    context = Context(
        message.sentence,
        message.compiled,
        about_a_patient=about_a_patient,
        pregnant=message.patient.pregnancy is Pregnancy.PREGNANT,
    )
    present: list[Match] = []
    seen: set[tuple[str, Presence, bool]] = set()
    for number, match in enumerate(message.matches):
        if match.meaning is Meaning.NOTHING:
            continue
        finding = _finding(message, match, number in denied, context)
        if finding.presence is Presence.PRESENT:
            present.append(match)
        key = (finding.code, finding.presence, finding.uncertain)
        if key not in seen:
            seen.add(key)
            yield finding
    for match in _recognised(message, frozenset(m for m in message.matches if m not in present)):
        finding = _finding(message, match, denied=False, context=context)
        present.append(match)
        yield replace(finding, uncertain=finding.presence is Presence.PRESENT)
    yield from _derived(message, present, context)
    yield from _implied(message, present)
    yield from _no_blood(message, present)


def _recognised(message: _Message, not_there: frozenset[Match]) -> Iterator[Match]:
    """Signs in wording that no lexicon lists.

    Left to the lexicons is every sign that they read themselves, and all words in which they read
    that something is not there.
    """
    read = {m.code for m in message.matches} | derive.BY_NUMBER
    settled = frozenset(i for m in not_there for i in m.covered)
    tokens = message.sentence.tokens
    # What a number says is not guessed at: «breathing 55» is a count and no hard breathing.
    # Nor is «did not see» before a sign a trouble of the eyes.
    passed = _tokens_within(tokens, message.measurements) | message.denials
    words = [t._replace(word=".") if i in passed else t for i, t in enumerate(tokens)]
    for found in recognise(words):
        covered = frozenset(range(found.first, found.last + 1))
        if found.code not in read and not covered & settled:
            yield Match(
                found.code, Meaning.SIGN, found.first, found.last, covered, "recogniser", True
            )


def _finding(message: _Message, match: Match, denied: bool, context: Context) -> Finding:
    tokens = message.sentence.tokens
    if context.set_aside(match):
        presence = Presence.UNKNOWN
    elif denied != (match.meaning is Meaning.ABSENT):
        presence = Presence.ABSENT
    else:
        presence = Presence.PRESENT
    code = match.code
    if code == derive.UNPLACED_BLEEDING:
        code = derive.bleeding_code(message.patient, _speaks_of_a_child(message))
    return Finding(
        code=code,
        presence=presence,
        evidence=message.evidence(tokens[match.first].start, tokens[match.last].end),
        uncertain=presence is Presence.PRESENT and context.doubtful(match),
    )


def _speaks_of_a_child(message: _Message) -> bool:
    people = message.compiled.time.people
    young = people["newborn"] | people["infant"] | people["child"]
    return any(t.word in young for t in message.sentence.tokens)


def _derived(message: _Message, present: Sequence[Match], context: Context) -> Iterator[Finding]:
    tokens = message.sentence.tokens
    ends = frozenset(i for i, t in enumerate(tokens) if t.word in _SENTENCE_ENDS)
    for derived in derive.long_lasting(present, message.facts, ends):
        start, end = tokens[derived.first].start, tokens[derived.last].end
        yield Finding(code=derived.code, evidence=message.evidence(start, end))
    measured = derive.measured_fever(message.measurements)
    if measured is not None:
        code, m = measured
        yield Finding(code=code, evidence=message.evidence(m.start, m.end))


def _implied(message: _Message, present: Sequence[Match]) -> Iterator[Finding]:
    tokens = message.sentence.tokens
    codes = {m.code for m in present}
    for match in present:
        for code in derive.implied(match.code, message.patient):
            if code not in codes:
                codes.add(code)
                start, end = tokens[match.first].start, tokens[match.last].end
                yield Finding(code=code, evidence=message.evidence(start, end))


def _no_blood(message: _Message, present: Sequence[Match]) -> Iterator[Finding]:
    """«Diarrhoea, no blood»: none in the stool, where nothing follows that blood could be of."""
    if not any(match.code == "diarrhoea" for match in present):
        return
    tokens = message.sentence.tokens
    found = cue_positions([t.word for t in tokens], message.compiled.cues["no_blood"])
    read = {i for match in message.matches for i in match.covered}
    for first, end in found.items():
        alone = end == len(tokens) or not tokens[end].word[0].isalpha()
        if alone and read.isdisjoint(range(first, end)):
            evidence = message.evidence(tokens[first].start, tokens[end - 1].end)
            yield Finding(code="blood_in_stool", presence=Presence.ABSENT, evidence=evidence)
            return


def _contradictions(findings: Sequence[Finding]) -> tuple[str, ...]:
    present = {f.code for f in findings if f.presence is Presence.PRESENT}
    absent = {f.code for f in findings if f.presence is Presence.ABSENT}
    return tuple(f"contradiction:{code}" for code in sorted(present & absent))


def _correction_note(sentence: Sentence, compiled: Lexicon) -> tuple[str, ...]:
    """«no it is one baby of 8 months»: what follows corrects what was told before."""
    words = [t.word for t in sentence.tokens]
    return (CORRECTION,) if cue_positions(words, compiled.cues["correction"]) else ()


def _script_note(text: str) -> tuple[str, ...]:
    letters = [c for c in text if c.isalpha()]
    readable = sum(1 for c in letters if c < "\u0250" or "\u1e00" <= c < "\u1f00")
    return ("unreadable:script",) if letters and readable * 2 < len(letters) else ()
