"""What the schemas cannot see: selectors, ports, Secrets and settings that must fit together."""

import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from demo.phone.settings import PhoneSettings
from gateway.settings import Settings, settings_from
from inference_svc.settings import EngineKind, InferenceSettings, load_settings
from tests.k8s.manifests import matches, mounted_files

EXAMPLES = {
    "uri": "postgresql://chewie:secret@chewie-postgres-rw.chewie:5432/chewie",
    "twilio-account-sid": "AC" + "0" * 32,
    "twilio-auth-tokens": "a" * 32,
    "encryption-keys": Fernet.generate_key().decode(),
    "address-key": "k" * 32,
}
GATEWAY_WORKLOADS = ("web", "worker", "migrate", "retain", "reconcile")
# Settings of programs that are not ours, by who reads them.
OTHERS = {
    "HOME",  # every program
    "XDG_CACHE_HOME",  # vLLM and what it compiles with
    "PGDATA", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD_FILE",  # the postgres image
}  # fmt: skip


def known_settings():
    gateway = {f"CHEWIE_GATEWAY_{name.upper()}" for name in Settings.model_fields}
    inference = {f"CHEWIE_INFERENCE_{name.upper()}" for name in InferenceSettings.model_fields}
    phone = {f"CHEWIE_PHONE_{name.upper()}" for name in PhoneSettings.model_fields}
    return gateway | {f"{name}_FILE" for name in gateway} | inference | phone


def hub_settings():
    import huggingface_hub.constants as hub

    text = Path(hub.__file__).read_text(encoding="utf-8")
    return {
        name for name in ("HF_HOME", "HF_TOKEN_PATH", "HF_HUB_DISABLE_TELEMETRY") if name in text
    }


def test_selectors_match_the_pods_that_they_are_for(manifests):
    pods = [workload.labels for workload in manifests.workloads()]
    operators = [
        {"cnpg.io/cluster": cluster["metadata"]["name"]} for cluster in manifests.of("Cluster")
    ]
    for workload in manifests.workloads():
        if workload.kind in ("Deployment", "StatefulSet"):
            assert matches(workload.doc["spec"]["selector"], workload.labels), workload.name
    for doc in manifests.of("Service"):
        chosen = [
            labels for labels in pods if matches({"matchLabels": doc["spec"]["selector"]}, labels)
        ]
        assert len(chosen) == 1, doc["metadata"]["name"]
    for doc in manifests.of("PodDisruptionBudget", "PodMonitor"):
        chosen = [labels for labels in pods + operators if matches(doc["spec"]["selector"], labels)]
        assert len(chosen) == 1, doc["metadata"]["name"]
    for workload in manifests.workloads():
        for rule in workload.pod.get("topologySpreadConstraints", []):
            assert matches(rule["labelSelector"], workload.labels), workload.name


def test_ports_of_services_ingresses_probes_and_monitors_exist(manifests):
    for service in manifests.of("Service"):
        workload = selected(manifests, {"matchLabels": service["spec"]["selector"]})
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in workload.ports(), service["metadata"]["name"]
    for ingress in manifests.of("Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                ports = manifests.one("Service", backend["name"])["spec"]["ports"]
                assert backend["port"]["name"] in [port["name"] for port in ports]
    for monitor in manifests.of("PodMonitor"):
        if "cnpg.io/cluster" in monitor["spec"]["selector"]["matchLabels"]:
            continue
        workload = selected(manifests, monitor["spec"]["selector"])
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            assert endpoint["port"] in workload.ports()
    for workload in manifests.workloads():
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            how = workload.main.get(probe, {})
            for kind in ("httpGet", "tcpSocket"):
                if kind in how:
                    assert how[kind]["port"] in workload.ports(), (workload.name, probe)


def selected(manifests, selector):
    return next(each for each in manifests.workloads() if matches(selector, each.labels))


def test_every_reference_to_a_secret_names_one_with_that_key(manifests):
    keys = manifests.secret_keys()
    for workload in manifests.workloads():
        optional = {
            volume["secret"]["secretName"]
            for volume in workload.pod["volumes"]
            if volume.get("secret", {}).get("optional")
        }
        for _, secret, key in mounted_files(manifests, workload):
            if secret not in optional:
                assert key in keys[secret], (workload.name, secret, key)
        for variable in workload.main.get("env", []):
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                assert reference["key"] in keys[reference["name"]], workload.name
    for doc in manifests.of("TriggerAuthentication"):
        for reference in doc["spec"]["secretTargetRef"]:
            assert reference["key"] in keys[reference["name"]]
    for doc in manifests.of("PodMonitor"):
        for endpoint in doc["spec"]["podMetricsEndpoints"]:
            if credentials := endpoint.get("authorization", {}).get("credentials"):
                assert credentials["key"] in keys[credentials["name"]]


def test_every_setting_is_one_that_the_code_reads(manifests):
    known = known_settings() | hub_settings() | OTHERS
    for workload in manifests.workloads():
        names = set(manifests.environment(workload))
        names |= {variable["name"] for variable in workload.main.get("env", [])}
        assert names - known == set(), workload.name
    for doc in manifests.of("ConfigMap"):
        name = doc["metadata"]["name"]
        if name.startswith(("chewie-gateway", "chewie-inference")):
            assert set(doc["data"]) <= known, name


def test_every_file_that_a_setting_names_is_mounted(manifests):
    for workload in manifests.workloads():
        mounted = {path for path, _, _ in mounted_files(manifests, workload)}
        named = {
            value
            for name, value in manifests.environment(workload).items()
            if name.endswith(("_FILE", "_TOKEN_PATH"))
        }
        optional = {"/run/chewie/hub/token"}
        assert named - mounted - optional == set(), workload.name


@pytest.mark.parametrize("role", GATEWAY_WORKLOADS)
def test_the_gateways_settings_are_complete(role, manifests, tmp_path):
    workload = manifests.workload(f"chewie-gateway-{role}")
    settings = settings_from(on_this_machine(manifests, workload, tmp_path))
    assert settings.database_url.get_secret_value() == EXAMPLES["uri"]
    if role == "worker":
        assert settings.inference_token.get_secret_value()


def test_the_services_settings_are_complete(manifests, tmp_path, monkeypatch):
    workload = manifests.workload("chewie-inference")
    environment = on_this_machine(manifests, workload, tmp_path)
    if model := environment.get("CHEWIE_INFERENCE_MODEL_PATH"):
        folder = tmp_path / "text-only"
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        environment["CHEWIE_INFERENCE_MODEL_PATH"] = str(folder)
        assert model.startswith(tuple(m["mountPath"] for m in workload.main["volumeMounts"]))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.engine is EngineKind.VLLM) == (model is not None)
    assert settings.tokens_required


