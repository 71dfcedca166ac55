"""Twilio's connection overrides: the `#rc=5&rp=ct,rt,5xx` at the end of a webhook URL. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urldefrag


class Outcome(StrEnum):
    """How one attempt ended, in the words of the retry policy."""

    OK = "ok"
    CONNECT = "ct"
    READ = "rt"
    CLIENT_ERROR = "4xx"
    SERVER_ERROR = "5xx"


POLICIES = frozenset({Outcome.CONNECT, Outcome.READ, Outcome.CLIENT_ERROR, Outcome.SERVER_ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """How to reach one webhook; the defaults are Twilio's own."""

    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    total_seconds: float = 15.0
    retries: int = 1
    retry_on: frozenset[Outcome] = frozenset({Outcome.CONNECT})

    def retries_after(self, outcome: Outcome, attempts: int) -> bool:
        """Whether to try once more after `attempts` attempts, the last of which ended so."""
        return attempts <= self.retries and outcome in self.retry_on


def split_url(url: str) -> tuple[str, Overrides]:
    """The URL without its fragment, and what the fragment asks for.

    Values outside Twilio's range are brought into it; unknown keys are ignored, as Twilio does.
    """
    bare, fragment = urldefrag(url)
    values = dict(parse_qsl(fragment))
    default = Overrides()
    return bare, Overrides(
        connect_seconds=_seconds(values, "ct", default.connect_seconds, 10.0),
        read_seconds=_seconds(values, "rt", default.read_seconds, 15.0),
        total_seconds=_seconds(values, "tt", default.total_seconds, 15.0),
        retries=min(max(_whole(values.get("rc"), default.retries), 0), 5),
        retry_on=_policy(values.get("rp"), default.retry_on),
    )


def _seconds(values: Mapping[str, str], key: str, default: float, longest: float) -> float:
    milliseconds = _whole(values.get(key), round(default * 1000))
    return min(max(milliseconds / 1000, 0.1), longest)


def _whole(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default


def _policy(text: str | None, default: frozenset[Outcome]) -> frozenset[Outcome]:
    if text is None:
        return default
    names = text.split(",")
    return POLICIES if "all" in names else frozenset(p for p in POLICIES if p.value in names)
