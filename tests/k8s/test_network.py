"""The connections that the policies let through are exactly the design's arrows."""

import pytest

from tests.k8s.manifests import parse
from tests.k8s.reachability import Party, connections, namespace

OUTSIDE = (
    Party(name="public", address="54.172.60.1", listens=[("TCP", 443), ("TCP", 80), ("TCP", 5432)]),
    Party(name="private", address="10.9.8.7", listens=[("TCP", 443), ("TCP", 5432)]),
    Party(
        name="metadata",
        address="169.254.169.254",
        listens=[("TCP", 80), ("TCP", 988), ("UDP", 53), ("TCP", 53)],
    ),
    Party(name="kubernetes", address="172.16.0.2", listens=[("TCP", 443), ("TCP", 6443)]),
    Party(name="google-proxy", address="35.191.4.4"),
    Party(
        name="dns",
        namespace=namespace("kube-system"),
        labels={"k8s-app": "kube-dns"},
        listens=[("UDP", 53), ("TCP", 53)],
    ),
    Party(
        name="telemetry",
        namespace=namespace("observability"),
        listens=[("TCP", 4317), ("TCP", 22)],
    ),
    Party(name="ingress", namespace=namespace("traefik", **{"chewie/ingress": "true"})),
    Party(name="caller", namespace=namespace("clinic", **{"chewie/inference-caller": "true"})),
    Party(name="stranger", namespace=namespace("shop"), listens=[("TCP", 443), ("TCP", 8080)]),
    Party(
        name="prometheus",
        namespace=namespace("monitoring"),
        labels={"app.kubernetes.io/name": "prometheus"},
        listens=[("TCP", 9090)],
    ),
    Party(name="grafana", namespace=namespace("monitoring"), listens=[("TCP", 3000)]),
    Party(name="keda", namespace=namespace("keda"), listens=[("TCP", 443)]),
    Party(name="operator", namespace=namespace("cnpg-system"), listens=[("TCP", 443)]),
)

GATEWAY = {
    ("web", "postgres", "TCP 5432"),
    ("worker", "postgres", "TCP 5432"),
    ("migrate", "postgres", "TCP 5432"),
    ("retain", "postgres", "TCP 5432"),
    ("reconcile", "postgres", "TCP 5432"),
    ("worker", "inference", "TCP 50051"),
    ("worker", "public", "TCP 443"),  # Twilio
    ("reconcile", "public", "TCP 443"),  # Twilio
    ("caller", "inference", "TCP 50051"),
}
MODEL = {("model", "public", "TCP 443")}  # the hub
DATABASE = {
    ("postgres", "postgres", "TCP 5432"),  # replication
    ("postgres", "public", "TCP 443"),  # the backup's bucket
    ("postgres", "metadata", "TCP 80"),  # the identity for it
    ("postgres", "metadata", "TCP 988"),
    ("postgres", "kubernetes", "TCP 443"),  # the operator's instance manager
    ("postgres", "kubernetes", "TCP 6443"),
    ("operator", "postgres", "TCP 5432"),
    ("operator", "postgres", "TCP 8000"),
    ("prometheus", "postgres", "TCP 9187"),
}
MONITORING = {
    ("prometheus", "inference", "TCP 9464"),
    ("prometheus", "worker", "TCP 9465"),
    ("prometheus", "web", "TCP 8000"),
}
PHONE = {
    ("phone", "web", "TCP 8000"),
    ("worker", "phone", "TCP 8080"),
    ("reconcile", "phone", "TCP 8080"),
}
ARROWS = {
    "local": GATEWAY | MODEL | PHONE,
    "gke-l4": GATEWAY
    | MODEL
    | DATABASE
    | MONITORING
    | {("google-proxy", "web", "TCP 8000"), ("keda", "postgres", "TCP 5432")},
    "rules-only": GATEWAY | DATABASE | MONITORING | {("ingress", "web", "TCP 8000")},
}
FOR_ALL = ("TCP 53", "UDP 53", "TCP 4317")


@pytest.mark.parametrize("overlay", ARROWS)
def test_open_connections_are_the_designs_arrows(overlay, manifests_of):
    manifests = manifests_of(overlay)
    found = {arrow for arrow in connections(manifests, OUTSIDE) if arrow[2] not in FOR_ALL}
    assert found == ARROWS[overlay]


def test_every_pod_reaches_names_and_the_collector_and_nothing_else_of_them(manifests):
    found = connections(manifests, OUTSIDE)
    pods = {workload.name.rpartition("-")[2] for workload in manifests.workloads()}
    for pod in pods:
        assert {(pod, "dns", "UDP 53"), (pod, "dns", "TCP 53")} <= found
        assert (pod, "telemetry", "TCP 4317") in found
    assert not [arrow for arrow in found if arrow[1] == "telemetry" and arrow[2] == "TCP 22"]


def test_on_gke_names_are_asked_of_the_metadata_server_too_and_nothing_else(manifests_of):
    found = connections(manifests_of("gke-l4"), OUTSIDE)
    arrows = {arrow for arrow in found if arrow[:2] == ("web", "metadata")}
    assert arrows == {("web", "metadata", "UDP 53"), ("web", "metadata", "TCP 53")}
    others = connections(manifests_of("rules-only"), OUTSIDE)
    assert not [arrow for arrow in others if arrow[:2] == ("web", "metadata")]


def test_without_the_default_deny_everything_would_be_open(manifests_of):
    # what the evaluator itself must be able to see
    kept = [
        doc
        for doc in manifests_of("rules-only").docs
        if doc["metadata"]["name"] not in ("default-deny", "to-dns", "to-telemetry")
    ]
    found = connections(parse_docs(kept), OUTSIDE)
    assert ("inference", "public", "TCP 443") in found
    assert ("stranger", "migrate", "TCP 443") not in found


def parse_docs(docs):
    import yaml

    return parse(yaml.safe_dump_all(docs))
