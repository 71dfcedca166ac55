"""Pods: restricted security, ends of life, probes, budgets and autoscalers."""

import subprocess

import pytest

from gateway.settings import settings_from
from gateway.web import GRACEFUL_SECONDS
from gateway.worker import drain_seconds
from inference_svc.settings import PROFILE_DEFAULTS, Profile
from tests.k8s.manifests import matches

MARGIN_SECONDS = 5
ENGINE_TEARDOWN_SECONDS = 10
RESTRICTED_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
    "projected", "secret",
}  # fmt: skip
LONG_RUNNING = ("Deployment", "StatefulSet")
OVERFLOW = 2  # connections beyond a pool's size
QUEUE = 5
KEPT_FOR_OTHERS = 20  # KEDA, the operator, a person with psql


def test_pods_are_restricted_as_the_standard_says(manifests):
    namespace = manifests.one("Namespace", "chewie")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for workload in manifests.workloads():
        pod = workload.pod
        assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        for volume in pod["volumes"]:
            assert set(volume) - {"name"} <= RESTRICTED_VOLUMES, workload.name
        for container in workload.containers:
            context = {**pod["securityContext"], **container["securityContext"]}
            assert context["runAsNonRoot"] is True
            assert context["runAsUser"] >= 10_000
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert not context.get("privileged")
            assert not [port for port in container.get("ports", []) if "hostPort" in port]


