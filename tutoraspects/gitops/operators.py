"""The operators that the charts stand on, at the versions they were checked with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

PASSWORD = "clickhouse-operator-password"
_CLICKHOUSE_CHART = "altinity-clickhouse-operator"


@dataclass(frozen=True)
class Operator:
    """A Helm chart of somebody else, and the objects of ours that it needs beside it."""

    name: str  # of the Application
    repository: str
    chart: str
    version: str
    namespace_setting: str
    values: Callable[[Sequence[str]], Document]  # from the namespaces of the platform
    own_objects: Callable[[], dict[str, Document]]  # by file name


def _external_secrets_values(_namespaces: Sequence[str]) -> Document:
    # The release's CRDs come with the chart, and stay when it goes.
    return {
        "installCRDs": True,
        "crds": {"annotations": {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}},
        "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
        "replicaCount": 2,
        "leaderElect": True,
    }


def _clickhouse_values(namespaces: Sequence[str]) -> Document:
    watched = {"name": "WATCH_NAMESPACES", "value": ",".join(sorted(set(namespaces)))}
    return {
        "fullnameOverride": _CLICKHOUSE_CHART,
        # The chart's own password is known to everybody: ours is made in the cluster, see below.
        "secret": {"create": False},
        "operator": {"env": [watched]},
        "metrics": {"env": [dict(watched)]},
        "rbac": {"namespaceScoped": False},
        # Argo CD applies the CRDs of the chart itself; the hook would run an image without version.
        "crdHook": {"enabled": False},
    }


def _clickhouse_password() -> dict[str, Document]:
    """The operator's password of ClickHouse: random, made once, and never outside the cluster."""
    labels = {"app.kubernetes.io/name": _CLICKHOUSE_CHART}
    generator = {
        "apiVersion": "generators.external-secrets.io/v1alpha1",
        "kind": "Password",
        "metadata": {
            "name": PASSWORD,
            "labels": labels,
            "annotations": {"argocd.argoproj.io/sync-wave": "-6"},
        },
        "spec": {"length": 48, "digits": 12, "symbols": 0, "allowRepeat": True, "noUpper": False},
    }
    secret = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {
            "name": _CLICKHOUSE_CHART,
            "labels": labels,
            "annotations": {"argocd.argoproj.io/sync-wave": "-5"},
        },
        "spec": {
            "refreshPolicy": "CreatedOnce",
            "refreshInterval": "0s",
            "target": {
                "name": _CLICKHOUSE_CHART,
                "creationPolicy": "Orphan",
                "deletionPolicy": "Retain",
                "template": {
                    "type": "Opaque",
                    "engineVersion": "v2",
                    "mergePolicy": "Merge",
                    "data": {"username": "clickhouse_operator"},
                },
            },
            "dataFrom": [
                {
                    "sourceRef": {
                        "generatorRef": {
                            "apiVersion": generator["apiVersion"],
                            "kind": generator["kind"],
                            "name": PASSWORD,
                        }
                    }
                }
            ],
        },
    }
    return {"generator.yaml": generator, "password.yaml": secret}


# Helm chart 2.9.0 of 2026-08-08, https://github.com/external-secrets/external-secrets/releases;
# the version whose CRDs the tests check with.
EXTERNAL_SECRETS = Operator(
    name="external-secrets",
    repository="https://charts.external-secrets.io",
    chart="external-secrets",
    version="2.9.0",
    namespace_setting="ASPECTS_EXTERNAL_SECRETS_NAMESPACE",
    values=_external_secrets_values,
    own_objects=dict,
)
# Operator 0.27.2 of 2026-07-21, https://github.com/Altinity/clickhouse-operator/releases; 0.27.0 is
# the first that takes a Keeper by reference, and the tests check with the CRDs of 0.27.2.
CLICKHOUSE = Operator(
    name="clickhouse-operator",
    repository="https://helm.altinity.com",
    chart=_CLICKHOUSE_CHART,
    version="0.27.2",
    namespace_setting="ASPECTS_CLICKHOUSE_OPERATOR_NAMESPACE",
    values=_clickhouse_values,
    own_objects=_clickhouse_password,
)
ALL = (EXTERNAL_SECRETS, CLICKHOUSE)
