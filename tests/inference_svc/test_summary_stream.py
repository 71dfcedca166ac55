"""The summary as it grows: whole sentences, the same however the pieces fall, no doses."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from inference_svc.summary_stream import SummaryStream
from tests.inference_svc.fakes import said

TEXT = said(summary="Child of 2 years has fits. Give 250 mg now. Refer; no delay")
SENTENCES = ["Child of 2 years has fits.", "Refer;", "no delay"]


def streamed(pieces: list[str]) -> list[str]:
    stream = SummaryStream()
    return [sentence for piece in pieces for sentence in stream.feed(piece)]


def test_sentences_come_whole_and_without_doses() -> None:
    assert streamed([TEXT]) == SENTENCES


@given(st.lists(st.integers(0, len(TEXT)), max_size=12))
def test_sentences_do_not_depend_on_how_the_pieces_fall(cuts: list[int]) -> None:
    places = sorted({0, len(TEXT), *cuts})
    pieces = [TEXT[a:b] for a, b in itertools.pairwise(places)]
    assert streamed(pieces) == SENTENCES


def test_sentence_is_held_back_until_it_is_whole() -> None:
    stream = SummaryStream()
    assert stream.feed('{"summary":"Has fits. Cann') == ["Has fits."]
    assert stream.feed("ot drink") == []
    assert stream.feed('","danger_signs":["stridor. x') == ["Cannot drink"]
    assert stream.feed(' y."]') == []


@given(st.text(max_size=50))
def test_other_text_gives_nothing_and_never_fails(text: str) -> None:
    if not text.lstrip().startswith("{"):
        assert streamed([text]) == []
