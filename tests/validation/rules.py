"""Rules that no schema holds: they span fields, or objects."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.validation.documents import Document, label
from tests.validation.pods import Pods, pods_of, selects

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(m|u|n|k|[KMGTPE]i?|[eE][0-9]+)?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# Values that the API refuses and its published schema does not list.
_CHOICES: dict[str, set[str]] = {
    "concurrencyPolicy": {"Allow", "Forbid", "Replace"},
    "imagePullPolicy": {"Always", "IfNotPresent", "Never"},
    "pathType": {"Exact", "Prefix", "ImplementationSpecific"},
    "restartPolicy": {"Always", "OnFailure", "Never"},
    "whenUnsatisfiable": {"DoNotSchedule", "ScheduleAnyway"},
}


def broken_rules(documents: list[Document]) -> list[str]:
    """Every broken rule, each as `Kind/name: what`."""
    pods = list(pods_of(documents))
    return [
        *_duplicates("object", (_identity(document) for document in documents)),
        *(f for document in documents for f in _document_rules(document)),
        *(f for pod in pods for f in _pod_rules(pod)),
        *(f for document in documents for f in _relations(document, documents, pods)),
        *(f for pod in pods for f in _references(pod, documents)),
    ]


def _identity(document: Document) -> str:
    group = str(document.get("apiVersion")).rpartition("/")[0]
    return f"{group} {label(document)}"


def _duplicates(what: str, names: Iterable[str], owner: str = "") -> Iterator[str]:
    prefix = f"{owner}: " if owner else ""
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{prefix}{what} {name} comes {count} times"


def _walk(value: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """(path, last key, value) of everything inside."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}.{key}", str(key), inner
            yield from _walk(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield f"{path}[{index}]", "", inner
            yield from _walk(inner, f"{path}[{index}]")


def _document_rules(document: Document) -> Iterator[str]:
    owner = label(document)
    name = (document.get("metadata") or {}).get("name") or ""
    if not _SUBDOMAIN.fullmatch(name) or len(name) > 253:
        yield f"{owner}: metadata.name is no DNS name"
    for path, key, value in _walk(document):
        if value is None:
            yield f"{owner}: {path[1:]} is null"
        if key in ("requests", "limits") and isinstance(value, dict):
            for resource, quantity in value.items():
                if not _QUANTITY.fullmatch(str(quantity)):
                    yield f"{owner}: {path[1:]}.{resource}: {quantity!r} is no quantity"
        if key in ("sizeLimit", "averageValue") and not _QUANTITY.fullmatch(str(value)):
            yield f"{owner}: {path[1:]}: {value!r} is no quantity"
        if key in _CHOICES and isinstance(value, str) and value not in _CHOICES[key]:
            yield f"{owner}: {path[1:]}: {value!r} is none of {sorted(_CHOICES[key])}"


def _pod_rules(pods: Pods) -> Iterator[str]:
    """Rules within one pod, and between a workload and its pods."""
    selector = (pods.document.get("spec") or {}).get("selector")
    controls = pods.document["kind"] in ("Deployment", "StatefulSet", "DaemonSet")
    if controls and not (selector and selects(selector, pods.labels)):
        yield f"{pods.owner}: its selector does not choose its own pods {pods.labels}"
    volumes = [volume["name"] for volume in pods.spec.get("volumes") or []]
    yield from _duplicates("volume", volumes, pods.owner)
    yield from _duplicates("container", (c["name"] for c in pods.containers), pods.owner)
    known = {*volumes, *pods.claims}
    for container in pods.containers:
        owner = f"{pods.owner} {container['name']}"
        mounts = container.get("volumeMounts") or []
        for mount in mounts:
            if mount["name"] not in known:
                yield f"{owner}: mounts {mount['name']}, which is no volume of the pod"
        yield from _duplicates("mount at", (mount["mountPath"] for mount in mounts), owner)
        yield from _duplicates("variable", (e["name"] for e in container.get("env") or []), owner)
        ports = container.get("ports") or []
        yield from _duplicates("port name", (p["name"] for p in ports if "name" in p), owner)
        yield from _limits(owner, container.get("resources") or {})
        for path, key, value in _walk(container):
            if key == "port" and isinstance(value, str) and value not in pods.port_names():
                yield f"{owner}: {path[1:]}: no container port is named {value}"


def _limits(owner: str, resources: dict[str, Any]) -> Iterator[str]:
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for resource, limit in limits.items():
        if resource in requests and _amount(requests[resource]) > _amount(limit):
            yield f"{owner}: requests more {resource} than its limit"


def _amount(quantity: Any) -> float:
    match = re.fullmatch(r"([0-9.]+)([a-zA-Z]*)", str(quantity))
    if match is None:
        return 0.0
    units = {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
    units |= {f"{unit}i": 1024.0**power for power, unit in enumerate("KMGT", start=1)}
    return float(match.group(1)) * units.get(match.group(2), 1.0)


def _relations(document: Document, documents: list[Document], pods: list[Pods]) -> Iterator[str]:
    """Rules of the objects that point at pods or workloads by label or by name."""
    relation: dict[str, Callable[..., Iterator[str]]] = {
        "PodDisruptionBudget": _budget,
        "HorizontalPodAutoscaler": _autoscaler,
        "Service": _service,
        "NetworkPolicy": _network_policy,
        "Ingress": _ingress,
    }
    if document["kind"] in relation:
        for fault in relation[document["kind"]](document["spec"], documents, pods):
            yield f"{label(document)}: {fault}"


def _budget(spec: dict[str, Any], _: list[Document], pods: list[Pods]) -> Iterator[str]:
    if ("minAvailable" in spec) == ("maxUnavailable" in spec):
        yield "needs either minAvailable or maxUnavailable"
    if not any(selects(spec.get("selector"), pod.labels) for pod in pods):
        yield "its selector chooses no pod"


def _autoscaler(spec: dict[str, Any], documents: list[Document], _: list[Pods]) -> Iterator[str]:
    target = spec["scaleTargetRef"]
    found = [d for d in documents if label(d) == f"{target['kind']}/{target['name']}"]
    if not found:
        yield f"scales {target['kind']}/{target['name']}, which is not there"
    for workload in found:
        if "replicas" in workload["spec"]:
            yield f"{label(workload)} sets replicas itself: each apply would undo the scaling"
    if spec.get("minReplicas", 1) > spec["maxReplicas"]:
        yield "minReplicas is above maxReplicas"


def _service(spec: dict[str, Any], _: list[Document], pods: list[Pods]) -> Iterator[str]:
    selector = spec.get("selector")
    if not selector:
        return
    chosen = [pod for pod in pods if selects({"matchLabels": selector}, pod.labels)]
    if not chosen:
        yield f"its selector {selector} chooses no pod"
    for port in spec.get("ports") or []:
        target = port.get("targetPort", port["port"])
        for pod in chosen:
            if isinstance(target, str) and target not in pod.port_names():
                yield f"targetPort {target} is no port of {pod.owner}"
            if isinstance(target, int) and pod.port_numbers() and target not in pod.port_numbers():
                yield f"targetPort {target} is no port of {pod.owner}"


def _ingress(spec: dict[str, Any], documents: list[Document], _: list[Pods]) -> Iterator[str]:
    services = {d["metadata"]["name"]: d for d in documents if d["kind"] == "Service"}
    for rule in spec.get("rules") or []:
        for path in rule["http"]["paths"]:
            wanted = path["backend"]["service"]
            name, port = wanted["name"], wanted["port"]
            if name not in services:
                yield f"Service/{name} is not there"
            elif not any(
                port == {key: offered.get(field)}
                for offered in services[name]["spec"]["ports"]
                for key, field in (("name", "name"), ("number", "port"))
            ):
                yield f"Service/{name} has no port {port}"


def _network_policy(spec: dict[str, Any], _: list[Document], pods: list[Pods]) -> Iterator[str]:
    chosen = [pod for pod in pods if selects(spec["podSelector"], pod.labels)]
    if not chosen:
        yield "its podSelector chooses no pod"
    peers = [
        peer
        for direction, side in (("ingress", "from"), ("egress", "to"))
        for rule in spec.get(direction) or []
        for peer in rule.get(side) or []
    ]
    for peer in peers:
        if "podSelector" not in peer or "namespaceSelector" in peer:
            continue  # pods of another namespace are not among these documents
        if not any(selects(peer["podSelector"], pod.labels) for pod in pods):
            yield f"its peer {peer['podSelector']} chooses no pod"
    for direction, kind in (("ingress", "Ingress"), ("egress", "Egress")):
        if direction in spec and kind not in spec.get("policyTypes", []):
            yield f"has {direction} rules and policyTypes without {kind}"


def _references(pods: Pods, documents: list[Document]) -> Iterator[str]:
    """Secrets, ConfigMaps, claims and service accounts that a pod names must be there."""
    named = {(d["kind"], d["metadata"].get("name")): d for d in documents}
    account = pods.spec.get("serviceAccountName", "default")
    if account != "default" and ("ServiceAccount", account) not in named:
        yield f"{pods.owner}: the service account {account} is not there"
    for path, key, value in _walk(pods.spec):
        wanted = _reference(key, value)
        if wanted is None:
            continue
        kind, name, keys = wanted
        target = named.get((kind, name))
        if target is None:
            yield f"{pods.owner}: {path[1:]}: {kind}/{name} is not there"
            continue
        present = {**(target.get("data") or {}), **(target.get("stringData") or {})}
        for item in keys:
            if item not in present:
                yield f"{pods.owner}: {path[1:]}: {kind}/{name} has no key {item}"


def _reference(key: str, value: Any) -> tuple[str, str, list[str]] | None:
    """(kind, name, keys) that a field of a pod refers to; None for any other field."""
    if not isinstance(value, dict) or value.get("optional"):
        return None
    if key in ("secretKeyRef", "configMapKeyRef"):
        return ("Secret" if key == "secretKeyRef" else "ConfigMap", value["name"], [value["key"]])
    if key in ("secretRef", "configMapRef"):
        return ("Secret" if key == "secretRef" else "ConfigMap", value["name"], [])
    items = [item["key"] for item in value.get("items") or []]
    if key == "secret" and ("secretName" in value or "name" in value):
        return "Secret", value.get("secretName") or value["name"], items
    if key == "configMap" and "name" in value:
        return "ConfigMap", value["name"], items
    if key == "persistentVolumeClaim" and "claimName" in value:
        return "PersistentVolumeClaim", value["claimName"], []
    return None
