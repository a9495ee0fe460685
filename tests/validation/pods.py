"""The pods that a set of manifests leads to, with the labels that they will carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.validation.documents import Document, label

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job")
# What the operator calls its two kinds of installation in the labels of their pods.
_INSTALLATIONS = {
    "ClickHouseInstallation": ("clickhouse.altinity.com", "chi"),
    "ClickHouseKeeperInstallation": ("clickhouse-keeper.altinity.com", "chk"),
}


@dataclass(frozen=True)
class Pods:
    """The pods of one workload: they are all alike."""

    owner: str
    document: Document
    labels: dict[str, str]
    spec: dict[str, Any]
    claims: frozenset[str] = field(default_factory=frozenset)  # volumes from claim templates

    @property
    def containers(self) -> list[dict[str, Any]]:
        return [*(self.spec.get("initContainers") or []), *(self.spec.get("containers") or [])]

    def port_names(self) -> dict[str, int]:
        return {
            port["name"]: port["containerPort"]
            for container in self.containers
            for port in container.get("ports") or []
            if "name" in port
        }

    def port_numbers(self) -> set[int]:
        return {
            port["containerPort"]
            for container in self.containers
            for port in container.get("ports") or []
        }


def pods_of(documents: list[Document]) -> Iterator[Pods]:
    """Every kind of pod; for the operator's installations one for each pod template."""
    for document in documents:
        kind, spec = document.get("kind"), document.get("spec") or {}
        if kind == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if kind in _WORKLOADS or kind == "CronJob":
            template = spec["template"]
            yield Pods(
                label(document),
                document,
                (template.get("metadata") or {}).get("labels") or {},
                template.get("spec") or {},
                frozenset(c["metadata"]["name"] for c in spec.get("volumeClaimTemplates") or []),
            )
        elif kind == "Pod":
            yield Pods(label(document), document, document["metadata"].get("labels") or {}, spec)
        elif kind in _INSTALLATIONS:
            yield from _installation_pods(document, *_INSTALLATIONS[kind])


def _installation_pods(document: Document, domain: str, short: str) -> Iterator[Pods]:
    """The operator labels each pod with its installation and cluster, whatever its template says.

    See the operator's labeler; `ready` is set once the node serves.
    """
    spec = document.get("spec") or {}
    templates = spec.get("templates") or {}
    claims = frozenset(claim["name"] for claim in templates.get("volumeClaimTemplates") or [])
    for cluster in (spec.get("configuration") or {}).get("clusters") or []:
        labels = {
            f"{domain}/app": "chop",
            f"{domain}/{short}": document["metadata"]["name"],
            f"{domain}/cluster": cluster["name"],
            f"{domain}/ready": "yes",
        }
        for template in templates.get("podTemplates") or [{"spec": {}}]:
            own = (template.get("metadata") or {}).get("labels") or {}
            yield Pods(label(document), document, {**own, **labels}, template["spec"], claims)


def selects(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    """Whether a label selector chooses labels; an empty selector chooses everything."""
    selector = selector or {}
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions") or []:
        key, operator = expression["key"], expression["operator"]
        values = expression.get("values") or []
        chosen = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }[operator]
        if not chosen:
            return False
    return True
