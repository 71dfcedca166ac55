"""The environment of each part: pure mappings from the run's settings and secrets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from demo.run.secrets import DemoSecrets
from demo.run.settings import RunSettings

SMS_NUMBER = "+447700900500"
QUIET_SECONDS = "0.4"
"""A burst is merged until so long nothing came: short, since one person types on the page."""
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


def inherited(settings: RunSettings, environment: Mapping[str, str]) -> dict[str, str]:
    """What every part takes over from the caller: no settings of another installation.

    The run's folder is in it, so that a part left over can be told from another run's.
    """
    kept = {name: environment[name] for name in INHERITED if name in environment}
    return {**kept, "PYTHONUNBUFFERED": "1", "CHEWIE_RUN_DIR": str(settings.folder)}


def inference(settings: RunSettings, model: Path | None) -> dict[str, str]:
    """Of the inference service; without a model the rules alone answer."""
    given = {
        "DEMO": "true",
        "ENGINE": settings.engine,
        "PORT": str(settings.grpc_port),
        "METRICS_PORT": str(settings.metrics_port),
        "REFLECTION": "true",
        "TELL_MODEL_ANSWER": "true",
    }
    if model is not None:
        given["MODEL_PATH"] = str(model)
    quiet = {"VLLM_LOGGING_LEVEL": "WARNING", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}
    return {**quiet, **_prefixed("CHEWIE_INFERENCE_", given)}


def gateway(settings: RunSettings, secrets: DemoSecrets, database_url: str) -> dict[str, str]:
    """Of the gateway's web and worker, and of its commands."""
    given = {
        "DEMO": "true",
        "DATABASE_URL": database_url,
        "PUBLIC_URL": f"http://127.0.0.1:{settings.gateway_port}",
        "WEB_BIND": f"127.0.0.1:{settings.gateway_port}",
        "WEB_WORKERS": "1",
        "TWILIO_ACCOUNT_SID": secrets.account_sid,
        "TWILIO_AUTH_TOKENS": secrets.auth_token,
        "TWILIO_API_BASE_URL": f"http://127.0.0.1:{settings.phone_port}",
        "TWILIO_SMS_FROM": SMS_NUMBER,
        "TWILIO_WHATSAPP_FROM": SMS_NUMBER,
        "ENCRYPTION_KEYS": secrets.encryption_key,
        "ADDRESS_KEY": secrets.address_key,
        "INFERENCE_TARGET": f"127.0.0.1:{settings.grpc_port}",
        "QUIET_SECONDS": QUIET_SECONDS,
        "CONSOLE": "true",
        "CONSOLE_INSECURE_COOKIE": "true",
    }
    return _prefixed("CHEWIE_GATEWAY_", given)


def phone(settings: RunSettings, secrets: DemoSecrets) -> dict[str, str]:
    """Of the phone and its local Twilio."""
    webhook = f"http://127.0.0.1:{settings.gateway_port}/webhooks/twilio/messages"
    given = {
        "PORT": str(settings.phone_port),
        "ACCOUNT_SID": secrets.account_sid,
        "AUTH_TOKEN": secrets.auth_token,
        "NUMBER": SMS_NUMBER,
        "WEBHOOK_URL": webhook,
        "CONTROL_DIR": str(settings.folder),
    }
    return _prefixed("CHEWIE_PHONE_", given)


def _prefixed(prefix: str, given: Mapping[str, str]) -> dict[str, str]:
    return {prefix + name: value for name, value in given.items()}
