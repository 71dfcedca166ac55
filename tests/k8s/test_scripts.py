"""What hadolint says of the Containerfile and shellcheck of the scripts."""

import hashlib
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def linters(root):
    """The folder of both programs, fetched once for each state of the list."""
    listed = root / "tests/k8s/linters.txt"
    folder = root / ".build/linters" / hashlib.sha256(listed.read_bytes()).hexdigest()[:16]
    if not (folder / "bin").is_dir():
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
        install = ["install", "--no-deps", "--target", str(folder), "-r", str(listed)]
        run = subprocess.run([*pip, *install], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            pytest.skip(f"needs a package index for tests/k8s/linters.txt: {run.stderr[-300:]}")
    return folder / "bin"


def judged(*command):
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout + run.stderr if run.returncode else ""


def test_hadolint_has_nothing_against_the_containerfile(linters, root):
    assert judged(linters / "hadolint", "--no-color", root / "k8s/images/Containerfile") == ""


def test_hadolint_sees_a_stage_that_ends_as_root(linters, root, tmp_path):
    broken = tmp_path / "Containerfile"
    text = (root / "k8s/images/Containerfile").read_text()
    broken.write_text(text.replace("USER 10001:10001", "USER root"))
    assert "DL3002" in judged(linters / "hadolint", broken)


def test_shellcheck_has_nothing_against_the_scripts(linters, root):
    scripts = [root / "k8s/release.sh", root / "k8s/deploy.sh", root / ".ci/run"]
    assert judged(linters / "shellcheck", *scripts) == ""


def test_what_stays_out_of_the_images_is_named_for_the_containerfile(root):
    # docker and podman look for this name; release.sh names it for buildah
    ignored = (root / "k8s/images/Containerfile.dockerignore").read_text().splitlines()
    assert {".git", ".venv", "k8s/overlays/local/secrets"} <= set(ignored)
