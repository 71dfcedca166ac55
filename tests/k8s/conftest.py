"""The rendered overlays, once a session, and the pinned tools that judge them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.k8s.kubectl import NoKubectlError, find_kubectl
from tests.k8s.manifests import OVERLAYS, PRODUCTION, Manifests, parse


@pytest.fixture(scope="session")
def kubectl(root: Path) -> str:
    """kubectl with a kustomize that knows components and patches by target."""
    try:
        return str(find_kubectl(root / ".build/kubectl"))
    except NoKubectlError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def render(kubectl: str) -> Callable[[Path], str]:
    """The YAML of a kustomization."""

    @cache
    def rendered(folder: Path) -> str:
        run = subprocess.run(
            [kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr[:2000]
        assert not run.stderr, run.stderr[:2000]  # deprecated fields are told there
        return run.stdout

    return rendered


@pytest.fixture(scope="session")
def rendered_file(
    render: Callable[[Path], str], root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """A rendered overlay as a file."""
    folder = tmp_path_factory.mktemp("rendered")

    def written(overlay: str) -> Path:
        path = folder / f"{overlay}.yaml"
        path.write_text(render(root / "k8s/overlays" / overlay), encoding="utf-8")
        return path

    return written


@pytest.fixture(scope="session")
def manifests_of(render: Callable[[Path], str], root: Path) -> Callable[[str], Manifests]:
    """An overlay by name."""
    return cache(lambda overlay: parse(render(root / "k8s/overlays" / overlay)))


@pytest.fixture(params=OVERLAYS)
def manifests(
    request: pytest.FixtureRequest, manifests_of: Callable[[str], Manifests]
) -> Manifests:
    """Each overlay in turn."""
    return manifests_of(request.param)


@pytest.fixture(params=PRODUCTION)
def production(
    request: pytest.FixtureRequest, manifests_of: Callable[[str], Manifests]
) -> Manifests:
    """Each overlay for production in turn."""
    return manifests_of(request.param)


@pytest.fixture(scope="session")
def kube_tools(root: Path, kubectl: str) -> Path:
    """The folder of kubernetes-validate's and checkov's commands, in a venv of their own."""
    assert kubectl  # without it there is nothing to judge, and no need for the venv
    listed = root / "tests/k8s/requirements.txt"
    venv = root / ".build/k8s-tools"
    ready = venv / "ready"
    if not ready.is_file() or ready.read_text() != listed.read_text():
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        install = [venv / "bin/pip", "install", "-q", "--no-deps", "-r", listed]
        run = subprocess.run(install, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            missing = "needs a package index for the tools in tests/k8s/requirements.txt"
            if os.environ.get("CI"):
                pytest.fail(f"{missing}: {run.stderr[-400:]}")
            pytest.skip(missing)
        ready.write_text(listed.read_text())
    return venv / "bin"
