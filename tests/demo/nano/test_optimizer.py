"""The schedule of learning rates."""

from __future__ import annotations

import pytest

from demo.nano.optimizer import Rates, rate_share

RATES = Rates(warm_up=0.1, floor=0.02)


def test_the_rate_rises_to_its_peak_and_falls_to_its_floor():
    shares = [rate_share(step, 100, RATES) for step in range(100)]
    assert shares[:10] == pytest.approx([0.1 * n for n in range(1, 11)])
    assert max(shares) == pytest.approx(1.0)
    assert shares[10:] == sorted(shares[10:], reverse=True)
    assert 0.02 <= shares[-1] < 0.03
