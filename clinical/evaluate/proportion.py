"""A share with its Wilson 95% interval. Small samples must never look certain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959963984540054  # two-sided 95% quantile of the normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportion:
    """`hits` of `total`. With a total of 0 there is neither share nor interval (None)."""

    hits: int
    total: int

    @classmethod
    def of(cls, results: Iterable[bool]) -> Proportion:
        """Count the true ones."""
        values = tuple(results)
        return cls(hits=sum(values), total=len(values))

    @property
    def share(self) -> float | None:
        """Hits / total, 0 to 1."""
        return self.hits / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson score interval, 95% (Wilson 1927): low and high, 0 to 1."""
        if not self.total:
            return None
        n, p = self.total, self.hits / self.total
        weight = Z_95**2 / n
        centre = (p + weight / 2) / (1 + weight)
        half = Z_95 / (1 + weight) * sqrt(p * (1 - p) / n + weight / (4 * n))
        # At 0 and 1 the bound is exact; rounding must not push it past the share.
        low = 0.0 if self.hits == 0 else centre - half
        high = 1.0 if self.hits == n else centre + half
        return low, high

    def as_json(self) -> dict[str, object]:
        """Numbers as JSON: hits, total, share, wilson_95 (null when there is nothing to count)."""
        interval = self.interval
        return {
            "hits": self.hits,
            "total": self.total,
            "share": None if self.share is None else round(self.share, 4),
            "wilson_95": None if interval is None else [round(bound, 4) for bound in interval],
        }
