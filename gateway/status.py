"""The provider's delivery states, and that they only move forward. Pure."""

from __future__ import annotations

# Callbacks come late, twice and out of order: only a higher rank replaces a lower one.
RANK: dict[str, int] = {
    "accepted": 1,
    "scheduled": 1,
    "queued": 2,
    "sending": 3,
    "sent": 4,
    "delivered": 6,
    "read": 7,
    "undelivered": 8,
    "failed": 8,
    "canceled": 8,
}
FAILED = frozenset({"undelivered", "failed", "canceled"})
ARRIVED = frozenset({"delivered", "read"})


def moves_forward(before: str | None, after: str) -> bool:
    """Whether `after` replaces `before`. A message that arrived never fails afterwards."""
    if after not in RANK:
        return False
    if before in ARRIVED and after in FAILED:
        return False
    return RANK[after] > RANK.get(before or "", 0)
