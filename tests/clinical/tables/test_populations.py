import pytest

from clinical.case import Pregnancy, Sex
from clinical.tables.populations import populations


def belongs(code: str, age_days: int) -> bool:
    return populations()[code].holds(
        age_days=age_days, pregnancy=Pregnancy.UNKNOWN, sex=Sex.UNKNOWN
    )


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("newborn", 0, 28),
        ("young_infant", 0, 59),
        ("child", 60, 1824),
        ("older_child", 1825, 4379),
        ("adult", 4380, 47500),
    ],
)
def test_a_band_ends_by_the_day(code: str, first: int, last: int) -> None:
    assert belongs(code, first)
    assert belongs(code, last)
    assert not belongs(code, last + 1)
    assert first == 0 or not belongs(code, first - 1)


def test_every_age_is_in_exactly_one_of_the_four_bands() -> None:
    bands = ("young_infant", "child", "older_child", "adult")
    for day in range(0, 47501, 7):
        assert sum(belongs(code, day) for code in bands) == 1, day


def test_pregnancy_has_to_be_stated() -> None:
    assert not belongs("pregnant", 9000)
    assert populations()["pregnant"].holds(
        age_days=9000, pregnancy=Pregnancy.PREGNANT, sex=Sex.UNKNOWN
    )
