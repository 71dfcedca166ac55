"""The weights file: what is written is read, what is broken is refused, and it is up to date."""

import pytest

from clinical.recogniser.examples import digest_of_examples
from clinical.recogniser.features import BUCKETS
from clinical.recogniser.weights import (
    WeightsError,
    read_weights,
    sparse,
    weights,
    write_weights,
)
from clinical.tables import danger_sign_codes

ROWS = [{1: 5, 2: -7} if bucket == 3 else {} for bucket in range(BUCKETS)]
SMALL = sparse(["", "convulsions", "lethargic"], [0.5, 0.0, -1.0], ROWS, scale=0.1, learnt_from="x")


def test_what_is_written_is_read() -> None:
    assert read_weights(write_weights(SMALL)) == SMALL


def test_weights_add_up_by_sign() -> None:
    total = SMALL.add_up([(3, 2.0), (4, 1.0)])
    assert total == {1: pytest.approx(1.0), 2: pytest.approx(-1.4)}


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01", b"{}\n", write_weights(SMALL)[:-1], write_weights(SMALL) + b"\x00"],
    ids=["empty", "no JSON", "no fields", "cut short", "too long"],
)
def test_a_broken_file_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(WeightsError, match=r"weights\.bin: expected"):
        read_weights(content)


def test_the_weights_were_learnt_from_the_present_examples() -> None:
    assert weights().learnt_from == digest_of_examples(), "make recogniser"


def test_the_weights_know_only_danger_signs() -> None:
    assert set(weights().signs) - {""} <= set(danger_sign_codes())
