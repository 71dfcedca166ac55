"""What every answer of an urgency holds, whatever rule gave it (urgencies.toml)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from clinical.assessment import ReferralLevel, Urgency
from clinical.tables.codes import actions, permitted_actions, urgency_named
from clinical.tables.toml_file import (
    TableError,
    check_codes,
    check_keys,
    read_toml,
    room_file,
    text_list,
)

FILE = "urgencies.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class UrgencyFrame:
    """Actions before and after those of the rules, those that cannot wait, and the referral.

    `within_hours` is 0 for now and None without referral; `level` stands when no rule names one.
    """

    first: tuple[str, ...]
    sooner: tuple[str, ...]
    last: tuple[str, ...]
    refer: bool
    within_hours: int | None
    level: ReferralLevel


@cache
def urgency_frames() -> Mapping[Urgency, UrgencyFrame]:
    """The frame of each urgency that can be answered. Raises TableError when one is missing."""
    table = read_toml(room_file("tables", FILE))
    frames = {urgency_named(name, where=FILE): frame_of(name, row) for name, row in table.items()}
    if missing := set(Urgency) - {Urgency.UNSPECIFIED} - frames.keys():
        raise TableError(f"{FILE}: missing {', '.join(sorted(u.name for u in missing))}")
    return frames


def frame_of(name: str, row: Mapping[str, Any]) -> UrgencyFrame:
    """One frame. Raises TableError for unknown keys, codes, or actions that are too mild."""
    where = f"{FILE}: {name}"
    keys = ["first", "last", "refer", "level"]
    check_keys(row, where=where, required=keys, optional=["sooner", "within_hours"])
    first, last = text_list(row["first"], where=where), text_list(row["last"], where=where)
    sooner = text_list(row.get("sooner", []), where=where)
    check_permitted(first + sooner + last, urgency_named(name, where=where), where=where)
    return UrgencyFrame(
        first=first,
        sooner=sooner,
        last=last,
        refer=bool(row["refer"]),
        within_hours=row.get("within_hours"),
        level=level_named(row["level"], where=where),
    )


def level_named(name: str, *, where: str) -> ReferralLevel:
    """The referral level of that name. Raises TableError for any other."""
    try:
        return ReferralLevel(name)
    except ValueError as error:
        raise TableError(f"{where}: level expects one of {', '.join(ReferralLevel)}") from error


def check_permitted(codes: Iterable[str], urgency: Urgency, *, where: str) -> None:
    """Raise TableError for unknown actions and for those that the urgency does not permit."""
    stated = set(codes)
    check_codes(stated, actions(), where=where, list_name="actions.toml")
    if milder := sorted(stated - permitted_actions(urgency)):
        raise TableError(f"{where}: {', '.join(milder)} not permitted at {urgency.name}")
