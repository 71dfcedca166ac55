"""Every overlay renders, and every optional component on top of the overlays it is meant for."""

import json
import os
import shutil
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.k8s.manifests import OVERLAYS, parse
from tests.k8s.test_pods import (
    assert_the_quota_has_room,
    assert_the_service_loads_what_the_conversion_writes,
)

AUTOSCALER = "HorizontalPodAutoscaler"
SCHEMAS = Path(__file__).resolve().parents[2] / "k8s/schemas"

OPTIONS = [
    ("gke-l4", "scale-to-zero"),
    ("gke-l4", "model-from-bucket"),
    ("gke-l4", "writable-root"),
    ("gke-l4", "medgemma-27b"),
    ("gke-l4", "postgres-restore"),
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


def test_a_larger_model_has_its_gpus_its_folder_and_its_quota(with_component):
    manifests = with_component("gke-l4", "medgemma-27b")
    inference = manifests.workload("chewie-inference")
    gpus = inference.main["resources"]["limits"]["nvidia.com/gpu"]
    environment = manifests.environment(inference)
    assert environment["CHEWIE_INFERENCE_TENSOR_PARALLEL"] == gpus == "4"
    assert manifests.workload("chewie-model").main["args"][0].endswith("medgemma-27b-it")
    assert_the_service_loads_what_the_conversion_writes(manifests)
    assert_the_quota_has_room(manifests)


def test_a_restored_database_has_the_name_user_and_secret_of_the_lost_one(with_component):
    manifests = with_component("gke-l4", "postgres-restore")
    cluster = manifests.one("Cluster", "chewie-postgres")["spec"]
    assert set(cluster["bootstrap"]) == {"recovery"}
    recovery = cluster["bootstrap"]["recovery"]
    before = {each["name"]: each["plugin"] for each in cluster["externalClusters"]}
    source = before[recovery["source"]]["parameters"]
    archive = cluster["plugins"][0]["parameters"]
    assert source["barmanObjectName"] == archive["barmanObjectName"]
    assert source["serverName"] != archive["serverName"], "it would archive over its own source"
    assert (recovery["database"], recovery["owner"]) == ("chewie", "chewie")
    assert_custom_kinds_fit(manifests, SCHEMAS)


def test_the_plain_autoscaler_takes_kedas_place_by_one_line(root, render, tmp_path):
    folder = shutil.copytree(root / "k8s", tmp_path / "k8s") / "overlays/gke-l4"
    text = (folder / "kustomization.yaml").read_text()
    (folder / "kustomization.yaml").write_text(text.replace("components/keda", "components/hpa"))
    manifests = parse(render(folder))
    assert manifests.of("ScaledObject", "TriggerAuthentication") == []
    scaled = {doc["spec"]["scaleTargetRef"]["name"] for doc in manifests.of(AUTOSCALER)}
    assert scaled == {"chewie-inference", "chewie-gateway-web", "chewie-gateway-worker"}


def test_the_adapter_gives_the_metric_that_the_plain_autoscaler_reads(manifests_of, root):
    values = yaml.safe_load((root / "k8s/components/hpa/prometheus-adapter.yaml").read_text())
    given = {rule["name"]["as"] for rule in values["rules"]["custom"]}
    read = {
        metric["pods"]["metric"]["name"]
        for scaler in manifests_of("rules-only").of("HorizontalPodAutoscaler")
        for metric in scaler["spec"]["metrics"]
        if metric["type"] == "Pods"
    }
    assert read == given


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


def test_custom_kinds_fit_their_schemas(manifests):
    assert_custom_kinds_fit(manifests, SCHEMAS)


def assert_custom_kinds_fit(manifests, folder):
    schemas = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
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
        ("SecretStore", ("spec", "providers")),
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
