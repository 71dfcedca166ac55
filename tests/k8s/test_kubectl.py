"""Where the tests' kubectl comes from on a machine that has none, or an old one."""

import subprocess

import pytest

from tests.k8s.kubectl import OLDEST_MINOR, NoKubectlError, find_kubectl, minor_version

OLD = """#!/bin/sh
echo '{"clientVersion": {"major": "1", "minor": "20+"}}'
"""


@pytest.fixture
def only(tmp_path, monkeypatch):
    """A PATH with nothing but a folder of the test's."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def test_an_old_kubectl_is_passed_over_and_the_pinned_one_renders(only, root):
    (only / "kubectl").write_text(OLD)
    (only / "kubectl").chmod(0o755)
    try:
        found = find_kubectl(root / ".build/kubectl")
    except NoKubectlError as error:
        pytest.skip(str(error))
    assert found != only / "kubectl"
    assert minor_version(found) >= OLDEST_MINOR
    run = subprocess.run(
        [found, "kustomize", root / "k8s/base"], capture_output=True, text=True, check=False
    )
    assert "chewie-gateway-web" in run.stdout, run.stderr


def test_without_an_index_the_skip_says_what_enables_the_checks(only, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(NoKubectlError, match=rf"needs kubectl 1\.{OLDEST_MINOR} or newer"):
        find_kubectl(tmp_path / "empty")
