"""The examples as data: well-formed marks, known codes, every language, controls beside signs."""

from collections import Counter

import pytest

from clinical.recogniser.examples import example_files, example_of, read_examples
from clinical.tables import danger_sign_codes
from clinical.tables.toml_file import TableError

LEAST_EXAMPLES_OF_A_SIGN = 10
FEW_ARE_ENOUGH = 25  # signs that durations and measurements read: no wording of their own


def test_a_mark_is_cut_out_and_its_words_are_kept() -> None:
    example = example_of("wk 3 baby [[not_feeding|leaves the nipple]] since ystd", where="x:1")
    assert example.text == "wk 3 baby leaves the nipple since ystd"
    (mark,) = example.marked
    words = [t.word for t in example.tokens[mark.first : mark.last + 1]]
    assert (mark.code, words) == ("not_feeding", ["leaves", "the", "nipple"])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("she [[flies|has wings]]", "x:1: «flies» is not in danger_signs.toml"),
        ("she [[convulsions|shakes", "x:1: expected marks like"),
        ("she [[convulsions]] shakes", "x:1: expected marks like"),
        ("she [[convulsions| ]] shakes", "x:1: no word is marked"),
    ],
)
def test_a_broken_line_is_refused_with_its_place(line: str, complaint: str) -> None:
    with pytest.raises(TableError, match=complaint.replace("[", r"\[")):
        example_of(line, where="x:1")


def test_every_file_has_signs_and_controls() -> None:
    examples = list(read_examples())
    controls = sum(not e.marked for e in examples)
    assert len(examples) > 1000
    assert controls >= len(examples) // 6
    assert {f.name[:2] for f in example_files()} >= {"en", "fr", "sw"}


def test_nearly_every_sign_has_examples() -> None:
    seen = Counter(mark.code for e in read_examples() for mark in e.marked)
    few = [c for c in danger_sign_codes() if seen[c] < LEAST_EXAMPLES_OF_A_SIGN]
    assert len(few) <= FEW_ARE_ENOUGH, few
