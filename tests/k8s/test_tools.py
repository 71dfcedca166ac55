"""What kubernetes-validate and checkov say of the rendered overlays. Builds their venv at first."""

import json
import subprocess

import pytest

from tests.k8s.manifests import OVERLAYS, PRODUCTION

VERSIONS = ("1.30", "1.31", "1.32", "1.33", "1.34")
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("version", VERSIONS)
def test_built_in_kinds_are_valid(version, kube_tools, rendered_file, root):
    files = [rendered_file(overlay) for overlay in OVERLAYS]
    command = [kube_tools / "kubernetes-validate", "--strict", "-k", version, *files]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    told = (run.stdout + run.stderr).splitlines()
    assert run.returncode == 0, "\n".join(told[-10:])
    with_schema = {file.stem for file in (root / "k8s/schemas").glob("*.json")}
    unknown = {line.split("for kind ")[1].split()[0] for line in told if "find schema" in line}
    assert unknown <= with_schema


def test_the_validator_refuses_a_mistyped_field(kube_tools, rendered_file, tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text(
        rendered_file("rules-only").read_text().replace("maxUnavailable:", "maxUnavailabel:", 1)
    )
    command = [kube_tools / "kubernetes-validate", "--strict", "-k", "1.32", broken]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "maxUnavailabel" in run.stdout + run.stderr


def checkov(kube_tools, framework, *files):
    """One run's report; checkov's own rules alone, nothing is downloaded."""
    named = [word for file in files for word in ("-f", file)]
    told = ["-o", "json", "--quiet", "--compact", "--skip-download"]
    command = [kube_tools / "checkov", *named, "--framework", framework, *told]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(run.stdout)


def test_checkov_has_nothing_against_production(kube_tools, rendered_file):
    told = checkov(kube_tools, "kubernetes", *[rendered_file(overlay) for overlay in PRODUCTION])
    failed = [(row["check_id"], row["resource"]) for row in told["results"]["failed_checks"]]
    assert failed == []
    assert told["summary"]["passed"] > 900
    assert told["summary"]["skipped"] == 0


def test_checkov_has_nothing_against_the_containerfile(kube_tools, root, tmp_path):
    copied = tmp_path / "Dockerfile"  # the name that it knows
    copied.write_text((root / "k8s/images/Containerfile").read_text())
    told = checkov(kube_tools, "dockerfile", copied)
    assert [row["check_id"] for row in told["results"]["failed_checks"]] == []
    assert told["summary"]["passed"] > 20
    assert told["summary"]["skipped"] <= 2  # each with its reason at the file's head
