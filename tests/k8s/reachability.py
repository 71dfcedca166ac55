"""Who may open a connection to whom, worked out from NetworkPolicies as Kubernetes defines them.

Kubelet's probes come from the node itself and are always let through; they are no part of this.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.k8s.manifests import Doc, Manifests, matches

NAMESPACE = "chewie"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A pod, or an address outside. `ports`: names of ports a pod has; `listens`: what to try."""

    name: str
    namespace: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    ports: Mapping[str, int] = field(default_factory=dict)
    listens: Sequence[tuple[str, int]] = ()

    @property
    def ours(self) -> bool:
        return self.namespace.get("kubernetes.io/metadata.name") == NAMESPACE


def namespace(name: str, **labels: str) -> dict[str, str]:
    """Labels of a namespace."""
    return {"kubernetes.io/metadata.name": name, **labels}


def parties_of(manifests: Manifests) -> list[Party]:
    """Every pod that the manifests make, the database operator's included."""
    pods = [
        Party(
            name=workload.name.removeprefix("chewie-").removeprefix("gateway-"),
            namespace=namespace(NAMESPACE),
            labels=workload.labels,
            ports=workload.ports(),
            listens=[("TCP", port) for port in workload.ports().values()],
        )
        for workload in manifests.workloads()
    ]
    pods += [
        Party(
            name="postgres",
            namespace=namespace(NAMESPACE),
            labels={
                **cluster["spec"]["inheritedMetadata"]["labels"],
                "cnpg.io/cluster": cluster["metadata"]["name"],
            },
            ports={"metrics": 9187},
            listens=[("TCP", port) for port in (5432, 8000, 9187)],
        )
        for cluster in manifests.of("Cluster")
    ]
    return pods


def connections(manifests: Manifests, outside: Iterable[Party]) -> set[tuple[str, str, str]]:
    """(from, to, "TCP 443") of every connection that is let through, tried one by one."""
    policies = manifests.of("NetworkPolicy")
    everyone = [*parties_of(manifests), *outside]
    return {
        (source.name, target.name, f"{protocol} {port}")
        for source in everyone
        for target in everyone
        for protocol, port in target.listens
        if (source.ours or target.ours)
        and _passes(policies, source, target, protocol, port, "Egress")
        and _passes(policies, source, target, protocol, port, "Ingress")
    }


def _passes(
    policies: Sequence[Doc], source: Party, target: Party, protocol: str, port: int, way: str
) -> bool:
    here, there = (source, target) if way == "Egress" else (target, source)
    if not here.ours:
        return True
    chosen = [
        policy["spec"]
        for policy in policies
        if matches(policy["spec"]["podSelector"], here.labels)
        and way in policy["spec"]["policyTypes"]
    ]
    if not chosen:
        return True
    key, peers = ("egress", "to") if way == "Egress" else ("ingress", "from")
    return any(
        _peer_fits(rule.get(peers), there) and _port_fits(rule.get("ports"), target, protocol, port)
        for spec in chosen
        for rule in spec.get(key, [])
    )


def _peer_fits(peers: Sequence[Mapping[str, Any]] | None, party: Party) -> bool:
    if peers is None:
        return True
    return any(_one_peer_fits(peer, party) for peer in peers)


def _one_peer_fits(peer: Mapping[str, Any], party: Party) -> bool:
    if "ipBlock" in peer:
        if not party.address:
            return False
        address = ipaddress.ip_address(party.address)
        block = peer["ipBlock"]
        return address in ipaddress.ip_network(block["cidr"]) and not any(
            address in ipaddress.ip_network(out) for out in block.get("except", [])
        )
    if party.address:
        return False
    in_namespace = (
        matches(peer["namespaceSelector"], party.namespace)
        if "namespaceSelector" in peer
        else party.ours
    )
    return in_namespace and (
        "podSelector" not in peer or matches(peer["podSelector"], party.labels)
    )


def _port_fits(
    ports: Sequence[Mapping[str, Any]] | None, target: Party, protocol: str, port: int
) -> bool:
    if ports is None:
        return True
    return any(
        wanted.get("protocol", "TCP") == protocol
        and (
            target.ports.get(wanted["port"]) if isinstance(wanted["port"], str) else wanted["port"]
        )
        == port
        for wanted in ports
    )
