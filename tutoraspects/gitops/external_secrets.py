"""Secrets as references: what stands in Git instead of every Secret.

The External Secrets operator reads one secret of AWS Secrets Manager for each Kubernetes Secret: a
JSON object with one property for each key. https://external-secrets.io/latest/provider/aws-secrets-manager/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tutoraspects.settings.setting import as_boolean

Document = dict[str, Any]
Settings = Mapping[str, Any]

API_VERSION = "external-secrets.io/v1"
# The service account whose IAM role reads the secrets, where ASPECTS_SECRETS_ROLE_ARN names one.
READER = "aspects-secrets"
LABELS = {"app.kubernetes.io/name": "aspects"}


@dataclass(frozen=True)
class Entry:
    """Where one key of a Kubernetes Secret comes from."""

    secret: str  # name of the Kubernetes Secret
    key: str  # key in it
    remote: str  # name of the secret in AWS Secrets Manager

    @property
    def property(self) -> str:
        """The property of the remote JSON object: the same name as the key."""
        return self.key


def remote_name(secret: str, settings: Settings) -> str:
    """The name in AWS Secrets Manager of a Kubernetes Secret."""
    return f"{settings['ASPECTS_SECRETS_PREFIX']}/{secret}"


def keys_of(secret: Document) -> list[str]:
    """The keys of a Secret, in order."""
    return [*(secret.get("stringData") or {}), *(secret.get("data") or {})]


def entries(documents: Sequence[Document], settings: Settings) -> list[Entry]:
    """Every key of every Secret among the documents."""
    return [
        Entry(name, key, remote_name(name, settings))
        for secret in documents
        if secret.get("kind") == "Secret"
        for name in [str(secret["metadata"]["name"])]
        for key in keys_of(secret)
    ]


def external_secrets(documents: Sequence[Document], settings: Settings) -> list[Document]:
    """What takes the place of the Secrets among the documents; holds no value of theirs.

    A service account if an IAM role is named, the store unless the cluster has it, and one
    ExternalSecret for each Secret. Empty without a Secret.
    """
    secrets = [document for document in documents if document.get("kind") == "Secret"]
    if not secrets:
        return []
    return [*_reader(settings), *_store(settings), *(_external(s, settings) for s in secrets)]


def _reader(settings: Settings) -> Iterator[Document]:
    if settings["ASPECTS_SECRETS_ROLE_ARN"] and as_boolean(settings["ASPECTS_SECRET_STORE_CREATE"]):
        yield {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {
                "name": READER,
                "labels": dict(LABELS),
                "annotations": {
                    "eks.amazonaws.com/role-arn": settings["ASPECTS_SECRETS_ROLE_ARN"],
                },
            },
            "automountServiceAccountToken": False,
        }


def _store(settings: Settings) -> Iterator[Document]:
    if not as_boolean(settings["ASPECTS_SECRET_STORE_CREATE"]):
        return
    namespace = settings["K8S_NAMESPACE"]
    aws: dict[str, Any] = {
        "service": "SecretsManager",
        "region": settings["ASPECTS_SECRETS_REGION"],
    }
    if settings["ASPECTS_SECRETS_ROLE_ARN"]:
        # The operator asks for a token of this account and assumes the role in its annotation.
        aws["auth"] = {"jwt": {"serviceAccountRef": {"name": READER, "namespace": namespace}}}
    yield {
        "apiVersion": API_VERSION,
        "kind": "ClusterSecretStore",
        "metadata": {"name": settings["ASPECTS_SECRET_STORE"], "labels": dict(LABELS)},
        "spec": {
            # A store of the whole cluster, for this namespace only.
            "conditions": [{"namespaces": [namespace]}],
            "provider": {"aws": aws},
        },
    }


def _external(secret: Document, settings: Settings) -> Document:
    metadata = secret["metadata"]
    labels = dict(metadata.get("labels") or LABELS)
    remote = remote_name(metadata["name"], settings)
    return {
        "apiVersion": API_VERSION,
        "kind": "ExternalSecret",
        "metadata": {"name": metadata["name"], "labels": labels},
        "spec": {
            "refreshInterval": f"{settings['ASPECTS_SECRETS_REFRESH_MINUTES']}m",
            "secretStoreRef": {
                "kind": "ClusterSecretStore",
                "name": settings["ASPECTS_SECRET_STORE"],
            },
            "target": {
                "name": metadata["name"],
                "creationPolicy": "Owner",
                # A secret that vanishes from AWS must not take the running platform with it.
                "deletionPolicy": "Retain",
                "template": {
                    "type": secret.get("type", "Opaque"),
                    "engineVersion": "v2",
                    "mergePolicy": "Replace",
                    "metadata": {"labels": dict(labels)},
                },
            },
            # Key by key: one that is missing in AWS is an error that names it.
            "data": [_reference(key, remote) for key in keys_of(secret)],
        },
    }


def _reference(key: str, remote: str) -> dict[str, Any]:
    """The operator's defaults are written out, or Argo CD would see a difference for ever."""
    return {
        "secretKey": key,
        "remoteRef": {
            "key": remote,
            "property": key,
            "conversionStrategy": "Default",
            "decodingStrategy": "None",
            "metadataPolicy": "None",
        },
    }