def on_this_machine(manifests, workload, folder):
    """The rendered environment, its secret files holding examples below `folder`."""
    environment = dict(manifests.environment(workload))
    for path, _, key in mounted_files(manifests, workload):
        here = folder / path.lstrip("/")
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_text(EXAMPLES.get(key, "example"))
        for name, value in environment.items():
            if value == path:
                environment[name] = str(here)
    return environment


def test_the_gateway_asks_the_service_by_its_name_and_port(manifests):
    worker = manifests.environment(manifests.workload("chewie-gateway-worker"))
    target = worker["CHEWIE_GATEWAY_INFERENCE_TARGET"].removeprefix("dns:///")
    host, _, port = target.rpartition(":")
    service = manifests.one("Service", host.split(".")[0])
    assert host == f"{service['metadata']['name']}.chewie.svc.cluster.local"
    assert service["spec"]["clusterIP"] == "None"
    assert int(port) in [row["port"] for row in service["spec"]["ports"]]
    for certificate in manifests.of("Certificate"):
        if certificate["spec"]["secretName"] == "chewie-inference-tls":
            assert host in certificate["spec"]["dnsNames"]


def test_production_speaks_mtls_between_worker_and_service(production):
    service = production.environment(production.workload("chewie-inference"))
    worker = production.environment(production.workload("chewie-gateway-worker"))
    assert {"CERT_FILE", "KEY_FILE", "CLIENT_CA_FILE"} == {
        name.removeprefix("CHEWIE_INFERENCE_TLS_") for name in service if "_TLS_" in name
    }
    assert {"CA_FILE", "CERT_FILE", "KEY_FILE"} == {
        name.removeprefix("CHEWIE_GATEWAY_INFERENCE_TLS_") for name in worker if "_TLS_" in name
    }
    usages = {
        doc["spec"]["secretName"]: doc["spec"].get("usages") for doc in production.of("Certificate")
    }
    assert "server auth" in usages["chewie-inference-tls"]
    assert "client auth" in usages["chewie-gateway-client-tls"]


def test_the_public_url_is_the_ingresss_host_and_only_webhooks_are_outside(production):
    public = production.config(config_name(production, "chewie-gateway"))[
        "CHEWIE_GATEWAY_PUBLIC_URL"
    ]
    ingress = production.one("Ingress", "chewie-gateway")["spec"]
    hosts = [rule["host"] for rule in ingress["rules"]]
    assert [f"https://{host}" for host in hosts] == [public]
    assert ingress["tls"][0]["hosts"] == hosts
    paths = [path["path"] for rule in ingress["rules"] for path in rule["http"]["paths"]]
    assert paths == ["/webhooks/twilio/"]


def test_what_gkes_ingress_names_is_there_or_made_by_hand(manifests_of, root):
    manifests = manifests_of("gke-l4")
    page = (root / "k8s/README.md").read_text()
    notes = manifests.one("Ingress", "chewie-gateway")["metadata"]["annotations"]
    frontend = notes["networking.gke.io/v1beta1.FrontendConfig"]
    policy = manifests.one("FrontendConfig", frontend)["spec"]["sslPolicy"]
    assert f"gcloud compute ssl-policies create {policy} " in page
    address = notes["kubernetes.io/ingress.global-static-ip-name"]
    assert f"gcloud compute addresses create {address} --global" in page
    service = manifests.one("Service", "chewie-gateway-web")
    backend = json.loads(service["metadata"]["annotations"]["cloud.google.com/backend-config"])[
        "default"
    ]
    health = manifests.one("BackendConfig", backend)["spec"]["healthCheck"]
    web = manifests.workload("chewie-gateway-web")
    assert health["port"] in web.ports().values()
    assert health["requestPath"] == web.main["readinessProbe"]["httpGet"]["path"]


def config_name(manifests, prefix):
    names = [doc["metadata"]["name"] for doc in manifests.of("ConfigMap")]
    return next(name for name in names if name.startswith(prefix + "-"))


def test_counters_of_the_web_live_in_one_process(manifests):
    web = manifests.environment(manifests.workload("chewie-gateway-web"))
    assert web["CHEWIE_GATEWAY_WEB_WORKERS"] == "1"


def test_the_dashboard_is_json_under_the_sidecars_label(production):
    board = production.one("ConfigMap", "chewie-dashboard")
    assert board["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(board["data"]["chewie.json"])["title"] == "Chewie"
