import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.evaluate.proportion import Proportion


@pytest.mark.parametrize(
    ("hits", "low", "high"),
    [(46, 81.2, 96.8), (48, 86.5, 98.9), (49, 89.5, 99.6), (1, 0.4, 10.5)],
    ids=["92%", "96%", "98%", "2%"],
)
def test_interval_of_fifty_is_as_published(hits: int, low: float, high: float) -> None:
    interval = Proportion(hits=hits, total=50).interval
    assert interval is not None
    assert [round(100 * bound, 1) for bound in interval] == [low, high]


@pytest.mark.parametrize(("total", "bound"), [(300, 98.7), (600, 99.4)])
def test_no_miss_bounds_recall_from_below(total: int, bound: float) -> None:
    interval = Proportion(hits=total, total=total).interval
    assert interval is not None
    assert round(100 * interval[0], 1) == bound
    assert interval[1] == 1.0


def test_nothing_counted_has_neither_share_nor_interval() -> None:
    nothing = Proportion.of([])
    assert (nothing.share, nothing.interval) == (None, None)
    assert nothing.as_json() == {"hits": 0, "total": 0, "share": None, "wilson_95": None}


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_holds_the_share_and_stays_within_zero_and_one(counts: tuple[int, int]) -> None:
    proportion = Proportion(hits=counts[0], total=counts[1])
    assert proportion.share is not None
    assert proportion.interval is not None
    low, high = proportion.interval
    assert 0 <= low <= proportion.share <= high <= 1
    assert low < high
