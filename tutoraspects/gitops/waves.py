"""In which order Argo CD brings objects up, and what it never removes.

Argo CD applies the objects of an application wave by wave and waits until those of a wave are
healthy. https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
"""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

WAVE = "argocd.argoproj.io/sync-wave"
HOOK = "argocd.argoproj.io/hook"
HOOK_DELETE = "argocd.argoproj.io/hook-delete-policy"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
# What Helm does not delete when a release is uninstalled.
HELM_POLICY = "helm.sh/resource-policy"
HELM_HOOK = "helm.sh/hook"
HELM_HOOK_DELETE = "helm.sh/hook-delete-policy"

SCHEMA_JOB = "aspects-schema"
DASHBOARDS_JOB = "aspects-dashboards"
SMOKE_TEST = "aspects-smoke"

# Applications, in the order in which the root application makes them.
APPLICATION_WAVES = {
    "external-secrets": -30,
    "clickhouse-operator": -20,
    "aspects-clickhouse": 0,
    "aspects": 10,
}
WHY_APPLICATION = {
    "external-secrets": "The External Secrets operator and its kinds.",
    "clickhouse-operator": "Altinity's ClickHouse operator and its kinds.",
    "aspects-clickhouse": "Secrets, Keepers and ClickHouse nodes.",
    "aspects": "The schema, then Ralph, then what watches and scales it.",
}

# kind -> (wave, why). Kinds that are not listed come in wave 0.
KIND_WAVES = {
    "ServiceAccount": (-15, "Identities of the pods."),
    "ClusterSecretStore": (-12, "Where the secrets are read."),
    "ExternalSecret": (-10, "The secrets that every pod needs."),
    "ConfigMap": (-10, "Configuration that pods mount."),
    "NetworkPolicy": (-10, "Closed before anything listens."),
    "ClickHouseKeeperInstallation": (-5, "Keepers, without which no replica starts."),
    "ClickHouseInstallation": (0, "ClickHouse nodes of a cluster."),
    "PersistentVolumeClaim": (0, "The volume, bound by the pod of the same wave."),
    "StatefulSet": (0, "The one ClickHouse node."),
    "Service": (0, "Names of the services."),
    "Deployment": (20, "Ralph and Superset, which need the schema."),
    "PodDisruptionBudget": (20, "With the pods it protects."),
    "Ingress": (30, "The way in, once something answers."),
    "HorizontalPodAutoscaler": (40, "Scaling, once there is load to measure."),
    "TriggerAuthentication": (40, "How KEDA reads the queue."),
    "ScaledObject": (40, "Scaling by KEDA, likewise."),
}
# name of a Job without its hash -> (phase, wave, why)
HOOKS = {
    SCHEMA_JOB: ("Sync", 10, "Databases, tables and marts, brought up to date at every sync."),
    DASHBOARDS_JOB: ("Sync", 30, "Dashboards, imported into Superset once it answers."),
    SMOKE_TEST: ("PostSync", 50, "Every node compared with the declared schema."),
}
# Holds data: neither a sync nor the end of the application or release removes it.
PROTECTED = ("ClickHouseInstallation", "ClickHouseKeeperInstallation", "PersistentVolumeClaim")


def hook_of(document: Document) -> str:
    """Name of the hook, without the hash at its end, that a Job is; empty for other objects."""
    name = str(document["metadata"]["name"])
    if document["kind"] != "Job":
        return ""
    return next((hook for hook in HOOKS if name == hook or name.startswith(f"{hook}-")), "")


def wave_of(document: Document) -> int:
    """The wave of an object inside its application."""
    hook = hook_of(document)
    return HOOKS[hook][1] if hook else KIND_WAVES.get(document["kind"], (0, ""))[0]


def annotations_of(document: Document) -> dict[str, str]:
    """What an object of a chart carries for Argo CD, and for Helm where Helm knows the same."""
    made: dict[str, str] = {}
    wave = wave_of(document)
    if wave:
        made[WAVE] = str(wave)
    hook = hook_of(document)
    if hook:
        made[HOOK] = HOOKS[hook][0]
        # The job of the last sync stays to be read until the next one begins.
        made[HOOK_DELETE] = "BeforeHookCreation"
    if hook == SMOKE_TEST:
        made |= {HELM_HOOK: "test", HELM_HOOK_DELETE: "before-hook-creation"}
    if document["kind"] in PROTECTED:
        made[SYNC_OPTIONS] = "Prune=false,Delete=false"
        made[HELM_POLICY] = "keep"
    return made
