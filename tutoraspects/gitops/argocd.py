"""The Argo CD side of the export: a project, a root application and what it leads to.

With one environment the root application holds an Application for each chart and operator. With
several (ASPECTS_GITOPS_ENVIRONMENTS) it holds ApplicationSets, and every environment has files of
values for the same charts. https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tutoraspects.gitops import operators
from tutoraspects.gitops.waves import APPLICATION_WAVES, SYNC_OPTIONS, WAVE, annotations_of
from tutoraspects.settings.environments import Environment, environments
from tutoraspects.settings.setting import as_boolean

Document = dict[str, Any]
Settings = Mapping[str, Any]
File = tuple[str, Document]

API_VERSION = "argoproj.io/v1alpha1"
FOLDER = "argocd"
CLICKHOUSE_CHART = "aspects-clickhouse"
# The cluster that Argo CD itself runs in: where Applications are.
_HERE = "https://kubernetes.default.svc"
_LABELS = {"app.kubernetes.io/name": "aspects", "app.kubernetes.io/part-of": "aspects"}

# Kinds without a namespace that the applications may make; a project allows none by itself.
_CLUSTER_KINDS = (
    ("", "Namespace"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("external-secrets.io", "ClusterSecretStore"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
)
_SYNC_OPTIONS = (
    "CreateNamespace=true",
    "PruneLast=true",
    "RespectIgnoreDifferences=true",
    "ServerSideApply=true",
    # Kinds of an operator that the same sync installs are not known beforehand.
    "SkipDryRunOnMissingResource=true",
)


@dataclass(frozen=True)
class Target:
    """Where an application goes: values, or the placeholders of an ApplicationSet for them."""

    cluster: str
    namespace: str
    revision: str
    value_files: tuple[str, ...] = ()


def applications(
    charts: Sequence[str], settings: Settings, deployed: Iterable[Document] = ()
) -> list[File]:
    """(path below the export, object) of everything that belongs to Argo CD.

    `charts` are the names of the folders below charts/, `deployed` the objects of all charts.
    Nothing without ASPECTS_GITOPS_REPOSITORY_URL, for an Application must name its repository.
    """
    if not settings["ASPECTS_GITOPS_REPOSITORY_URL"]:
        return []
    several = environments(settings)
    scaled = _scaled(deployed)
    files = [_project(settings, several), _root(settings)]
    if as_boolean(settings["ASPECTS_GITOPS_OPERATORS"]):
        files += _operators(charts, settings, several)
    if several:
        files.append(_set(charts, settings, several, scaled))
        files += _value_files(charts, several)
    else:
        target = Target(
            settings["ASPECTS_ARGOCD_CLUSTER"],
            settings["K8S_NAMESPACE"],
            settings["ASPECTS_GITOPS_REVISION"],
        )
        files += [
            _single(chart, _chart_spec(chart, settings, target, scaled), settings)
            for chart in charts
        ]
    return files


def repository_path(settings: Settings, *parts: str) -> str:
    """A path inside the Git repository."""
    return "/".join(part for part in (settings["ASPECTS_GITOPS_PATH"], *parts) if part)


def _metadata(name: str, settings: Settings, wave: int | None = None) -> Document:
    made: Document = {
        "name": name,
        "namespace": settings["ASPECTS_ARGOCD_NAMESPACE"],
        "labels": dict(_LABELS),
    }
    if wave is not None:
        made["annotations"] = {WAVE: str(wave)}
    return made


def _project(settings: Settings, several: Sequence[Environment]) -> File:
    sources = [settings["ASPECTS_GITOPS_REPOSITORY_URL"]]
    namespaces = {(e.cluster, e.namespace) for e in several} or {
        (settings["ASPECTS_ARGOCD_CLUSTER"], settings["K8S_NAMESPACE"])
    }
    if as_boolean(settings["ASPECTS_GITOPS_OPERATORS"]):
        sources += [operator.repository for operator in operators.ALL]
        namespaces |= {
            (cluster, settings[operator.namespace_setting])
            for cluster, _ in namespaces
            for operator in operators.ALL
        }
    namespaces.add((_HERE, settings["ASPECTS_ARGOCD_NAMESPACE"]))
    metadata = _metadata(settings["ASPECTS_ARGOCD_PROJECT"], settings)
    metadata["annotations"] = {SYNC_OPTIONS: "Prune=false,Delete=false"}
    return f"{FOLDER}/project.yaml", {
        "apiVersion": API_VERSION,
        "kind": "AppProject",
        "metadata": metadata,
        "spec": {
            "description": "Learner analytics of Open edX",
            "sourceRepos": sources,
            "destinations": [
                {"server": server, "namespace": namespace}
                for server, namespace in sorted(namespaces)
            ],
            "clusterResourceWhitelist": [
                {"group": group, "kind": kind} for group, kind in _CLUSTER_KINDS
            ],
            "namespaceResourceWhitelist": [{"group": "*", "kind": "*"}],
            "orphanedResources": {"warn": False},
        },
    }


def _root(settings: Settings) -> File:
    # Not the project's own name: the application of the chart `aspects` may be called so.
    metadata = _metadata(f"{settings['ASPECTS_ARGOCD_PROJECT']}-root", settings)
    # It holds itself, so that a change of it arrives by Git, too; it must not remove itself.
    metadata["annotations"] = {SYNC_OPTIONS: "Prune=false,Delete=false"}
    spec = {
        "project": settings["ASPECTS_ARGOCD_PROJECT"],
        "source": {
            "repoURL": settings["ASPECTS_GITOPS_REPOSITORY_URL"],
            "targetRevision": settings["ASPECTS_GITOPS_REVISION"],
            "path": repository_path(settings, FOLDER),
            "directory": {"recurse": False},
        },
        "destination": {"server": _HERE, "namespace": settings["ASPECTS_ARGOCD_NAMESPACE"]},
        **_policy(),
    }
    return f"{FOLDER}/root.yaml", _object("Application", metadata, spec)


def _object(kind: str, metadata: Document, spec: Document) -> Document:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def _policy() -> Document:
    """How every application keeps its objects: repaired, pruned, tried again for half an hour."""
    return {
        "revisionHistoryLimit": 5,
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True},
            "syncOptions": list(_SYNC_OPTIONS),
            "retry": {
                "limit": 10,
                "backoff": {"duration": "15s", "factor": 2, "maxDuration": "5m"},
            },
        },
    }


def _single(name: str, spec: Document, settings: Settings) -> File:
    # Without Argo CD's finalizer: the end of an Application is not the end of what it deployed.
    metadata = _metadata(name, settings, APPLICATION_WAVES.get(name, 0))
    return f"{FOLDER}/{name}.yaml", _object("Application", metadata, spec)


def _scaled(deployed: Iterable[Document]) -> list[Document]:
    """What the autoscalers scale: how many pods there are belongs to them. It is not in the
    manifest and must not be reset."""
    targets = (
        document["spec"]["scaleTargetRef"]
        for document in deployed
        if document["kind"] == "HorizontalPodAutoscaler"
    )
    return [
        {
            "group": target["apiVersion"].rpartition("/")[0],
            "kind": target["kind"],
            "name": target["name"],
            "jsonPointers": ["/spec/replicas"],
        }
        for target in targets
    ]


def _chart_spec(
    chart: str, settings: Settings, target: Target, scaled: Sequence[Document]
) -> Document:
    helm: Document = {"releaseName": chart}
    if target.value_files:
        helm["valueFiles"] = list(target.value_files)
    return {
        "project": settings["ASPECTS_ARGOCD_PROJECT"],
        "source": {
            "repoURL": settings["ASPECTS_GITOPS_REPOSITORY_URL"],
            "targetRevision": target.revision,
            "path": repository_path(settings, "charts", chart),
            "helm": helm,
        },
        "destination": {"server": target.cluster, "namespace": target.namespace},
        **({"ignoreDifferences": [dict(ignored) for ignored in scaled]} if scaled else {}),
        **_policy(),
    }


def _operators(
    charts: Sequence[str], settings: Settings, several: Sequence[Environment]
) -> Iterator[File]:
    wanted = [operators.EXTERNAL_SECRETS]
    if CLICKHOUSE_CHART in charts:
        wanted.append(operators.CLICKHOUSE)
    clusters = list(dict.fromkeys(environment.cluster for environment in several))
    for operator in wanted:
        yield from (
            (f"{FOLDER}/{operator.name}/{file}", document)
            for file, document in operator.own_objects().items()
        )
        if not several:
            cluster = settings["ASPECTS_ARGOCD_CLUSTER"]
            yield _single(operator.name, _operator_spec(operator, settings, cluster), settings)
            continue
        # One for each cluster: environments that share it share the operator.
        elements = [{"cluster": cluster, "number": str(n)} for n, cluster in enumerate(clusters)]
        spec = _operator_spec(operator, settings, "{{.cluster}}")
        yield _application_set(
            operator.name, f"{operator.name}-{{{{.number}}}}", elements, spec, settings
        )


def _operator_spec(operator: operators.Operator, settings: Settings, cluster: str) -> Document:
    namespaces = [environment.namespace for environment in environments(settings)]
    chart = {
        "repoURL": operator.repository,
        "chart": operator.chart,
        "targetRevision": operator.version,
        "helm": {
            "releaseName": operator.chart,
            "valuesObject": operator.values(namespaces or [settings["K8S_NAMESPACE"]]),
        },
    }
    sources: Document = {"source": chart}
    if operator.own_objects():
        own = {
            "repoURL": settings["ASPECTS_GITOPS_REPOSITORY_URL"],
            "targetRevision": settings["ASPECTS_GITOPS_REVISION"],
            "path": repository_path(settings, FOLDER, operator.name),
            "directory": {"recurse": False},
        }
        sources = {"sources": [chart, own]}
        # What the operator of secrets writes into it is nobody else's.
        secret = {"kind": "Secret", "name": operator.chart, "jsonPointers": ["/data"]}
        sources["ignoreDifferences"] = [secret]
    return {
        "project": settings["ASPECTS_ARGOCD_PROJECT"],
        **sources,
        "destination": {"server": cluster, "namespace": settings[operator.namespace_setting]},
        **_policy(),
    }


def _set(
    charts: Sequence[str],
    settings: Settings,
    several: Sequence[Environment],
    scaled: Sequence[Document],
) -> File:
    elements = [
        {
            "chart": chart,
            "environment": environment.name,
            "cluster": environment.cluster,
            "namespace": environment.namespace,
            "revision": environment.revision,
        }
        for environment in several
        for chart in charts
    ]
    target = Target(
        "{{.cluster}}",
        "{{.namespace}}",
        "{{.revision}}",
        ("../../environments/{{.environment}}/{{.chart}}.yaml",),
    )
    spec = _chart_spec("{{.chart}}", settings, target, scaled)
    name = "{{.chart}}-{{.environment}}"
    return _application_set("aspects", name, elements, spec, settings)


def _application_set(
    name: str, template: str, elements: list[dict[str, str]], spec: Document, settings: Settings
) -> File:
    labels = {**_LABELS}
    if "environment" in elements[0]:
        # For `argocd app list -l`, and for a RollingSync that takes staging first.
        labels["aspects.openedx.org/environment"] = "{{.environment}}"
    metadata = _metadata(name, settings, APPLICATION_WAVES.get(name, 0))
    made = {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [{"list": {"elements": elements}}],
        # As with single applications: what runs stays when the set goes.
        "syncPolicy": {"preserveResourcesOnDeletion": True},
        "template": {"metadata": {"name": template, "labels": labels}, "spec": spec},
    }
    return f"{FOLDER}/{name}.yaml", _object("ApplicationSet", metadata, made)


def _value_files(charts: Sequence[str], several: Sequence[Environment]) -> Iterator[File]:
    for environment in several:
        for chart in charts:
            yield f"environments/{environment.name}/{chart}.yaml", environment.values.get(chart, {})


__all__ = ["FOLDER", "Target", "annotations_of", "applications", "repository_path"]
