"""What the operations page names is there: paths, commands, overlays, settings."""

import re
import subprocess
from textwrap import dedent

import pytest
import yaml

from gateway.commands import COMMANDS
from tests.k8s.manifests import OVERLAYS
from tests.k8s.test_wiring import known_settings


@pytest.fixture(scope="module")
def page(root):
    return (root / "k8s/README.md").read_text(encoding="utf-8")


def test_paths_exist(page, root):
    named = set(re.findall(r"`?\b((?:k8s/|components/|base/|overlays/)[\w./-]*\w)", page))
    missing = [path for path in named if not (root / "k8s" / path.removeprefix("k8s/")).exists()]
    assert len(named) > 12
    assert missing == []


def test_commands_of_the_gateway_exist(page):
    named = set(re.findall(r"chewie-gateway (?!web|worker)([a-z-]+)", page))
    assert len(named) > 2
    assert named <= set(COMMANDS)


def test_settings_exist(page):
    named = set(re.findall(r"CHEWIE_[A-Z_]+", page))
    assert named <= known_settings()


def test_every_component_and_overlay_is_told(page, root):
    components = {folder.name for folder in (root / "k8s/components").iterdir()}
    assert [name for name in components if name not in page] == []
    assert [name for name in OVERLAYS if f"`{name}`" not in page] == []


def test_the_secrets_that_are_made_are_those_that_are_fetched(page, manifests_of):
    made = set(re.findall(r"\bput ([a-z-]+)", page))
    fetched = {
        row["remoteRef"]["key"].removeprefix("chewie-")
        for doc in manifests_of("gke-l4").of("ExternalSecret")
        for row in doc["spec"]["data"]
    }
    assert made == fetched


def test_operators_are_installed_where_the_policies_expect_them(page, manifests_of):
    installed = set(re.findall(r"^ *install \S+ \S+ ([a-z-]+)", page, re.MULTILINE))
    expected = {
        labels["kubernetes.io/metadata.name"]
        for doc in manifests_of("gke-l4").of("NetworkPolicy")
        for labels in namespaces(doc["spec"])
        if "kubernetes.io/metadata.name" in labels
    }
    assert expected - {"kube-system"} <= installed


def namespaces(spec):
    """Labels that a policy asks of other namespaces."""
    for rule in spec.get("ingress", []) + spec.get("egress", []):
        for peer in rule.get("from", []) + rule.get("to", []):
            yield peer.get("namespaceSelector", {}).get("matchLabels", {})


def test_accounts_that_get_rights_are_those_that_pods_and_stores_use(page, manifests_of):
    manifests = manifests_of("gke-l4")
    named = set(re.findall(r"/ns/chewie/sa/([a-z-]+)", page))
    known = {doc["metadata"]["name"] for doc in manifests.of("ServiceAccount", "Cluster")}
    assert named == {"chewie-secrets", "chewie-postgres", "chewie-inference"}
    assert named <= known


def test_the_control_planes_range_is_the_one_that_the_database_may_reach(page, manifests_of):
    policy = manifests_of("gke-l4").one("NetworkPolicy", "postgres-to-kubernetes")["spec"]
    assert policy["egress"][0]["to"][0]["ipBlock"]["cidr"] in page


def test_every_runbook_is_asked_for_by_an_alert(page, manifests_of):
    told = page.split("## Runbooks")[1].split("\n## ")[0]
    headings = {line.replace(" ", "-") for line in re.findall(r"^### (.*)$", told, re.MULTILINE)}
    asked = {
        rule["annotations"]["runbook"].partition("#")[2]
        for doc in manifests_of("gke-l4").of("PrometheusRule")
        for group in doc["spec"]["groups"]
        for rule in group["rules"]
    }
    assert headings == asked


def test_shell_blocks_are_shell(page):
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    for block in blocks:
        run = subprocess.run(
            ["bash", "-n"], input=dedent(block), capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        assert run.stderr == "", "a here-document without its end"


def test_the_job_that_rotates_keys_is_the_nightly_one_with_another_command(page, manifests_of):
    (script,) = set(re.findall(r"sed '(.*rotate-keys.*)'", page))
    nightly = manifests_of("gke-l4").workload("chewie-gateway-retain")
    run = subprocess.run(
        ["sed", script],
        input=yaml.safe_dump(nightly.template),
        capture_output=True,
        text=True,
        check=True,
    )
    (before, after) = (nightly.template, yaml.safe_load(run.stdout))
    assert after["spec"]["containers"][0].pop("command") == ["chewie-gateway", "rotate-keys"]
    assert before["spec"]["containers"][0].pop("command") == ["chewie-gateway", "retain"]
    assert before == after
