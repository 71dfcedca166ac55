"""Compiles the lexicon files once: words and concepts become numbers, wordings become patterns."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import product
from typing import Any

from clinical.reader.lexicon import Lexicon, Pattern, TimeWords, Words
from clinical.reader.spelling import Speller
from clinical.reader.tokens import fold
from clinical.reader.wordings import (
    LexiconError,
    Meaning,
    lexicon_files,
    part_words,
    phrases,
    plain_words,
)

_DEFAULT_GAP = 4  # words that «~» lets stand between two parts
_DEFAULT_WINDOW = 5  # words that may stand between the parts of an «a & b» family
_MOST_EXPANSIONS = 600


class _Compiler:
    """Collects words, concepts and patterns of all files into numbers."""

    def __init__(self, sources: Mapping[str, Mapping[str, Any]]) -> None:
        self.sources = sources
        self.fillers = frozenset(
            word for s in sources.values() for word in phrases(fold(s.get("fillers", "")))
        )
        self.intensifiers = frozenset(
            word for s in sources.values() for word in phrases(fold(s.get("intensifiers", "")))
        )
        self.element_of_word: dict[str, int] = {}
        self.element_of_concept: dict[str, int] = {}
        self.words_by_language: dict[str, set[str]] = defaultdict(set)
        self.alternatives = self._join_concepts()
        self.concepts_of_word: dict[int, set[int]] = defaultdict(set)
        self.sequences: dict[int, list[tuple[tuple[int, ...], int]]] = defaultdict(list)
        self.patterns: list[Pattern] = []
        self._next = 0

    def _join_concepts(self) -> dict[str, list[str]]:
        joined: dict[str, list[str]] = defaultdict(list)
        for language, source in self.sources.items():
            forms = source.get("verb_forms", {})
            for name, value in source.get("concepts", {}).items():
                for phrase in phrases(value):
                    for form in _inflect(phrase, forms):
                        joined[name].append(form)
                        self.note_words(language, form)
        return joined

    def note_words(self, language: str, phrase: str) -> None:
        """Words that show the language of a message."""
        self.words_by_language[language].update(plain_words(phrase))

    def word(self, word: str) -> int:
        number = self.element_of_word.get(word)
        if number is None:
            number = self.element_of_word[word] = self._new()
        return number

    def _new(self) -> int:
        self._next += 1
        return self._next

    def concept(self, name: str, where: str) -> int:
        if name not in self.alternatives:
            raise LexiconError(f"{where}: <{name}> is not a concept of any lexicon file")
        if name not in self.element_of_concept:
            number = self.element_of_concept[name] = self._new()
            for phrase in self.alternatives[name]:
                for sequence in self._expand(phrase, where):
                    self._add_alternative(sequence, number)
        return self.element_of_concept[name]

    def _add_alternative(self, sequence: tuple[int, ...], concept: int) -> None:
        if len(sequence) == 1:
            self.concepts_of_word[sequence[0]].add(concept)
        elif sequence:
            self.sequences[sequence[0]].append((sequence[1:], concept))

    def _plain(self, phrase: str) -> tuple[int, ...] | None:
        """Elements of a wording without slots and gaps, the most frequent kind; else None."""
        if "<" in phrase or "~" in phrase:
            return None
        words = plain_words(phrase)
        if len(words) == 1:
            return (self.word(words[0]),)
        content = [w for w in words if w not in self.fillers]
        return tuple([self.word(w) for w in (content if len(content) > 1 else words)])

    def _expand(self, phrase: str, where: str, depth: int = 0) -> list[tuple[int, ...]]:
        """A concept's wording as word sequences; concepts inside it are written out."""
        if (plain := self._plain(phrase)) is not None:
            return [plain]
        if depth > 4:
            raise LexiconError(f"{where}: concepts refer to each other in a ring at «{phrase}»")
        choices: list[list[tuple[int, ...]]] = []
        keep = self._must_keep_fillers(phrase)
        for part in phrase.split():
            if part.startswith("<"):
                name = part.strip("<>")
                if name not in self.alternatives:
                    raise LexiconError(f"{where}: <{name}> is not a concept of any lexicon file")
                choices.append(
                    [s for p in self.alternatives[name] for s in self._expand(p, where, depth + 1)]
                )
            else:
                choices.append([self._literal(part, keep)])
        expanded = [tuple(n for s in choice for n in s) for choice in product(*choices)]
        if len(expanded) > _MOST_EXPANSIONS:
            raise LexiconError(f"{where}: «{phrase}» stands for {len(expanded)} wordings")
        return expanded

    def _literal(self, part: str, keep: bool = False) -> tuple[int, ...]:
        return tuple(self.word(w) for w in part_words(part) if keep or w not in self.fillers)

    def _must_keep_fillers(self, phrase: str) -> bool:
        """«very hot» is not «hot»: where fillers carry the wording they must stand in the text."""
        words = plain_words(phrase)
        content = [w for w in words if w not in self.fillers]
        slots = phrase.count("<")
        return len(words) > len(content) and len(content) + slots <= 1

    def add(self, code: str, meaning: Meaning, phrase: str, where: str) -> None:
        where = f"{where}: {code}: «{phrase}»"
        if "&" in phrase:
            if "~" in phrase:
                raise LexiconError(f"{where}: «&» and «~» do not go together; use «&» alone")
            elements = tuple(self._group(part.strip(), where) for part in phrase.split("&"))
            pattern = Pattern(code, meaning, elements, (), _DEFAULT_WINDOW, phrase)
        else:
            elements, gaps = self._in_order(phrase, where)
            pattern = Pattern(code, meaning, elements, gaps, None, phrase)
        if not elements:
            raise LexiconError(f"{where} holds only filler words")
        self.patterns.append(pattern)

    def _group(self, part: str, where: str) -> int:
        elements, _ = self._in_order(part, where)
        if len(elements) == 1:
            return elements[0]
        number = self._new()
        for sequence in self._expand(part, where):
            self._add_alternative(sequence, number)
        return number

    def _in_order(self, phrase: str, where: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if (plain := self._plain(phrase)) is not None:
            return plain, (0,) * (len(plain) - 1)
        elements: list[int] = []
        gaps: list[int] = []
        gap = 0
        keep = self._must_keep_fillers(phrase)
        for part in phrase.split():
            if part.startswith("~"):
                gap = int(part[1:] or _DEFAULT_GAP)
                continue
            new = (
                (self.concept(part.strip("<>"), where),)
                if part.startswith("<")
                else self._literal(part, keep)
            )
            for element in new:
                if elements:
                    gaps.append(gap)
                elements.append(element)
                gap = 0
        return tuple(elements), tuple(gaps)

    def by_anchor(self) -> dict[int, tuple[Pattern, ...]]:
        """Patterns filed under their rarest element, so that few are ever tried."""
        use: dict[int, int] = defaultdict(int)
        for pattern in self.patterns:
            for element in pattern.elements:
                use[element] += 1
        filed: dict[int, list[Pattern]] = defaultdict(list)
        for pattern in self.patterns:
            filed[min(pattern.elements, key=use.__getitem__)].append(pattern)
        return {element: tuple(group) for element, group in filed.items()}


def _inflect(phrase: str, forms: Mapping[str, str]) -> tuple[str, ...]:
    """«+tapika» stands for the stem with every prefix that the file lists under «+»."""
    mark = phrase[0]
    if mark not in forms:
        return (phrase,)
    return tuple(prefix + phrase[1:] for prefix in phrases(forms[mark]))


def _wordings(source: Mapping[str, Any]) -> Iterable[tuple[str, Meaning, str]]:
    for meaning in (Meaning.SIGN, Meaning.ABSENT):
        for code, value in source.get(meaning.value, {}).items():
            for phrase in phrases(value):
                yield code, meaning, phrase
    for phrase in phrases(source.get(Meaning.NOTHING.value, "")):
        yield "", Meaning.NOTHING, phrase


_PEOPLE_ROLES = ("newborn", "infant", "child", "adult")
_TIME_ROLES = ("age_before", "age_after", "duration_before", "duration_after", "gestation_after")
_NUMBER_UNIT_LINKS = frozenset({"-", ".", "full"})


def _time_words(sources: Mapping[str, Mapping[str, Any]], fillers: frozenset[str]) -> TimeWords:
    numbers: dict[str, float] = {}
    units: dict[str, str] = {}
    units_first: set[str] = set()
    half: set[str] = set()
    links = set(_NUMBER_UNIT_LINKS)
    people: dict[str, set[str]] = {}
    for source in sources.values():
        for value, names in source.get("numbers", {}).items():
            numbers.update((w, float(value)) for p in phrases(names) for w in plain_words(p))
        for unit, names in source.get("units", {}).items():
            listed = [w for p in phrases(names) for w in plain_words(p)]
            if unit in {"half", "link"}:
                (half if unit == "half" else links).update(listed)
                continue
            units.update((w, unit) for w in listed)
            if source.get("unit_before_number"):
                units_first.update(listed)
        for role, names in source.get("people", {}).items():
            people.setdefault(role, set()).update(" ".join(plain_words(p)) for p in phrases(names))
    person = {p for role in _PEOPLE_ROLES for p in people.get(role, ()) if " " not in p}
    roles = {role: frozenset(group) for role, group in people.items()} | {
        "person": frozenset(person)
    }
    cues = frozenset(w for role in _TIME_ROLES for w in roles.get(role, ()))
    return TimeWords(
        numbers=numbers,
        units=units,
        units_first=frozenset(units_first),
        half=frozenset(half),
        between_number_and_unit=frozenset(half | links),
        passed_over=fillers - cues,
        people=defaultdict(frozenset, roles),
    )


def compile_lexicon(sources: Mapping[str, Mapping[str, Any]]) -> Lexicon:
    """Compile parsed lexicon files. Raises LexiconError with file, code and wording."""
    compiler = _Compiler(sources)
    for name, source in sources.items():
        for code, meaning, phrase in _wordings(source):
            compiler.add(code, meaning, phrase, f"lexicon/{name}.toml")
            compiler.note_words(name, phrase)
    roles: dict[str, set[str]] = defaultdict(set)
    shortenings: dict[str, tuple[str, ...]] = {}
    common: set[str] = set()
    for name, source in sources.items():
        for role, value in source.get("cues", {}).items():
            roles[role].update(" ".join(plain_words(p)) for p in phrases(value))
        for short, full in source.get("shortenings", {}).items():
            shortenings[fold(short)] = tuple(fold(full).split())
        forms = source.get("verb_forms", {})
        ordinary = [
            w
            for p in phrases(source.get("common", ""))
            for form in _inflect(p, forms)
            for w in plain_words(form)
        ]
        common.update(ordinary)
        compiler.words_by_language[name].update(ordinary)
        compiler.words_by_language[name].update(phrases(fold(source.get("fillers", ""))))
    time = _time_words(sources, compiler.fillers | compiler.intensifiers)
    common.update(w for group in time.people.values() for p in group for w in p.split())
    common.update(time.units, time.numbers)
    cue_words = {w for group in roles.values() for p in group for w in p.split()}
    return Lexicon(
        languages=tuple(n for n, s in sources.items() if "language" in s),
        element_of_word=compiler.element_of_word,
        concepts_of_word={w: tuple(c) for w, c in compiler.concepts_of_word.items()},
        sequences={w: tuple(s) for w, s in compiler.sequences.items()},
        patterns=compiler.by_anchor(),
        fillers=compiler.fillers | compiler.intensifiers,
        shortenings=shortenings,
        time=time,
        cues=Words(roles={role: frozenset(group) for role, group in roles.items()}),
        speller=Speller(
            compiler.element_of_word,
            frozenset(common | cue_words | compiler.fillers | compiler.intensifiers),
        ),
        words_by_language={n: frozenset(w) for n, w in compiler.words_by_language.items()},
    )


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The compiled lexicon of this installation; loaded once.

    The garbage collector rests meanwhile: of what is made here nearly all stays, and looking
    through it again and again takes an eighth of the time to the first answer.
    """
    rested = gc.isenabled()
    gc.disable()
    try:
        return compile_lexicon(lexicon_files())
    finally:
        if rested:
            gc.enable()
