"""When the alerts fire and when they are silent, as Prometheus itself works them out."""

import subprocess

import pytest
import yaml

from tests.k8s.promtool import NoPromtoolError, find_promtool

IN = 'chewie_gateway_inbound_total{namespace="chewie",result="taken",pod="a"}'
OUT = 'chewie_gateway_replies_total{namespace="chewie",pod="b"}'
WAITING = 'chewie_gateway_waiting_messages{namespace="chewie",pod="b"}'
FAILURES = 'chewie_gateway_send_failures_total{namespace="chewie",failure="not_processed",pod="b"}'
DELIVERED = 'chewie_gateway_delivery_total{namespace="chewie",status="delivered",pod="b"}'
UNDELIVERED = 'chewie_gateway_delivery_total{namespace="chewie",status="undelivered",pod="b"}'
SERVING = 'chewie_inference_serving{namespace="chewie",pod="c"}'
ASKED_FOR = 'kube_deployment_spec_replicas{namespace="chewie",deployment="chewie-inference"}'
WEB = (
    'kube_deployment_status_replicas_available{namespace="chewie",deployment="chewie-gateway-web"}'
)
BACKUP = (
    'barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{namespace="chewie",pod="d"}'
)
EXPIRY = "certmanager_certificate_expiration_timestamp_seconds"
FAILED_JOB = 'kube_job_failed{namespace="chewie",condition="true",job_name="chewie-gateway-retain"}'


def triage(source):
    return f'chewie_gateway_triage_total{{namespace="chewie",source="{source}",pod="b"}}'


CASES = [
    # (what happens, overlay, {series: its values}, when, alerts that fire then)
    # a value a minute; a value an hour where «when» is told in hours
    (
        "texts come in, nothing goes out",
        "gke-l4",
        {IN: "0+5x20", OUT: "9x20", WAITING: "0+5x20"},
        "5m",
        {"ChewieNoReplies"},
    ),
    (
        "one text that nobody answers in an otherwise quiet hour",
        "gke-l4",
        {IN: "0x10 1x20", OUT: "9x30", WAITING: "0x10 1x20"},
        "14m",
        {"ChewieNoReplies"},
    ),
    (
        "a text that needs no reply",
        "gke-l4",
        {IN: "0x10 1x20", OUT: "9x30", WAITING: "0x30"},
        "14m",
        set(),
    ),
    (
        "no worker tells how much waits",
        "gke-l4",
        {IN: "0+5x20", WAITING: "_x20"},
        "6m",
        {"ChewieNoReplies"},
    ),
    ("all is well", "gke-l4", {IN: "0+5x20", OUT: "0+5x20", WAITING: "1x20"}, "15m", set()),
    (
        "Twilio takes nothing, at low traffic",
        "gke-l4",
        {FAILURES: "0+1x20", OUT: "7x20"},
        "10m",
        {"ChewieSendsFail"},
    ),
    (
        "one send in five is repeated",
        "gke-l4",
        {FAILURES: "0+1x20", OUT: "0+4x20"},
        "15m",
        set(),
    ),
    (
        "one undelivered reply of two",
        "gke-l4",
        {DELIVERED: "0x5 1x60", UNDELIVERED: "0x5 1x60"},
        "20m",
        set(),
    ),
    (
        "every third reply is undelivered",
        "gke-l4",
        {DELIVERED: "0+2x60", UNDELIVERED: "0+1x60"},
        "50m",
        {"ChewieDeliveryFails"},
    ),
    (
        "no GPU: the pods never start, so that they tell nothing",
        "gke-l4",
        {ASKED_FOR: "1x60"},
        "15m",
        {"ChewieInferenceAway"},
    ),
    ("scaled to zero on purpose", "gke-l4", {ASKED_FOR: "0x60"}, "15m", set()),
    ("one of two pods serves", "gke-l4", {ASKED_FOR: "2x60", SERVING: "1x60"}, "15m", set()),
    ("no pod takes messages", "gke-l4", {WEB: "0x60"}, "5m", {"ChewieGatewayAway"}),
    (
        "the rules answer most",
        "gke-l4",
        {triage("rules_here"): "0+2x90", triage("model_and_rules"): "0+1x90"},
        "60m",
        {"ChewieRulesOnly"},
    ),
    (
        "without a model the service's rules are the normal case",
        "rules-only",
        {triage("rules_only"): "0+2x90", triage("rules_here"): "0x90"},
        "60m",
        set(),
    ),
    (
        "without a model, and the service is not reached",
        "rules-only",
        {triage("rules_only"): "0+2x90", triage("rules_here"): "0+2x90"},
        "60m",
        {"ChewieRulesOnly"},
    ),
    (
        "a certificate ends in ten days; its namespace renamed by the scrape",
        "gke-l4",
        {f'{EXPIRY}{{exported_namespace="chewie",namespace="cert-manager",name="x"}}': "864000x90"},
        "70m",
        {"ChewieCertificateEnds"},
    ),
    (
        "a certificate of somebody else ends",
        "gke-l4",
        {f'{EXPIRY}{{exported_namespace="shop",namespace="cert-manager",name="x"}}': "864000x90"},
        "70m",
        set(),
    ),
    ("no backup for a night", "gke-l4", {BACKUP: "0x60"}, "30h", set()),
    ("no backup for two nights", "gke-l4", {BACKUP: "0x60"}, "40h", {"ChewieBackupOld"}),
    ("nobody tells of backups", "gke-l4", {BACKUP: "_x90"}, "70m", {"ChewieBackupOld"}),
    ("a job was given up", "rules-only", {FAILED_JOB: "1x20"}, "5m", {"ChewieJobFailed"}),
]


