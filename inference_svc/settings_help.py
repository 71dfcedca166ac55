"""The settings as rows to read: for `--help` and the README. Reads no environment."""

from __future__ import annotations

from typing import Any

from pydantic.fields import FieldInfo

from inference_svc.settings import ENV_PREFIX, PROFILE_DEFAULTS, InferenceSettings, Profile


def settings_table() -> list[tuple[str, str, str]]:
    """Rows of (variable, default, meaning) for `--help` and the README; by profile where it is."""
    return [
        (ENV_PREFIX + name.upper(), _default_text(name, info), info.description or "")
        for name, info in InferenceSettings.model_fields.items()
    ]


def _default_text(name: str, info: FieldInfo) -> str:
    if name in PROFILE_DEFAULTS[Profile.LAPTOP]:
        laptop, l4 = (_shown(PROFILE_DEFAULTS[profile][name]) for profile in Profile)
        return f"{laptop} (l4: {l4})"
    return _shown(info.default)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
