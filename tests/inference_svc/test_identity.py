"""Which checkpoint may be served, and what is stamped on answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from inference_svc.identity import CheckpointError, identify, trained_on
from tests.inference_svc.fakes import settings_for_tests


def a_folder(folder: Path, *, mark: Any = None, manifest: Any = None) -> Path:
    (folder / "config.json").write_text("{}")
    if mark is not None:
        (folder / "chewie.json").write_text(mark if isinstance(mark, str) else json.dumps(mark))
    if manifest is not None:
        (folder / "chewie-manifest.json").write_text(json.dumps(manifest))
    return folder


def test_without_a_model_the_rules_are_named() -> None:
    identity = identify(settings_for_tests())
    assert (identity.model, identity.model_digest, identity.demo) == ("rules-only", "", False)
    assert identity.prompt_version
    assert identity.guideline_version


def test_demo_checkpoint_is_known_by_its_mark(tmp_path: Path) -> None:
    mark = {"demo": True, "name": "chewie-nano", **trained_on()}
    folder = a_folder(tmp_path, mark=mark, manifest={"digest": "sha256:abc"})
    identity = identify(settings_for_tests(model_path=folder))
    assert (identity.model, identity.model_digest) == ("chewie-nano", "sha256:abc")
    assert identity.demo


def test_other_checkpoint_is_named_by_folder_or_setting(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    identity = identify(settings_for_tests(model_path=folder))
    assert identity.model == tmp_path.name
    assert identity.model_digest.startswith("config-sha256:")
    assert not identity.demo
    named = settings_for_tests(model_path=folder, model_name="medgemma-4b")
    assert identify(named).model == "medgemma-4b"


@pytest.mark.parametrize("name", ["prompt_digest", "schema_digest", "code_table_digest"])
def test_demo_mark_without_a_digest_is_refused(tmp_path: Path, name: str) -> None:
    mark = {"demo": True, **trained_on()}
    del mark[name]
    with pytest.raises(CheckpointError, match=name):
        identify(settings_for_tests(model_path=a_folder(tmp_path, mark=mark)))


@pytest.mark.parametrize("mark", ["{", "[]"])
def test_mark_that_is_no_json_object_is_refused(tmp_path: Path, mark: str) -> None:
    with pytest.raises(CheckpointError, match=r"chewie\.json is not"):
        identify(settings_for_tests(model_path=a_folder(tmp_path, mark=mark)))
