import pytest

from clinical.phrases.gsm7 import folded_to_gsm7, is_gsm7


@pytest.mark.parametrize("text", ["Référer", "fièvre à 39", "Refer NOW", "120/80", "@"])
def test_the_basic_set_is_kept(text: str) -> None:
    assert is_gsm7(text)
    assert folded_to_gsm7(text) == text


@pytest.mark.parametrize("text", ["tête", "ça", "’", "ñandú{"])
def test_what_is_outside_is_seen(text: str) -> None:
    assert not is_gsm7(text)


def test_accents_that_gsm7_lacks_are_folded() -> None:
    assert folded_to_gsm7("mal de tête, ça brûle") == "mal de tete, ca brule"


def test_other_scripts_are_left_alone() -> None:
    assert folded_to_gsm7("ጤና") == "ጤና"
