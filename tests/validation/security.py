"""The `restricted` Pod Security Standard, and this project's own demands on top of it.

https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.validation.pods import Pods

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def unrestricted(pods: Pods) -> list[str]:
    """What keeps a pod from the `restricted` standard."""
    return [f"{pods.owner}: {fault}" for fault in _pod_faults(pods.spec)]


def _pod_faults(spec: dict[str, Any]) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield f"{field} is set"
    for volume in spec.get("volumes") or []:
        kinds = set(volume) - {"name"}
        if not kinds <= _VOLUMES:
            yield f"volume {volume['name']} is of kind {kinds}"
    pod = spec.get("securityContext") or {}
    for container in [*(spec.get("initContainers") or []), *spec["containers"]]:
        name, own = container["name"], container.get("securityContext") or {}
        merged = {**pod, **own}
        if merged.get("runAsNonRoot") is not True:
            yield f"{name} may run as root"
        if merged.get("runAsUser") == 0:
            yield f"{name} runs as user 0"
        if (merged.get("seccompProfile") or {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield f"{name} has no seccomp profile"
        if own.get("allowPrivilegeEscalation") is not False:
            yield f"{name} may escalate its privileges"
        capabilities = own.get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or []):
            yield f"{name} keeps capabilities"
        if not set(capabilities.get("add") or []) <= {"NET_BIND_SERVICE"}:
            yield f"{name} adds capabilities"
        if own.get("privileged"):
            yield f"{name} is privileged"


def careless(pods: Pods) -> list[str]:
    """What this project demands beyond the standard: no token, no writable image, set resources."""
    return [f"{pods.owner}: {fault}" for fault in _careless(pods.spec)]


def _careless(spec: dict[str, Any]) -> Iterator[str]:
    if spec.get("automountServiceAccountToken") is not False:
        yield "mounts a token of the Kubernetes API"
    if spec.get("enableServiceLinks") is not False:
        yield "gets a variable for every service of the namespace"
    for container in [*(spec.get("initContainers") or []), *spec["containers"]]:
        name = container["name"]
        if (container.get("securityContext") or {}).get("readOnlyRootFilesystem") is not True:
            yield f"{name} may write to its image"
        resources = container.get("resources") or {}
        for resource in ("cpu", "memory"):
            if resource not in (resources.get("requests") or {}):
                yield f"{name} requests no {resource}"
        if "memory" not in (resources.get("limits") or {}):
            yield f"{name} has no memory limit"
        if not container.get("image") or container["image"].rpartition(":")[2] == "latest":
            yield f"{name} has no pinned image"
