"""Who a rule is for: age by the day, pregnancy, sex. Does not judge which ages are plausible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from clinical.case import Pregnancy, Sex
from clinical.tables.toml_file import (
    TableError,
    check_codes,
    check_keys,
    read_toml,
    room_file,
    text_list,
)

FILE = "populations.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """A band of ages [first_day, below_day), narrowed to stated pregnancy and sex when given.

    `age_stated`: only a patient whose age is known belongs, so that nobody is taken for old.
    """

    code: str
    name: str
    first_day: int
    below_day: int
    pregnancy: frozenset[Pregnancy] = frozenset()
    sex: frozenset[Sex] = frozenset()
    age_stated: bool = False

    def holds(self, *, age_days: int, pregnancy: Pregnancy, sex: Sex) -> bool:
        """Whether a patient of that age, pregnancy and sex belongs."""
        return (
            self.first_day <= age_days < self.below_day
            and (not self.pregnancy or pregnancy in self.pregnancy)
            and (not self.sex or sex in self.sex)
        )


@cache
def populations() -> Mapping[str, Population]:
    """Every population by its code. Raises TableError for anything that is not expected."""
    return {
        code: _population(code, row) for code, row in read_toml(room_file("tables", FILE)).items()
    }


def populations_named(codes: Any, *, where: str) -> tuple[Population, ...]:
    """The populations of those codes, at least one. Raises TableError for any other."""
    names = text_list(codes, where=f"{where}: population")
    check_codes(names, populations(), where=where, list_name=FILE)
    if not names:
        raise TableError(f"{where}: population expects at least one")
    return tuple(populations()[name] for name in names)


def _population(code: str, row: Mapping[str, Any]) -> Population:
    where = f"{FILE}: {code}"
    check_keys(
        row, where=where, required=["name", "days"], optional=["pregnancy", "sex", "age_stated"]
    )
    days = row["days"]
    if len(days) != 2 or not 0 <= days[0] < days[1]:
        raise TableError(f"{where}: days expects [first day, first day that no longer belongs]")
    try:
        pregnancy = frozenset(
            Pregnancy(name) for name in text_list(row.get("pregnancy", []), where=where)
        )
        sex = frozenset(Sex(name) for name in text_list(row.get("sex", []), where=where))
    except ValueError as error:
        raise TableError(f"{where}: {error}") from error
    return Population(
        code=code,
        name=row["name"],
        first_day=days[0],
        below_day=days[1],
        pregnancy=pregnancy,
        sex=sex,
        age_stated=bool(row.get("age_stated", False)),
    )
