"""The order of a deployment, seen by a kubectl that renders for real and only notes the rest."""

import subprocess

import pytest

RECORDING = """#!/bin/sh
if [ "$1" = kustomize ]; then exec {real} "$@"; fi
echo "$*" >> {log}
case "$*" in *{failing}*) exit 1 ;; esac
"""


@pytest.fixture
def deploy(root, kubectl, tmp_path):
    """(exit status, stderr, what kubectl was asked) of one run of deploy.sh."""
    log = tmp_path / "calls"
    log.touch()

    def run(overlay, failing="nothing-fails"):
        stand_in = tmp_path / "bin/kubectl"
        stand_in.parent.mkdir(exist_ok=True)
        stand_in.write_text(RECORDING.format(real=kubectl, log=log, failing=failing))
        stand_in.chmod(0o755)
        done = subprocess.run(
            [root / "k8s/deploy.sh", overlay],
            env={"PATH": f"{stand_in.parent}:/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr, log.read_text().splitlines()

    return run


def test_the_migration_is_done_before_the_roll_out(deploy):
    status, error, calls = deploy("local")
    assert status == 0, error
    steps = ["delete job", "phase!=rollout", "job/chewie-gateway-migrate", "apply -f", "rollout"]
    places = []
    for step in steps:
        after = places[-1] + 1 if places else 0
        places.append(next(n for n, call in enumerate(calls) if n >= after and step in call))
    assert [call for call in calls if "rollout status" in call][-1].endswith("gateway-worker")


def test_a_migration_that_fails_stops_the_roll_out(deploy):
    status, error, calls = deploy("local", failing="condition=complete")
    assert status == 1
    assert "nothing was rolled out" in error
    assert [call for call in calls if call.startswith("-n chewie logs job/chewie-gateway-migrate")]
    assert len([call for call in calls if call.startswith("apply")]) == 1
    assert not [call for call in calls if "rollout status" in call]


def test_production_with_placeholders_is_refused_before_anything_is_touched(deploy):
    status, error, calls = deploy("gke-l4")
    assert status != 0
    assert "placeholder digest" in error
    assert calls == []


def test_what_waits_for_the_migration_is_the_gateways_deployments(manifests):
    waiting = {
        doc["metadata"]["name"]
        for doc in manifests.docs
        if doc["metadata"].get("labels", {}).get("chewie/phase") == "rollout"
    }
    assert waiting == {"chewie-gateway-web", "chewie-gateway-worker"}
