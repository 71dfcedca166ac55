"""Every overlay renders, and every optional component on top of the overlays it is meant for."""

import json
import os

import jsonschema
import pytest
import yaml

from tests.k8s.manifests import OVERLAYS, parse

OPTIONS = [
    ("gke-l4", "scale-to-zero"),
    ("gke-l4", "model-from-bucket"),
    ("gke-l4", "writable-root"),
    ("rules-only", "postgres-managed"),
]


@pytest.fixture
def with_component(root, render, tmp_path):
    """An overlay with one more component, as its users would write it."""

    def made(overlay, component):
        here = os.path.relpath(root / "k8s", tmp_path)
        (tmp_path / "kustomization.yaml").write_text(
            yaml.safe_dump(
                {
                    "resources": [f"{here}/overlays/{overlay}"],
                    "components": [f"{here}/components/{component}"],
                    "namespace": "chewie",
                }
            )
        )
        return parse(render(tmp_path))

    return made


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlay_renders_into_one_namespace(overlay, manifests_of):
    manifests = manifests_of(overlay)
    cluster_wide = {"Namespace", "PriorityClass"}
    strays = [
        (doc["kind"], doc["metadata"]["name"])
        for doc in manifests.docs
        if doc["kind"] not in cluster_wide and doc["metadata"].get("namespace") != "chewie"
    ]
    assert strays == []
    assert len(manifests.workloads()) >= 6


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_two_documents_have_the_same_name(overlay, manifests_of):
    names = [
        (doc["apiVersion"], doc["kind"], doc["metadata"]["name"])
        for doc in manifests_of(overlay).docs
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("overlay", "component"), OPTIONS)
def test_optional_component_renders_and_changes_something(
    overlay, component, with_component, manifests_of
):
    assert with_component(overlay, component).docs != manifests_of(overlay).docs


def test_scale_to_zero_is_woken_by_the_gateways_queue(with_component):
    scaled = with_component("gke-l4", "scale-to-zero").one("ScaledObject", "chewie-inference")
    assert scaled["spec"]["minReplicaCount"] == 0
    wakes = scaled["spec"]["triggers"][-1]
    assert wakes["type"] == "postgresql"
    assert "procrastinate_jobs" in wakes["metadata"]["query"]


def test_the_root_becomes_writable_by_one_switch(with_component):
    workload = with_component("gke-l4", "writable-root").workload("chewie-inference")
    assert workload.main["securityContext"]["readOnlyRootFilesystem"] is False


def test_every_component_is_used_or_optional(root):
    used = {component for _, component in OPTIONS}
    for overlay in OVERLAYS:
        text = (root / "k8s/overlays" / overlay / "kustomization.yaml").read_text()
        used |= {path.rsplit("/", 1)[-1] for path in yaml.safe_load(text)["components"]}
    there = {folder.name for folder in (root / "k8s/components").iterdir()}
    assert there == used


def test_custom_kinds_fit_their_schemas(manifests, root):
    schemas = {
        path.stem: json.loads(path.read_text()) for path in (root / "k8s/schemas").glob("*.json")
    }
    custom = [doc for doc in manifests.docs if doc["kind"] in schemas]
    for doc in custom:
        jsonschema.validate(doc, schemas[doc["kind"]], cls=jsonschema.Draft7Validator)
    built_in = {"", "apps", "batch", "autoscaling", "policy"}
    without_schema = {
        doc["kind"]
        for doc in manifests.docs
        if doc["kind"] not in schemas
        and (group := doc["apiVersion"].rpartition("/")[0]) not in built_in
        and not group.endswith(".k8s.io")
    }
    assert without_schema == set()


@pytest.mark.parametrize(
    "path",
    [
        ("ScaledObject", ("spec", "minReplicas")),
        ("PodMonitor", ("spec", "endpoints")),
        ("Cluster", ("spec", "backups")),
        ("Certificate", ("spec", "dnsName")),
        ("ExternalSecret", ("spec", "secretStore")),
        ("PrometheusRule", ("spec", "group")),
    ],
    ids=lambda path: path[0],
)
def test_schemas_refuse_a_mistyped_field(path, manifests_of, root):
    kind, where = path
    doc = json.loads(json.dumps(manifests_of("gke-l4").of(kind)[0]))
    doc[where[0]][where[1]] = 1
    schema = json.loads((root / f"k8s/schemas/{kind}.json").read_text())
    with pytest.raises(jsonschema.ValidationError, match=where[1]):
        jsonschema.validate(doc, schema, cls=jsonschema.Draft7Validator)
