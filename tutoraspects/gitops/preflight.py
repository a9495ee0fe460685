"""What the rendered manifests need from a cluster, and what of it the cluster lacks.

Needs are read from the manifests, so that a new kind, class or reference is asked for without a
change here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tutoraspects.gitops import installs, secret_needs
from tutoraspects.gitops.finding import Finding
from tutoraspects.gitops.kubectl import Ask
from tutoraspects.gitops.quantities import cores, mebibytes
from tutoraspects.settings.setting import as_boolean

Document = dict[str, Any]
Settings = Mapping[str, Any]

MINIMUM_VERSION = (1, 30)
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_ARGOCD = "argoproj.io/v1alpha1"
_ZONE = "topology.kubernetes.io/zone"
# What a kind's schema must know, since which version of its operator.
_FIELDS = {
    "ClickHouseInstallation": ("spec.configuration.zookeeper.keeper", "0.27"),
}
_INSTALLATIONS = ("ClickHouseInstallation", "ClickHouseKeeperInstallation")


@dataclass(frozen=True)
class Size:
    """What the plan reserves. `zones` and `machines` are how many of them it spreads over."""

    cpu: float  # cores
    memory_mib: float
    zones: int
    machines: int
    largest_cpu: float  # of one pod
    largest_memory_mib: float


def findings(
    documents: Sequence[Document], settings: Settings, size: Size, ask: Ask
) -> list[Finding]:
    """Every need of the documents and of the plan. Raises AspectsError for a silent cluster."""
    return [
        _version(ask),
        *_kinds(documents, settings, ask),
        *_storage_classes(documents, ask),
        *_metrics(documents, ask),
        *_named(documents, ask),
        *secret_needs.stores(documents, settings, ask),
        *secret_needs.secrets(documents, settings, ask),
        *_room(size, ask),
    ]


def _version(ask: Ask) -> Finding:
    answer = ask("version")["serverVersion"]
    digits = (answer["major"], answer["minor"].rstrip("+"))
    wanted = ".".join(map(str, MINIMUM_VERSION))
    return Finding(
        f"Kubernetes {wanted} or later",
        tuple(map(int, digits)) >= MINIMUM_VERSION,
        ".".join(digits),
        "aws eks update-cluster-version --name CLUSTER --kubernetes-version VERSION",
    )


def is_custom(api_version: str) -> bool:
    """Whether an API group comes with a custom resource definition."""
    group = api_version.rpartition("/")[0]
    return "." in group and not group.endswith(".k8s.io")


def _kinds(documents: Sequence[Document], settings: Settings, ask: Ask) -> Iterator[Finding]:
    wanted = sorted({(d["apiVersion"], d["kind"]) for d in documents if is_custom(d["apiVersion"])})
    if _brought(documents, settings):
        wanted = [(version, kind) for version, kind in wanted if version == _ARGOCD]
    if not wanted:
        return
    installed = (ask("get", "customresourcedefinitions") or {}).get("items", [])
    for api_version, kind in wanted:
        group, _, version = api_version.rpartition("/")
        command = installs.of_group(group, settings)
        found = [c for c in installed if c["spec"]["group"] == group]
        found = [c for c in found if c["spec"]["names"]["kind"] == kind]
        served = [v for c in found for v in c["spec"]["versions"] if v.get("served")]
        right = [v for v in served if v["name"] == version]
        versions = ", ".join(v["name"] for v in served)
        yield Finding(f"kind {kind} of {api_version}", bool(right), versions, command)
        if right and kind in _FIELDS:
            path, since = _FIELDS[kind]
            yield Finding(
                f"{kind} with {path} (operator {since} or later)",
                _has_field(right[0], path),
                command=command,
            )


def _has_field(version: Document, path: str) -> bool:
    schema = version.get("schema", {}).get("openAPIV3Schema", {})
    for step in path.split("."):
        schema = schema.get("properties", {}).get(step)
        if schema is None:
            return False
    return True


def claims(documents: Sequence[Document]) -> Iterator[Document]:
    """The spec of every volume claim, whoever makes it."""
    for document in documents:
        spec = document.get("spec") or {}
        if document["kind"] == "PersistentVolumeClaim":
            yield spec
        elif document["kind"] == "StatefulSet":
            yield from (claim["spec"] for claim in spec.get("volumeClaimTemplates") or [])
        elif document["kind"] in _INSTALLATIONS:
            templates = (spec.get("templates") or {}).get("volumeClaimTemplates") or []
            yield from (claim["spec"] for claim in templates)


def _storage_classes(documents: Sequence[Document], ask: Ask) -> Iterator[Finding]:
    wanted = sorted({str(claim.get("storageClassName") or "") for claim in claims(documents)})
    if not wanted:
        return
    classes = (ask("get", "storageclasses") or {}).get("items", [])
    for name in wanted:
        found = [c for c in classes if (c["metadata"]["name"] == name if name else _is_default(c))]
        need = f"storage class {name}" if name else "a default storage class"
        names = ", ".join(c["metadata"]["name"] for c in classes)
        command = installs.STORAGE_CLASS.format(name=name or "gp3")
        if not name:
            command += f"\nkubectl annotate storageclass gp3 {_DEFAULT_CLASS}=true"
        yield Finding(need, bool(found), names, command)
        for entry in found[:1]:
            own = entry["metadata"]["name"]
            yield Finding(
                f"volumes of class {own} that can grow",
                entry.get("allowVolumeExpansion") is True,
                command=f"kubectl patch storageclass {own} --patch "
                "'{\"allowVolumeExpansion\": true}'",
            )


def _is_default(entry: Document) -> bool:
    return (entry["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"


def _metrics(documents: Sequence[Document], ask: Ask) -> Iterator[Finding]:
    if not any(document["kind"] == "HorizontalPodAutoscaler" for document in documents):
        return
    service = ask("get", "apiservice", "v1beta1.metrics.k8s.io")
    conditions = ((service or {}).get("status") or {}).get("conditions") or []
    available = any(c["type"] == "Available" and c["status"] == "True" for c in conditions)
    state = "installed and not available" if service and not available else ""
    need = "the metrics server, for the autoscaler"
    yield Finding(need, available, state, installs.metrics_server())


def _named(documents: Sequence[Document], ask: Ask) -> Iterator[Finding]:
    """Classes of the cluster that a manifest names."""
    classes = {d["spec"].get("ingressClassName") for d in documents if d["kind"] == "Ingress"}
    for name in sorted(filter(None, classes)):
        found = ask("get", "ingressclass", name)
        yield Finding(f"ingress class {name}", bool(found), command=installs.ingress_class())
    for name in sorted(set(_values(list(documents), "priorityClassName"))):
        yield Finding(
            f"priority class {name}",
            bool(ask("get", "priorityclass", name)),
            command=f"kubectl create priorityclass {name} --value=1000000",
        )


def _values(node: Any, key: str) -> Iterator[str]:
    """Every text under a key, at any depth."""
    if isinstance(node, list):
        for inner in node:
            yield from _values(inner, key)
    elif isinstance(node, dict):
        for name, inner in node.items():
            if name == key and isinstance(inner, str):
                yield inner
            else:
                yield from _values(inner, key)


def _room(size: Size, ask: Ask) -> Iterator[Finding]:
    nodes = [node for node in (ask("get", "nodes") or {}).get("items", []) if _usable(node)]
    zones = {label for node in nodes if (label := node["metadata"]["labels"].get(_ZONE))}
    room = [(cores(a["cpu"]), mebibytes(a["memory"])) for a in map(_allocatable, nodes)]
    grow = "eksctl scale nodegroup --cluster CLUSTER --name NODEGROUP --nodes N"
    yield Finding(f"{size.zones} zones", len(zones) >= size.zones, f"{len(zones)}", grow)
    yield Finding(f"{size.machines} machines", len(nodes) >= size.machines, f"{len(nodes)}", grow)
    cpu, memory = (sum(part) for part in zip(*room, strict=True)) if room else (0.0, 0.0)
    yield Finding(f"{size.cpu:g} allocatable CPU cores", cpu >= size.cpu, f"{cpu:g}", grow)
    yield Finding(
        f"{size.memory_mib / 1024:,.1f} GiB of allocatable memory",
        memory >= size.memory_mib,
        f"{memory / 1024:,.1f}",
        grow,
    )
    fits = any(c >= size.largest_cpu and m >= size.largest_memory_mib for c, m in room)
    yield Finding(
        f"a machine for the largest pod ({size.largest_cpu:g} cores, "
        f"{size.largest_memory_mib / 1024:,.1f} GiB)",
        fits,
        command="eksctl create nodegroup --cluster CLUSTER --node-type TYPE",
    )


def _usable(node: Document) -> bool:
    """Ready, and open to pods without a toleration."""
    ready = any(
        c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", [])
    )
    spec = node.get("spec") or {}
    closed = any(taint["effect"] != "PreferNoSchedule" for taint in spec.get("taints") or [])
    return ready and not closed and not spec.get("unschedulable")


def _allocatable(node: Document) -> dict[str, str]:
    found: dict[str, str] = node["status"]["allocatable"]
    return found


def is_argocd(settings: Settings) -> bool:
    """Whether Argo CD and not `tutor k8s start` deploys."""
    return settings.get("ASPECTS_K8S_MANAGED_BY") == "argocd"


def applied(documents: Sequence[Document], argocd: Sequence[Document]) -> list[Document]:
    """The documents whose needs are asked for, when Argo CD deploys.

    `documents` are those of the charts, `argocd` those that Argo CD itself reads.
    """
    return [*(d for d in argocd if d.get("apiVersion") == _ARGOCD), *documents]


def _brought(documents: Sequence[Document], settings: Settings) -> bool:
    """Whether Argo CD installs the two operators, with their kinds, before the charts."""
    return (
        is_argocd(settings)
        and bool(as_boolean(settings["ASPECTS_GITOPS_OPERATORS"]))
        and any(document["apiVersion"] == _ARGOCD for document in documents)
    )
