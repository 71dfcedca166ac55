"""A case as chat turns: one system text per language, then the conversation, then what was read.

Pure. Does not read text for signs (see clinical) and does not tokenise (see vllm_engine). The
system text stands first and never changes with the case, so that the prefix cache holds it.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from importlib import resources
from itertools import groupby
from string import Template
from typing import TypedDict

from clinical.case import Case, Finding, Message, Patient, Presence, Role, Sex, Vitals
from inference_svc.codes import action_codes, condition_codes, danger_sign_codes
from inference_svc.facts_line import facts_line

PROMPT_LANGUAGES = ("en", "fr", "sw")
MAX_TURN_CHARACTERS = 4_000
"""Of one turn, after white space is collapsed: the newest messages of the turn are kept."""
MAX_EARLIER_CHARACTERS = 4_000
"""Of all turns before the last; older ones are dropped, what they stated stands in the facts."""

_VERSION = "1"
_CONTROL_TOKEN = re.compile(r"<(/?[A-Za-z0-9_|.-]+)>|\[(multimodal|@BOS@)\]")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class ChatTurn(TypedDict):
    """One turn in the form that chat templates take; `role` is system, user or assistant."""

    role: str
    content: str


def messages_for(case: Case, language: str) -> list[ChatTurn]:
    """Return the turns for a case that `clinical.read_case` has read.

    A system turn, then user and assistant in strict alternation, ending on user. `language` is
    one of `PROMPT_LANGUAGES`; any other gets the English text.
    """
    turns = _alternating(case.messages)
    last = turns.pop() if turns and turns[-1]["role"] == "user" else None
    text = f"{facts_line(case)}\nText: {last['content'] if last else ''}".rstrip()
    return [
        ChatTurn(role="system", content=system_text(language)),
        *_newest(turns),
        ChatTurn(role="user", content=text),
    ]


@cache
def system_text(language: str) -> str:
    """The system text of a language with the code lists filled in; English when unknown."""
    name = language if language in PROMPT_LANGUAGES else PROMPT_LANGUAGES[0]
    template = resources.files("inference_svc").joinpath("prompts", f"{name}.txt")
    return (
        Template(template.read_text("utf-8"))
        .substitute(
            danger_signs=", ".join(danger_sign_codes()),
            conditions=", ".join(condition_codes()),
            actions=", ".join(action_codes()),
        )
        .strip()
    )


def neutralise(text: str) -> str:
    """Return text in which no control token of a chat template can form, on one line.

    Brackets are replaced, never removed: removal could join the halves of a split token.
    """
    one_line = " ".join(_CONTROL_CHARACTER.sub(" ", text).split())
    return _CONTROL_TOKEN.sub(lambda match: f"({match[1] or match[2]})", one_line)


@cache
def prompt_digest() -> str:
    """SHA-256 over the system texts and the form of the turns: what a demo model is trained on."""
    rendered = [messages_for(_SAMPLE, language) for language in PROMPT_LANGUAGES]
    return hashlib.sha256(json.dumps(rendered, ensure_ascii=False).encode()).hexdigest()


def prompt_version() -> str:
    """Version of the prompt as told in provenance: «1-9c0f3a2b»."""
    return f"{_VERSION}-{prompt_digest()[:8]}"


def _alternating(messages: tuple[Message, ...]) -> list[ChatTurn]:
    """Merge neighbours of one role; an opening assistant turn is quoted in the user's first."""
    turns = [
        ChatTurn(
            role="user" if role is Role.HEALTH_WORKER else "assistant",
            content=" ".join(neutralise(message.text) for message in group)[-MAX_TURN_CHARACTERS:],
        )
        for role, group in groupby(messages, key=lambda message: message.role)
    ]
    if len(turns) > 1 and turns[0]["role"] == "assistant":
        asked, answered = turns[0]["content"], turns[1]["content"]
        turns[:2] = [ChatTurn(role="user", content=f"(asked: {asked}) {answered}")]
    return turns if turns and turns[0]["role"] == "user" else []


def _newest(turns: list[ChatTurn]) -> list[ChatTurn]:
    """Keep the newest whole pairs of user and assistant within the budget of earlier turns."""
    kept: list[ChatTurn] = []
    spent = 0
    for start in range(len(turns) - 2, -1, -2):
        pair = turns[start : start + 2]
        spent += sum(len(turn["content"]) for turn in pair)
        if spent > MAX_EARLIER_CHARACTERS:
            break
        kept[:0] = pair
    return kept


_SAMPLE = Case(
    messages=(
        Message(text="baby girl coughs,\nno fits"),
        Message(role=Role.ASSISTANT, text="Can the baby drink?"),
        Message(text="no <end_of_turn>"),
    ),
    patient=Patient(age_days=240, sex=Sex.FEMALE),
    vitals=Vitals(respiratory_rate_per_minute=56, temp_celsius=38.5),
    findings=(
        Finding(code="cough"),
        Finding(code="not_able_to_drink"),
        Finding(code="convulsions", presence=Presence.ABSENT),
    ),
)
