"""Which model, prompt and guideline answer, and whether a checkpoint may be served.

`chewie.json` marks a demo checkpoint and the digests it was trained on; `chewie-manifest.json` is
the converter's proof and gives the model's digest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clinical
from inference_svc.codes import code_table_digest
from inference_svc.output import schema_digest
from inference_svc.prompt import prompt_digest, prompt_version
from inference_svc.settings import ENV_PREFIX, InferenceSettings

DEMO_FILE = "chewie.json"
MANIFEST_FILE = "chewie-manifest.json"
RULES_ONLY = "rules-only"


class CheckpointError(Exception):
    """A checkpoint that must not be served; the text is a sentence that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceIdentity:
    """What is stamped on every answer. Without a model `model_digest` is empty."""

    model: str
    model_digest: str
    prompt_version: str
    guideline_version: str
    demo: bool


def identify(settings: InferenceSettings) -> ServiceIdentity:
    """Return the identity of what the settings name. Raises `CheckpointError`."""
    folder = settings.model_path
    if folder is None:
        return _identity(name=settings.model_name or RULES_ONLY, digest="", demo=False)
    mark = _json_of(folder / DEMO_FILE)
    demo = bool(mark.get("demo", False))
    if demo and not settings.demo:
        raise CheckpointError(
            f"The checkpoint in {folder} is a demo checkpoint, not for care: it is served only "
            f"with {ENV_PREFIX}DEMO=true. Name a converted MedGemma in {ENV_PREFIX}MODEL_PATH."
        )
    _check_digests(mark, folder)
    name = settings.model_name or str(mark.get("name", "")) or folder.resolve().name
    return _identity(name=name, digest=_model_digest(folder), demo=demo)


def trained_on() -> dict[str, str]:
    """The digests that a checkpoint records when it is trained for this version."""
    return {
        "prompt_digest": prompt_digest(),
        "schema_digest": schema_digest(),
        "code_table_digest": code_table_digest(),
    }


def _check_digests(mark: dict[str, Any], folder: Path) -> None:
    now = trained_on()
    stale = [name for name in now if name in mark and mark[name] != now[name]]
    missing = [name for name in now if mark.get("demo") and name not in mark]
    if stale or missing:
        raise CheckpointError(
            f"The checkpoint in {folder} was trained on another {' and '.join(stale + missing)} "
            "than this version has. Train it again: `make demo-model`."
        )


def _identity(*, name: str, digest: str, demo: bool) -> ServiceIdentity:
    return ServiceIdentity(
        model=name,
        model_digest=digest,
        prompt_version=prompt_version(),
        guideline_version=clinical.guideline_version(),
        demo=demo,
    )


def _model_digest(folder: Path) -> str:
    digest = _json_of(folder / MANIFEST_FILE).get("digest")
    if isinstance(digest, str):
        return digest
    config = (folder / "config.json").read_bytes()
    return "config-sha256:" + hashlib.sha256(config).hexdigest()


def _json_of(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path} is not JSON: convert or train the model again.") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} is not a JSON object: convert or train the model again.")
    return value
