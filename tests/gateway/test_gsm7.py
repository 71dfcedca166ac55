import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.gsm7 import BASIC, EXTENDED, FOLDING, fold, fold_if_it_helps, measure

# encoding, units, segments of texts whose size is known from the standard
SIZES = [
    ("", "GSM-7", 0, 1),
    ("a" * 160, "GSM-7", 160, 1),
    ("a" * 161, "GSM-7", 161, 2),
    ("a" * 306, "GSM-7", 306, 2),
    ("a" * 307, "GSM-7", 307, 3),
    ("€" * 80, "GSM-7", 160, 1),
    ("€" * 81, "GSM-7", 162, 2),
    ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),  # the sign would be split: it moves on
    ("ê" + "a" * 69, "UCS-2", 70, 1),
    ("ê" + "a" * 70, "UCS-2", 71, 2),
    ("ê" * 134, "UCS-2", 134, 2),
    ("ê" * 135, "UCS-2", 135, 3),
    ("😀" * 35, "UCS-2", 70, 1),
    ("😀" * 36, "UCS-2", 72, 2),
    ("a" * 66 + "😀" + "a" * 66, "UCS-2", 134, 3),  # likewise
]


@pytest.mark.parametrize(("text", "encoding", "units", "segments"), SIZES)
def test_sizes_are_the_networks(text, encoding, units, segments):
    size = measure(text)
    assert (size.encoding, size.units, size.segments) == (encoding, units, segments)


def test_the_alphabet_has_its_size():
    assert len(set(BASIC)) == 127  # 128 without the escape
    assert len(set(EXTENDED)) == 10


@pytest.mark.parametrize("letter", list("çêâîôûëœãõáíóúɓɗƙƴ°≥≤–…•’½×"))
def test_letters_that_phones_lack_have_a_written_replacement(letter):
    assert measure(fold(letter)).encoding == "GSM-7"


def test_fractions_stay_readable():
    assert fold("½ tab, 5µg, 38°") == "1/2 tab, 5ug, 38 deg "


@pytest.mark.parametrize("text", ["ሰላም ê", "مرحبا ç", "ê 😀"])
def test_what_the_table_lacks_is_never_replaced(text):
    assert fold_if_it_helps(text) == text


@given(st.text().filter(lambda text: not set(text) & set(FOLDING)))
def test_folding_changes_nothing_that_the_table_does_not_name(text):
    assert fold(text) == text


@given(st.text(max_size=700))
def test_segments_hold_the_units(text):
    size = measure(text)
    single, several = (160, 153) if size.encoding == "GSM-7" else (70, 67)
    assert size.units <= (single if size.segments == 1 else several * size.segments)
