"""Reads `examples/*.txt`: a text a line, the words that carry a sign marked «[[code|words]]»."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources.abc import Traversable

from clinical.reader.tokens import Token, fold, tokenize
from clinical.tables.codes import danger_sign_codes
from clinical.tables.toml_file import TableError, room_file

_MARK = re.compile(r"\[\[(\w+)\|([^\[\]|]+)\]\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A stretch of tokens, first to last, that carries a sign."""

    code: str
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One text and the signs it states; none in a control."""

    text: str
    tokens: tuple[Token, ...]
    marked: tuple[Marked, ...]


def example_of(line: str, *, where: str) -> Example:
    """One line. Raises TableError with the place when a mark is broken or its code is unknown."""
    text, spans, rest = "", [], 0
    for mark in _MARK.finditer(line):
        text += line[rest : mark.start()]
        spans.append((mark[1], len(text), len(text) + len(mark[2])))
        text += mark[2]
        rest = mark.end()
    text += line[rest:]
    if "[[" in text or "]]" in text:
        raise TableError(f"{where}: expected marks like [[code|words]]")
    tokens = tuple(tokenize(fold(text)))
    return Example(
        text=text,
        tokens=tokens,
        marked=tuple(_marked(code, start, end, tokens, where) for code, start, end in spans),
    )


def _marked(code: str, start: int, end: int, tokens: tuple[Token, ...], where: str) -> Marked:
    if code not in danger_sign_codes():
        raise TableError(f"{where}: «{code}» is not in danger_signs.toml")
    inside = [i for i, t in enumerate(tokens) if t.start < end and start < t.end]
    if not inside:
        raise TableError(f"{where}: no word is marked as {code}")
    return Marked(code=code, first=inside[0], last=inside[-1])


def example_files() -> list[Traversable]:
    """The files, by name."""
    folder = room_file("recogniser", "examples").iterdir()
    return sorted((f for f in folder if f.name.endswith(".txt")), key=lambda file: file.name)


def digest_of_examples() -> str:
    """SHA-256 over all files: the weights say which examples they were learnt from."""
    state = sha256()
    for file in example_files():
        state.update(file.name.encode() + b"\n" + file.read_bytes())
    return state.hexdigest()


def read_examples() -> Iterator[Example]:
    """All examples of all files, in order."""
    for file in example_files():
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip() and not line.startswith("//"):
                yield example_of(line.strip(), where=f"{file.name}:{number}")
