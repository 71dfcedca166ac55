"""Settings: all errors at once, defaults by profile, nothing served open by mistake."""

from pathlib import Path
from typing import Any

import pytest

from inference_svc.settings import (
    ENV_PREFIX,
    PROFILE_DEFAULTS,
    InferenceSettings,
    Profile,
    SettingsError,
    is_loopback,
    load_settings,
)
from inference_svc.settings_help import settings_table

RULES_ONLY_DEMO = {"engine": "none", "demo": True}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith(ENV_PREFIX)]:
        monkeypatch.delenv(name)


def wrong(**changes: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(**{**RULES_ONLY_DEMO, **changes})
    return str(caught.value)


def test_environment_is_read_with_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ENGINE": "none", "DEMO": "true", "PORT": "6000"}.items():
        monkeypatch.setenv(ENV_PREFIX + name, value)
    settings = load_settings()
    assert (settings.engine, settings.port, settings.demo) == ("none", 6000, True)


@pytest.mark.parametrize("profile", Profile)
def test_profile_gives_defaults_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, profile: Profile
) -> None:
    monkeypatch.setenv(ENV_PREFIX + "MAX_RUNNING_REQUESTS", "7")
    settings = load_settings(**RULES_ONLY_DEMO, profile=profile)
    assert settings.max_waiting_requests == PROFILE_DEFAULTS[profile]["max_waiting_requests"]
    assert settings.max_running_requests == 7


def test_profiles_name_the_same_settings() -> None:
    names = {frozenset(defaults) for defaults in PROFILE_DEFAULTS.values()}
    assert len(names) == 1
    assert names.pop() <= InferenceSettings.model_fields.keys()


def test_profile_in_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENV_PREFIX + "PROFILE", "l4")
    assert load_settings(**RULES_ONLY_DEMO).max_model_tokens == 8192


def test_every_error_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENV_PREFIX + "PORT", "99999")
    monkeypatch.setenv(ENV_PREFIX + "LOG_LEVEL", "loud")
    monkeypatch.setenv(ENV_PREFIX + "PROT", "1")
    with pytest.raises(SettingsError) as caught:
        load_settings(engine="vllm", host="0.0.0.0")
    told = str(caught.value)
    for name in ("PORT:", "LOG_LEVEL:", "PROT:", "MODEL_PATH:", "TOKENS_FILE:"):
        assert ENV_PREFIX + name in told


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"host": "0.0.0.0"}, "TOKENS_FILE: expected a file of tokens"),
        ({"demo": False}, "TOKENS_FILE: expected a file of tokens"),
        ({"tokens_file": "/nowhere/tokens"}, "TOKENS_FILE: no file at /nowhere/tokens"),
        ({"tls_cert_file": "/nowhere/cert"}, "expected both or none"),
        ({"tls_client_ca_file": "/nowhere/ca"}, "TLS_CLIENT_CA_FILE"),
        ({"max_output_tokens": 1024, "max_model_tokens": 512}, "less than MAX_MODEL_TOKENS"),
        ({"model_path": "/nowhere"}, "expected a folder with config.json"),
        ({"engine": "vllm"}, "MODEL_PATH: expected the folder"),
        ({"engine": "tgi"}, "ENGINE"),
        ({"prot": 1}, "PROT"),
    ],
)
def test_wrong_settings_say_what_was_expected(changes: dict[str, Any], expected: str) -> None:
    assert expected in wrong(**changes)


def test_settings_are_frozen() -> None:
    settings = load_settings(**RULES_ONLY_DEMO)
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_plain_health_port_comes_with_tls(tmp_path: Path) -> None:
    for name in ("cert", "key"):
        (tmp_path / name).write_text("pem")
    tls = {"tls_cert_file": tmp_path / "cert", "tls_key_file": tmp_path / "key"}
    assert load_settings(**RULES_ONLY_DEMO).plain_health_port is None
    assert load_settings(**RULES_ONLY_DEMO, **tls).plain_health_port == 50052
    assert load_settings(**RULES_ONLY_DEMO, health_port=7).plain_health_port == 7


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("h", False)],
)
def test_loopback_is_known(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_readme_lists_every_setting_with_its_default(root: Path) -> None:
    readme = (root / "inference_svc" / "README.md").read_text("utf-8")
    for name, default, meaning in settings_table():
        assert f"| `{name}` | {default} | {meaning} |" in readme, name
