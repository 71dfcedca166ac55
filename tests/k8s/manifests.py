"""Rendered manifests as objects that tests can ask: workloads, their containers, their settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

Doc = dict[str, Any]
OVERLAYS = ("local", "gke-l4", "rules-only")
PRODUCTION = ("gke-l4", "rules-only")
TEMPLATE_PATHS = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
# What an ExternalSecret, a Certificate and CloudNativePG write into the Secrets that they make.
CERTIFICATE_KEYS = {"tls.crt", "tls.key", "ca.crt"}
CNPG_APP_KEYS = {"username", "password", "dbname", "host", "port", "uri", "jdbc-uri", "pgpass"}


@dataclass(frozen=True, slots=True)
class Workload:
    """A kind that makes pods, and its pod template."""

    doc: Doc
    template: Doc

    @property
    def name(self) -> str:
        return str(self.doc["metadata"]["name"])

    @property
    def kind(self) -> str:
        return str(self.doc["kind"])

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.template["metadata"]["labels"])

    @property
    def pod(self) -> Doc:
        return dict(self.template["spec"])

    @property
    def main(self) -> Doc:
        return dict(self.pod["containers"][0])

    @property
    def containers(self) -> list[Doc]:
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]

    def ports(self) -> dict[str, int]:
        return {
            port["name"]: port["containerPort"]
            for container in self.pod["containers"]
            for port in container.get("ports", [])
        }


@dataclass(frozen=True, slots=True)
class Manifests:
    """All documents of one overlay."""

    docs: tuple[Doc, ...]

    def of(self, *kinds: str) -> list[Doc]:
        return [doc for doc in self.docs if doc["kind"] in kinds]

    def one(self, kind: str, name: str) -> Doc:
        found = [doc for doc in self.of(kind) if doc["metadata"]["name"] == name]
        assert len(found) == 1, f"{kind} {name}: {len(found)}"
        return found[0]

    def workloads(self) -> list[Workload]:
        return [
            Workload(doc, at(doc, TEMPLATE_PATHS[doc["kind"]])) for doc in self.of(*TEMPLATE_PATHS)
        ]

    def workload(self, name: str) -> Workload:
        return next(each for each in self.workloads() if each.name == name)

    def config(self, name: str) -> dict[str, str]:
        return dict(self.one("ConfigMap", name)["data"])

    def environment(self, workload: Workload) -> dict[str, str]:
        """What the main container's process finds; values from Secrets stay out."""
        found: dict[str, str] = {}
        for source in workload.main.get("envFrom", []):
            found |= self.config(source["configMapRef"]["name"])
        for variable in workload.main.get("env", []):
            if "value" in variable:
                found[variable["name"]] = variable["value"]
        return found

    def secret_keys(self) -> dict[str, set[str]]:
        """Keys of every Secret that exists once operators have done their work."""
        keys = {doc["metadata"]["name"]: set(doc["data"]) for doc in self.of("Secret")}
        for doc in self.of("ExternalSecret"):
            keys[doc["spec"]["target"]["name"]] = {row["secretKey"] for row in doc["spec"]["data"]}
        for doc in self.of("Certificate"):
            keys[doc["spec"]["secretName"]] = CERTIFICATE_KEYS
        for doc in self.of("Cluster"):
            keys[f"{doc['metadata']['name']}-app"] = CNPG_APP_KEYS
        return keys


def mounted_files(manifests: Manifests, workload: Workload) -> Iterator[tuple[str, str, str]]:
    """(path, Secret, key) of every secret file in the main container."""
    mounts = {mount["name"]: mount["mountPath"] for mount in workload.main["volumeMounts"]}
    keys = manifests.secret_keys()
    for volume in workload.pod["volumes"]:
        if "secret" not in volume or volume["name"] not in mounts:
            continue
        name = volume["secret"]["secretName"]
        items = volume["secret"].get("items") or [
            {"key": key, "path": key} for key in sorted(keys.get(name, ()))
        ]
        for item in items:
            path = PurePosixPath(mounts[volume["name"]]) / item["path"]
            yield str(path), name, item["key"]


def at(doc: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = doc
    for part in path:
        value = value[part]
    return value


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Kubernetes' label selector; None matches nothing, an empty one everything."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels", {})
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    for rule in selector.get("matchExpressions", []):
        value, values = labels.get(rule["key"]), rule.get("values", [])
        holds = {
            "In": value in values,
            "NotIn": value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not holds[rule["operator"]]:
            return False
    return True


def parse(text: str) -> Manifests:
    """Documents of a YAML stream."""
    return Manifests(tuple(doc for doc in yaml.safe_load_all(text) if doc))