def test_pods_have_a_read_only_root_and_no_way_to_the_api(manifests):
    for workload in manifests.workloads():
        assert workload.pod["automountServiceAccountToken"] is False, workload.name
        assert workload.pod["enableServiceLinks"] is False, workload.name
        for container in workload.containers:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, workload.name
    for account in manifests.of("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False
    accounts = {doc["metadata"]["name"] for doc in manifests.of("ServiceAccount")}
    used = {workload.pod.get("serviceAccountName") for workload in manifests.workloads()}
    assert used - {None} <= accounts


def test_every_container_asks_for_and_is_limited_in_cpu_memory_and_disk(manifests):
    for workload in manifests.workloads():
        for container in workload.containers:
            for kind in ("requests", "limits"):
                assert {"cpu", "memory", "ephemeral-storage"} <= set(container["resources"][kind])
        for volume in workload.pod["volumes"]:
            if "emptyDir" in volume:
                assert "sizeLimit" in volume["emptyDir"], (workload.name, volume["name"])


def test_secrets_are_files_in_production_and_never_in_the_environment(production):
    for workload in production.workloads():
        for variable in workload.main.get("env", []):
            assert "valueFrom" not in variable, workload.name
    assert production.of("Secret") == []


def test_grace_covers_pre_stop_and_the_drains_own_settings(manifests, gateway_settings):
    inference = manifests.workload("chewie-inference")
    environment = manifests.environment(inference)
    profile = Profile(environment.get("CHEWIE_INFERENCE_PROFILE", "laptop"))
    drain = sum(
        float(environment.get(f"CHEWIE_INFERENCE_{name.upper()}", PROFILE_DEFAULTS[profile][name]))
        for name in ("drain_pause_seconds", "drain_grace_seconds")
    )
    needed = {
        "chewie-inference": drain + ENGINE_TEARDOWN_SECONDS,
        "chewie-gateway-web": GRACEFUL_SECONDS + MARGIN_SECONDS,
        "chewie-gateway-worker": drain_seconds(gateway_settings(manifests)) + MARGIN_SECONDS,
    }
    for name, seconds in needed.items():
        workload = manifests.workload(name)
        sleep = workload.main.get("lifecycle", {}).get("preStop", {}).get("sleep", {})
        grace = workload.pod["terminationGracePeriodSeconds"]
        assert grace >= sleep.get("seconds", 0) + seconds, name


def test_the_service_answers_while_endpoints_leave(manifests):
    inference = manifests.workload("chewie-inference")
    pause = float(manifests.environment(inference)["CHEWIE_INFERENCE_DRAIN_PAUSE_SECONDS"])
    probe = inference.main["readinessProbe"]
    assert pause >= probe["periodSeconds"]


@pytest.fixture
def gateway_settings():
    """The worker's settings by its environment; secrets are examples."""
    examples = {
        "DATABASE_URL": "postgresql://x/y",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKENS": "a" * 32,
        "ENCRYPTION_KEYS": "A" * 43 + "=",
        "ADDRESS_KEY": "k" * 32,
    }

    def read(manifests):
        environment = manifests.environment(manifests.workload("chewie-gateway-worker"))
        plain = {name: value for name, value in environment.items() if not name.endswith("_FILE")}
        named = {f"CHEWIE_GATEWAY_{name}": value for name, value in examples.items()}
        return settings_from(plain | named)

    return read


def test_the_services_probes_ask_the_plain_health_port(manifests):
    inference = manifests.workload("chewie-inference")
    port = int(manifests.environment(inference)["CHEWIE_INFERENCE_HEALTH_PORT"])
    assert inference.ports()["health"] == port
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert inference.main[probe]["grpc"]["port"] == port
    ready = inference.main["readinessProbe"]["grpc"]["service"]
    from inference_svc.readiness import NAMES

    assert ready in NAMES


def test_a_model_has_ten_minutes_to_load_and_a_stalled_engine_five(manifests):
    inference = manifests.workload("chewie-inference").main

    def patience(probe):
        return inference[probe]["periodSeconds"] * inference[probe]["failureThreshold"]

    assert patience("startupProbe") >= 600
    assert patience("livenessProbe") >= 300
    assert patience("readinessProbe") <= 15


def test_every_long_running_container_has_probes(manifests):
    for workload in manifests.workloads():
        if workload.kind in LONG_RUNNING:
            assert {"readinessProbe", "livenessProbe"} <= set(workload.main), workload.name


def autoscalers(manifests):
    """Target -> (fewest, most)."""
    plain = {
        doc["spec"]["scaleTargetRef"]["name"]: (
            doc["spec"]["minReplicas"],
            doc["spec"]["maxReplicas"],
        )
        for doc in manifests.of("HorizontalPodAutoscaler")
    }
    by_queue = {
        doc["spec"]["scaleTargetRef"]["name"]: (
            doc["spec"]["minReplicaCount"],
            doc["spec"]["maxReplicaCount"],
        )
        for doc in manifests.of("ScaledObject")
    }
    assert not set(plain) & set(by_queue), "two autoscalers for one target"
    return plain | by_queue


def test_budgets_and_autoscalers_agree(manifests):
    scaled = autoscalers(manifests)
    for doc in manifests.of("PodDisruptionBudget"):
        spec = doc["spec"]
        workload = next(w for w in manifests.workloads() if matches(spec["selector"], w.labels))
        fewest, _ = scaled.get(workload.name, (workload.doc["spec"].get("replicas", 1), None))
        # else a pod that never becomes ready would keep its node from being drained
        assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        if "minAvailable" in spec:
            assert fewest > spec["minAvailable"], f"{workload.name}: a node could never be drained"
        else:
            assert spec["maxUnavailable"] >= 1


def test_production_scales_and_budgets_every_deployment(production):
    scaled = autoscalers(production)
    budgets = {doc["metadata"]["name"] for doc in production.of("PodDisruptionBudget")}
    for doc in production.of("Deployment"):
        name = doc["metadata"]["name"]
        assert name in scaled
        assert name in budgets
        assert "replicas" not in doc["spec"], "it would fight with the autoscaler"
    for name, (fewest, most) in scaled.items():
        production.one("Deployment", name)
        assert fewest < most


def test_the_quota_has_room_for_the_most_that_may_run(production):
    assert_the_quota_has_room(production)


def assert_the_quota_has_room(production):
    quota = production.one("ResourceQuota", "chewie")["spec"]["hard"]
    scaled = autoscalers(production)
    gpus = pods = 0
    for workload in production.workloads():
        most = scaled.get(workload.name, (1, 1))[1]
        surge = 1 if workload.kind == "Deployment" else 0
        pods += most + surge
        limits = workload.main["resources"]["limits"]
        gpus += (most + surge) * int(limits.get("nvidia.com/gpu", 0))
    pods += sum(cluster["spec"]["instances"] + 1 for cluster in production.of("Cluster"))
    assert gpus <= int(quota["requests.nvidia.com/gpu"])
    assert pods <= int(quota["pods"])
    claims = len(production.of("PersistentVolumeClaim"))
    for cluster in production.of("Cluster"):
        # data and WAL of each instance, and as many again while another cluster is restored
        claims += 2 * 2 * cluster["spec"]["instances"]
    assert claims <= int(quota["persistentvolumeclaims"])


def test_the_database_has_a_connection_for_every_pool(production, gateway_settings):
    settings, scaled = gateway_settings(production), autoscalers(production)

    def at_most(workload, pool):
        return (scaled[workload][1] + 1) * pool  # one more while it is rolled out

    web = production.environment(production.workload("chewie-gateway-web"))
    threads = int(web["CHEWIE_GATEWAY_WEB_THREADS"])
    needed = at_most("chewie-gateway-web", threads + OVERFLOW)
    needed += at_most("chewie-gateway-worker", settings.worker_concurrency + 4 + OVERFLOW + QUEUE)
    needed += 3 * (settings.worker_concurrency + 4 + OVERFLOW)  # the Jobs
    for cluster in production.of("Cluster"):
        most = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
        assert needed + KEPT_FOR_OTHERS <= most


def test_pools_of_the_gateway_are_as_large_as_the_sum_takes_them():
    from inspect import signature

    from gateway.database import engine_from
    from gateway.jobs import queue_app

    pool = engine_from("postgresql://x@127.0.0.1:1/y").pool
    assert pool._max_overflow == OVERFLOW
    # the queue listens on one connection more than it works with
    assert signature(queue_app).parameters["pool_size"].default + 1 == QUEUE


def test_what_no_further_try_mends_ends_a_job_at_once(manifests):
    from converter import errors
    from converter.options import OptionsError

    lasting = {
        "chewie-model": {
            each.exit_code
            for each in (
                OptionsError,
                errors.SourceError,
                errors.DestinationError,
                errors.VerificationError,
            )
        }
    }
    jobs = [each for each in manifests.workloads() if each.kind in ("Job", "CronJob")]
    for job in jobs:
        spec = job.doc["spec"].get("jobTemplate", job.doc)["spec"]
        assert job.pod["restartPolicy"] == "Never", "a restarted container loses its log"
        rule = spec["podFailurePolicy"]["rules"][0]
        assert rule["action"] == "FailJob"
        assert rule["onExitCodes"]["containerName"] == job.main["name"]
        assert set(rule["onExitCodes"]["values"]) == lasting.get(job.name, {2}), job.name
        assert spec["backoffLimit"] >= 3


def test_an_l4_is_asked_for_where_there_is_one(manifests_of):
    inference = manifests_of("gke-l4").workload("chewie-inference")
    assert inference.pod["nodeSelector"] == {"cloud.google.com/gke-accelerator": "nvidia-l4"}
    assert inference.pod["tolerations"][0]["key"] == "nvidia.com/gpu"
    assert inference.main["resources"]["limits"]["nvidia.com/gpu"] == "1"
    shm = next(volume for volume in inference.pod["volumes"] if volume["name"] == "shm")
    assert shm["emptyDir"]["medium"] == "Memory"


def test_the_wait_for_the_model_ends_once_the_folder_is_there(manifests_of, tmp_path):
    waits = manifests_of("local").workload("chewie-inference").pod["initContainers"][0]
    (tmp_path / "config.json").write_text("{}")
    run = subprocess.run(
        waits["command"], env={"CHEWIE_INFERENCE_MODEL_PATH": str(tmp_path)}, check=False, timeout=4
    )
    assert run.returncode == 0


@pytest.mark.parametrize("overlay", ["local", "gke-l4"])
def test_the_service_loads_what_the_conversion_writes(overlay, manifests_of):
    assert_the_service_loads_what_the_conversion_writes(manifests_of(overlay))


def assert_the_service_loads_what_the_conversion_writes(manifests):
    job, inference = manifests.workload("chewie-model"), manifests.workload("chewie-inference")
    environment = manifests.environment(inference)
    written = on_volume(job, job.main["args"][-1])
    assert written == on_volume(inference, environment["CHEWIE_INFERENCE_MODEL_PATH"])
    waits = inference.pod["initContainers"][0]
    assert waits["envFrom"] == inference.main["envFrom"]
    assert '"$CHEWIE_INFERENCE_MODEL_PATH/config.json"' in waits["command"][-1]
    assert waits["volumeMounts"][0] in inference.main["volumeMounts"]
    assert on_volume(inference, environment["CHEWIE_INFERENCE_CACHE_DIR"])[1].startswith("cache/")


def on_volume(workload, path):
    """(claim, path on it) of a path in the main container."""
    claims = {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in workload.pod["volumes"]
        if "persistentVolumeClaim" in volume
    }
    for mount in workload.main["volumeMounts"]:
        if mount["name"] in claims and path.startswith(mount["mountPath"] + "/"):
            return claims[mount["name"]], mount["subPath"] + path.removeprefix(mount["mountPath"])
    raise AssertionError(f"{workload.name}: {path} lies on no volume")


def test_the_model_is_read_only_to_the_service(manifests_of):
    mounts = manifests_of("gke-l4").workload("chewie-inference").main["volumeMounts"]
    assert next(mount for mount in mounts if mount["mountPath"] == "/model")["readOnly"] is True
