from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from gateway.settings import PREFIX, Settings, SettingsError, settings_from

README = Path(__file__).parents[2] / "gateway" / "README.md"


@pytest.fixture
def environ():
    return {
        PREFIX + "DATABASE_URL": "postgresql://u:hidden-password@db/chewie",
        PREFIX + "PUBLIC_URL": "https://gateway.example/",
        PREFIX + "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        PREFIX + "TWILIO_AUTH_TOKENS": "hidden-one, hidden-two",
        PREFIX + "TWILIO_SMS_FROM": "+254700000000",
        PREFIX + "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        PREFIX + "ADDRESS_KEY": "hidden" * 6,
        "PATH": "/usr/bin",
    }


def test_lists_are_split_at_commas(environ):
    tokens = settings_from(environ).twilio_auth_tokens
    assert [token.get_secret_value() for token in tokens] == ["hidden-one", "hidden-two"]


def test_the_public_url_has_no_slash_at_its_end(environ):
    assert settings_from(environ).public_url == "https://gateway.example"


def test_secrets_are_not_in_the_repr(environ):
    assert "hidden" not in repr(settings_from(environ))


def test_all_errors_are_told_together():
    with pytest.raises(SettingsError) as caught:
        settings_from({PREFIX + "QUIET_SECONDS": "soon", PREFIX + "COLOUR": "red"})
    told = str(caught.value).splitlines()
    for name in ("DATABASE_URL", "PUBLIC_URL", "ADDRESS_KEY", "QUIET_SECONDS", "COLOUR"):
        assert sum(line.startswith(f"{PREFIX}{name}:") for line in told) == 1, name
    assert all(line.endswith(".") for line in told)


def test_a_wrong_key_is_told_without_being_shown(environ):
    environ[PREFIX + "ENCRYPTION_KEYS"] = "not-a-key"
    with pytest.raises(SettingsError) as caught:
        settings_from(environ)
    assert "Fernet" in str(caught.value)
    assert "not-a-key" not in str(caught.value)


def test_a_secret_may_stand_in_a_file(environ, tmp_path):
    (tmp_path / "key").write_text("from-a-file-" + "x" * 30 + "\n")
    del environ[PREFIX + "ADDRESS_KEY"]
    environ[PREFIX + "ADDRESS_KEY_FILE"] = str(tmp_path / "key")
    assert settings_from(environ).address_key.get_secret_value().startswith("from-a-file-")


def test_a_missing_secret_file_is_one_sentence(environ, tmp_path):
    environ[PREFIX + "ADDRESS_KEY_FILE"] = str(tmp_path / "none")
    with pytest.raises(SettingsError, match="ADDRESS_KEY_FILE: cannot read the file"):
        settings_from(environ)


def test_the_readme_lists_every_setting():
    text = README.read_text("utf-8")
    missing = [n for n in Settings.model_fields if f"`{PREFIX}{n.upper()}`" not in text]
    assert missing == []


def test_the_readme_lists_no_other_setting():
    import re

    named = set(re.findall(rf"`{PREFIX}([A-Z_]+)`", README.read_text("utf-8")))
    assert named - {n.upper() for n in Settings.model_fields} == set()
