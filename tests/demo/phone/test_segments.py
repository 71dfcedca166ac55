import pytest

from demo.phone.segments import Encoding, measure


@pytest.mark.parametrize(
    ("text", "encoding", "segments"),
    [
        pytest.param("", Encoding.GSM_7, 1, id="empty"),
        pytest.param("a" * 160, Encoding.GSM_7, 1, id="full single"),
        pytest.param("a" * 161, Encoding.GSM_7, 2, id="one over"),
        pytest.param("a" * 306, Encoding.GSM_7, 2, id="full double"),
        pytest.param("a" * 307, Encoding.GSM_7, 3, id="one over double"),
        pytest.param("€" * 80, Encoding.GSM_7, 1, id="extension characters cost two"),
        pytest.param("€" * 81, Encoding.GSM_7, 2, id="extension characters over one"),
        pytest.param("a" * 152 + "€" + "a" * 152, Encoding.GSM_7, 3, id="an escape is not split"),
        pytest.param("é" * 160, Encoding.GSM_7, 1, id="e acute is in the alphabet"),
        pytest.param("ê" * 70, Encoding.UCS_2, 1, id="e circumflex is not"),
        pytest.param("ê" * 71, Encoding.UCS_2, 2, id="UCS-2 over one"),
        pytest.param("😀" * 35, Encoding.UCS_2, 1, id="an emoji is two units"),
        pytest.param("😀" * 67, Encoding.UCS_2, 3, id="a surrogate pair is not split"),
    ],
)
def test_text_is_counted_as_it_is_billed(text: str, encoding: Encoding, segments: int) -> None:
    size = measure(text)
    assert (size.encoding, size.segments) == (encoding, segments)
    assert size.characters == len(text)
