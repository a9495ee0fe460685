"""What can be lifted from any workload: the fields below a component's key, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tutoraspects.gitops.values_schema import (
    BOOLEAN,
    NAME,
    OPTIONAL_NAME,
    Schema,
    annotation_map,
    array,
    closed,
    integer,
    reference,
)

# field -> comment. The order is that of values.yaml.
COMMENTS: dict[str, str] = {
    "enabled": "Deploy this component; false removes every object of it.",
    "shards": "Shards of the cluster.",
    "replicas": "Pods of this component; where it has shards, of each shard.",
    "autoscaling": "Bounds of the autoscaler.",
    "autoscaling.minReplicas": "Pods that always run.",
    "autoscaling.maxReplicas": "Pods at most.",
    "autoscaling.targetCPUUtilizationPercentage": "CPU use, in percent of the requested CPU, above "
    "which a pod is added.",
    "autoscaling.targetMemoryUtilizationPercentage": "Memory use, in percent of the requested "
    "memory, above which a pod is added.",
    "image": "Container image.",
    "image.repository": "Registry and name of the image.",
    "image.tag": "Tag of the image; may be empty with a digest, and only then.",
    "image.digest": "Digest of the image, such as sha256:…; pins what the tag only names.",
    "resources": "Requests and limits of CPU and memory.",
    "extraEnv": "Environment variables on top of the component's own and of those in its "
    "ConfigMaps, which cannot be set here.",
    "storage": "Volume of each pod.",
    "storage.size": "Size of the volume; can grow later if the storage class allows it, and never "
    "shrink.",
    "storage.storageClassName": "Storage class of the volume; empty takes the cluster's default.",
    "serviceAccount": "Service account of the pods.",
    "serviceAccount.annotations": "Annotations, such as eks.amazonaws.com/role-arn for an IAM role "
    "(IRSA); EKS Pod Identity needs none.",
    "ingress": "Entrance from outside of the cluster.",
    "ingress.className": "Ingress class.",
    "ingress.host": "Public host name.",
    "ingress.annotations": "Annotations that the ingress controller reads.",
    "remoteKey": "Name of the secret in AWS Secrets Manager that holds every password as JSON.",
    "refreshInterval": "How often the secret is read again, such as 10m.",
    "region": "AWS region of the secret.",
    "store": "Where the External Secrets operator finds AWS Secrets Manager.",
    "store.create": "Make the ClusterSecretStore and its service account; false when the cluster "
    "has one.",
    "store.name": "Name of the ClusterSecretStore.",
    "podAnnotations": "Annotations of the pods on top of the component's own.",
    "nodeSelector": "Labels of the nodes that the pods may run on.",
    "tolerations": "Taints of nodes that the pods put up with.",
    "affinity": "Which nodes and neighbours the pods want or shun.",
    "topologySpreadConstraints": "How the pods are spread over zones and nodes; replaces the whole "
    "list.",
    "priorityClassName": "Priority class of the pods; empty takes the cluster's default.",
    "imagePullSecrets": "Secrets with the credentials of a private registry, as [{name: …}].",
}

_ORDER = {name: position for position, name in enumerate(COMMENTS)}

_POSITIVE = integer(1, 1000)
SCHEMAS: dict[str, Schema] = {
    "enabled": BOOLEAN,
    "shards": integer(1, 100),
    "replicas": integer(0, 1000),
    "autoscaling.minReplicas": _POSITIVE,
    "autoscaling.maxReplicas": _POSITIVE,
    "autoscaling.targetCPUUtilizationPercentage": integer(1, 100),
    "autoscaling.targetMemoryUtilizationPercentage": integer(1, 100),
    "image.repository": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._/:-]*[A-Za-z0-9]$"},
    "image.tag": {"type": "string", "pattern": "^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$"},
    "image.digest": {"type": "string", "pattern": "^(sha256:[a-f0-9]{64})?$"},
    "resources": reference("resources"),
    "storage.size": reference("volumeSize"),
    "storage.storageClassName": OPTIONAL_NAME,
    "ingress.className": NAME,
    "ingress.host": NAME,
    "remoteKey": {"type": "string", "pattern": "^[A-Za-z0-9/_+=.@-]{1,512}$"},
    "refreshInterval": {"type": "string", "pattern": "^([0-9]+(s|m|h))+$"},
    "region": {"type": "string", "pattern": "^[a-z]{2}(-[a-z]+)+-[0-9]+$"},
    "store.create": BOOLEAN,
    "store.name": NAME,
    "nodeSelector": annotation_map([]),
    "tolerations": array(reference("toleration")),
    "affinity": reference("affinity"),
    "topologySpreadConstraints": array(reference("topologySpreadConstraint")),
    "priorityClassName": OPTIONAL_NAME,
    "imagePullSecrets": array(closed({"name": NAME}, "name")),
}


def position(path: str) -> tuple[int, ...]:
    """Where a value stands below its component: by the table, unknown parents last."""
    names = path.split(".")[1:]
    for start in range(len(names)):
        known = _ORDER.get(".".join(names[start:]))
        if known is not None:
            return (0 if start == 0 else 1, known)
    return (2, 0)


def image(text: str) -> dict[str, str]:
    """An image's name in parts: `registry:5000/name:tag@sha256:…`."""
    name, _, digest = text.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:  # the colon was that of the registry's port
        repository, tag = name, ""
    return {"repository": repository, "tag": tag, "digest": digest}


def bounded(schema: Mapping[str, Any], low: float | None, high: float | None) -> Schema:
    """A schema of whole numbers, with the bounds of the setting behind it where it has some."""
    bounds = {"minimum": low, "maximum": high}
    return {**schema, **{name: int(limit) for name, limit in bounds.items() if limit is not None}}