@pytest.fixture(scope="session")
def promtool(root):
    try:
        return find_promtool(root / ".build/prometheus")
    except NoPromtoolError as error:
        pytest.skip(str(error))


@pytest.fixture
def rules_file(manifests_of, tmp_path):
    """An overlay's alerts as Prometheus reads them."""

    def written(overlay):
        groups = [
            group
            for doc in manifests_of(overlay).of("PrometheusRule")
            for group in doc["spec"]["groups"]
        ]
        path = tmp_path / f"{overlay}.yaml"
        path.write_text(yaml.safe_dump({"groups": groups}))
        return path

    return written


def alerts_of(path):
    groups = yaml.safe_load(path.read_text())["groups"]
    return [rule["alert"] for group in groups for rule in group["rules"]]


@pytest.mark.parametrize(
    ("overlay", "series", "at", "firing"),
    [case[1:] for case in CASES],
    ids=[case[0].replace(" ", "_") for case in CASES],
)
def test_alerts_fire_when_somebody_must_act(
    overlay, series, at, firing, promtool, rules_file, tmp_path
):
    path = rules_file(overlay)
    # what other cases do not speak of is well
    well = {} if any(name == BACKUP for name in series) else {BACKUP: "0+60x99"}
    given = [{"series": name, "values": values} for name, values in {**well, **series}.items()]
    # for an alert that fires only its presence is asked: labels and texts are its own affair
    asked = [
        {"expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}}) or vector(0)'}
        | {"eval_time": at, "exp_samples": [{"labels": "{}", "value": int(name in firing)}]}
        for name in alerts_of(path)
    ]
    step = f"1{at[-1]}"
    test = tmp_path / "test.yaml"
    test.write_text(
        yaml.safe_dump(
            {
                "rule_files": [path.name],
                "evaluation_interval": step,
                "tests": [{"interval": step, "input_series": given, "promql_expr_test": asked}],
            }
        )
    )
    run = subprocess.run(
        [promtool, "test", "rules", test], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("overlay", ["gke-l4", "rules-only"])
def test_prometheus_reads_all_rules(overlay, promtool, rules_file):
    run = subprocess.run(
        [promtool, "check", "rules", rules_file(overlay)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
