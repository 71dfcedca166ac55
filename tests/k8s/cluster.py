"""A cluster's place taken by this machine: rendered environments with its names and paths here.

Names of Services become 127.0.0.1 with a free port for each container port, Secrets become files
below a folder, and the image's command becomes the room's own module. Nothing else is changed.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.k8s.manifests import Doc, Manifests, Workload, mounted_files

MODULES = {
    "chewie-gateway": ["-m", "gateway"],
    "chewie-inference": ["-m", "inference_svc"],
    "chewie-convert": ["-m", "converter"],
    "python": [],
}
SERVICE = re.compile(r"([a-z0-9-]+)\.chewie\.svc\.cluster\.local(?::(\d+))?")
PATHS = ("/run/chewie", "/volume/model", "/volume/hub", "/model", "/cache", "/demo")


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Machine:
    """Runs workloads of one overlay as processes.

    `replaced`: contents of secret files, by key or by Secret and key («tls/tls.key»).
    """

    def __init__(
        self, manifests: Manifests, root: Path, folder: Path, replaced: Mapping[str, str]
    ) -> None:
        self._manifests = manifests
        self._root = root
        self._folder = folder
        self._replaced = replaced
        self._ports = {
            (workload.name, port): free_port()
            for workload in manifests.workloads()
            for port in workload.ports().values()
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def port(self, workload: str, container_port: int) -> int:
        """Where a container's port is on this machine."""
        return self._ports[workload, container_port]

    def environment(self, workload: Workload) -> dict[str, str]:
        """The rendered environment, and what a Python of a checkout needs."""
        found = self._manifests.environment(workload)
        for variable in workload.main.get("env", []):
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                found[variable["name"]] = self._secret(reference["name"], reference["key"])
        here = {name: self._here(workload, name, value) for name, value in found.items()}
        paths = f"{self._root}:{self._root / 'protos'}"
        return {**here, "PATH": "/usr/bin:/bin", "PYTHONPATH": paths}

    def start(self, name: str, **changes: str | None) -> None:
        """Start a long-running workload; its log goes to a file. `changes`: None takes one away."""
        workload = self._manifests.workload(name)
        with self.log(name).open("wb") as log:
            self.running[name] = subprocess.Popen(
                self._command(workload),
                cwd=self._folder,
                env=self._changed(workload, changes),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own: an engine is its child
            )

    def run(self, name: str, seconds: float = 120) -> str:
        """Run a Job's or CronJob's command to its end; what it printed."""
        workload = self._manifests.workload(name)
        done = subprocess.run(
            self._command(workload),
            cwd=self._folder,
            env=self._changed(workload, {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        assert done.returncode == 0, f"{name}: {done.stdout[-800:]}{done.stderr[-1500:]}"
        return done.stdout

    def stop_all(self, seconds: float = 60) -> dict[str, int]:
        """SIGTERM to each, as kubelet does; the exit statuses."""
        for process in self.running.values():
            process.terminate()
        ended = {name: process.wait(seconds) for name, process in self.running.items()}
        self.running.clear()
        return ended

    def kill(self) -> None:
        """End what still runs."""
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.running.clear()

    def await_ready(self, name: str, seconds: float) -> None:
        """Until the rendered readiness probe succeeds."""
        workload = self._manifests.workload(name)
        give_up_at = time.monotonic() + seconds
        while not self.probe(workload, workload.main["readinessProbe"]):
            status = self.running[name].poll()
            log = self.log(name).read_text(errors="replace")[-2500:]
            assert status is None, f"{name} ended with {status}: {log}"
            assert time.monotonic() < give_up_at, f"{name} is not ready: {log}"
            time.sleep(0.2)

    def probe(self, workload: Workload, how: Doc) -> bool:
        """One try of a probe, as kubelet makes it."""
        if "grpc" in how:
            port = self.port(workload.name, how["grpc"]["port"])
            return _serves(port, how["grpc"].get("service", ""))
        rule = how.get("httpGet") or how["tcpSocket"]
        port = self.port(workload.name, workload.ports()[rule["port"]])
        if "httpGet" in how:
            return _answers(f"http://127.0.0.1:{port}{rule['path']}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    def log(self, name: str) -> Path:
        """What a process wrote."""
        return self._folder / f"{name}.log"

    def path(self, path: str, workload: str = "") -> Path:
        """Where a path of a container is here: secrets for each workload, volumes for all."""
        own = workload if path.startswith("/run/") else ""
        return self._folder / own / path.lstrip("/")

    def _command(self, workload: Workload) -> list[str]:
        program, *rest = [*workload.main["command"], *workload.main.get("args", [])]
        words = [str(self.path(word)) if word.startswith(PATHS) else word for word in rest]
        return [sys.executable, *MODULES[program], *words]

    def write_secrets(self, workload: Workload) -> None:
        """The files that its Secrets become."""
        for path, secret, key in mounted_files(self._manifests, workload):
            here = self.path(path, workload.name)
            here.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(KeyError):  # an optional Secret that is not there
                here.write_text(self._secret(secret, key))

    def _changed(self, workload: Workload, changes: Mapping[str, str | None]) -> dict[str, str]:
        self.write_secrets(workload)
        environment = self.environment(workload)
        for name, value in changes.items():
            environment.pop(name, None)
            if value is not None:
                environment[name] = value
        return environment

    def _secret(self, name: str, key: str) -> str:
        for given in (f"{name}/{key}", key):
            if given in self._replaced:
                return self._replaced[given]
        known = {doc["metadata"]["name"]: doc["data"] for doc in self._manifests.of("Secret")}
        return base64.b64decode(known[name][key]).decode()

    def _here(self, workload: Workload, name: str, value: str) -> str:
        if name == "HOME":
            return str(self._folder)
        if value.startswith(PATHS):
            return str(self.path(value, workload.name))
        bound = re.fullmatch(r"0\.0\.0\.0(?::(\d+))?", value)
        if bound:
            port = f":{self.port(workload.name, int(bound[1]))}" if bound[1] else ""
            return f"127.0.0.1{port}"
        if name.endswith("_PORT") and (workload.name, int(value)) in self._ports:
            return str(self.port(workload.name, int(value)))
        return SERVICE.sub(self._address, value)

    def _address(self, match: re.Match[str]) -> str:
        service = self._manifests.one("Service", match[1])["spec"]
        wanted = int(match[2] or 80)
        target = next(row["targetPort"] for row in service["ports"] if row["port"] == wanted)
        workload = next(
            each
            for each in self._manifests.workloads()
            if service["selector"].items() <= each.labels.items()
        )
        return f"127.0.0.1:{self.port(workload.name, workload.ports()[target])}"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=4) as answer:
            return 200 <= answer.status < 400
    except (urllib.error.URLError, OSError):
        return False


def _serves(port: int, service: str) -> bool:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=3)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def long_running(names: Sequence[str], machine: Machine) -> bool:
    """Whether all of them still run."""
    return all(machine.running[name].poll() is None for name in names)
