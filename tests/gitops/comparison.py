"""When an object of a chart counts as equal to the manifest that it was made from.

This module is the whole list of what may differ; docs/reference/helm.md repeats it for people:

1. Labels: a manifest's labels are all there with their values; a chart may add those of ADDED.
2. Annotations: a chart adds the checksum of the ConfigMaps that a pod reads, and what Argo CD
   and Helm read (argocd.argoproj.io/…, helm.sh/…).
3. A Secret is not there; the objects of the External Secrets operator that make one of the same
   name and keys are, with the service account that may read it in AWS.
4. A pattern of a Job stands for the Jobs of JOBS: their names end in a checksum, they have
   arguments, and may bound their retries and their time.

Everything else must be the same, field by field, and every object must have its counterpart.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from tests.validation import Document

COMPONENT = "app.kubernetes.io/component"
ADDED = {
    COMPONENT,
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/version",
    "helm.sh/chart",
}
_OWN_ANNOTATIONS = re.compile(r"checksum/configmaps|argocd\.argoproj\.io/.*|helm\.sh/.*")
EXTERNAL = {("ExternalSecret", "aspects-secrets"), ("ClusterSecretStore", "aspects")}
EXTERNAL |= {("ServiceAccount", "aspects-secrets")}
# Job of a chart -> pattern of the manifests
JOBS = {
    "aspects-schema": "aspects-job",
    "aspects-dashboards": "aspects-job",
    "aspects-superset": "superset-job",
    "aspects-smoke": "aspects-job",
}


def differences(
    manifests: list[Document], rendered: list[Document], jobs: Mapping[str, str] = JOBS
) -> list[str]:
    """One line for each difference that is not on the list. `jobs` without entries leaves Jobs as
    they are."""
    wanted = {_identity(document): document for document in manifests}
    found = {_identity(document): document for document in rendered}
    assert len(wanted) == len(manifests) and len(found) == len(rendered), "an object comes twice"
    for job, pattern in jobs.items():
        made_from = wanted.get(f"batch/v1 Job/{pattern}")
        idle = job == "aspects-dashboards" and "batch/v1 Job/superset-job" not in wanted
        if made_from is not None and not idle:
            wanted[f"batch/v1 Job/{job}"] = made_from
    for pattern in set(jobs.values()):
        wanted.pop(f"batch/v1 Job/{pattern}", None)
    problems = []
    for identity in sorted(wanted.keys() | found.keys()):
        if identity not in found:
            problems.append(f"{identity} is not in the chart")
        elif identity not in wanted:
            problems.append(f"{identity} is not in the manifests")
        else:
            one, other = copy.deepcopy(wanted[identity]), copy.deepcopy(found[identity])
            if one["kind"] == "Job" and jobs:
                _as_pattern(one, other)
            _strip(one, other)
            problems += [f"{identity} {line}" for line in _walk(one, other, "")]
    return problems


def comparable(documents: list[Document]) -> list[Document]:
    """Without Secrets and what stands for them."""
    return [
        document
        for document in documents
        if document["kind"] != "Secret"
        and (document["kind"], document["metadata"]["name"]) not in EXTERNAL
    ]


def secret_keys(documents: list[Document]) -> dict[str, set[str]]:
    """Name of each Secret -> its keys, whether it is there or comes from elsewhere."""
    keys: dict[str, set[str]] = {}
    for document in documents:
        if document["kind"] == "Secret":
            data = {**document.get("data", {}), **document.get("stringData", {})}
            keys.setdefault(document["metadata"]["name"], set()).update(data)
        elif document["kind"] == "ExternalSecret":
            spec = document["spec"]
            target = (spec.get("target") or {}).get("name") or document["metadata"]["name"]
            own = {entry["secretKey"] for entry in spec.get("data") or []}
            templated = ((spec.get("target") or {}).get("template") or {}).get("data")
            keys.setdefault(target, set()).update(own if templated is None else templated)
    return keys


def _identity(document: Document) -> str:
    return f"{document['apiVersion']} {document['kind']}/{stem(document)}"


def stem(document: Document) -> str:
    """An object's name; a Job's without the checksum at its end."""
    name = str(document["metadata"]["name"])
    return re.sub(r"-[0-9a-f]{8}$", "", name) if document["kind"] == "Job" else name


def _as_pattern(pattern: Document, job: Document) -> None:
    """Take from a Job what its pattern was filled in with."""
    assert re.fullmatch(r"[a-z-]+-[0-9a-f]{8}", job["metadata"]["name"])
    if stem(job) == "aspects-smoke":
        job["metadata"]["labels"][COMPONENT] = pattern["metadata"]["labels"][COMPONENT]
    job["metadata"]["name"] = pattern["metadata"]["name"]
    assert job["spec"]["template"]["spec"]["containers"][0].pop("args")
    for field in ("backoffLimit", "activeDeadlineSeconds"):
        job["spec"].pop(field, None)


def _strip(one: Any, other: Any) -> None:
    """Remove what a chart adds from `other`, in the metadata of the object and of its pods."""
    if isinstance(one, dict) and isinstance(other, dict):
        if isinstance(other.get("metadata"), dict):
            mine = one.get("metadata") or {}
            theirs = other["metadata"]
            for key in set(theirs.get("labels") or {}) - set(mine.get("labels") or {}):
                if key in ADDED:
                    del theirs["labels"][key]
            for key in set(theirs.get("annotations") or {}) - set(mine.get("annotations") or {}):
                if _OWN_ANNOTATIONS.fullmatch(key):
                    del theirs["annotations"][key]
            for field in ("labels", "annotations"):
                if theirs.get(field) == {} and field not in mine:
                    del theirs[field]
            if not theirs and "metadata" not in one:
                del other["metadata"]
        for key in one.keys() & other.keys():
            _strip(one[key], other[key])
    elif isinstance(one, list) and isinstance(other, list):
        for mine, theirs in zip(one, other, strict=False):
            _strip(mine, theirs)


def _walk(one: Any, other: Any, path: str) -> list[str]:
    """Where two values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            line
            for key in sorted(one.keys() | other.keys())
            for line in (
                _walk(one[key], other[key], f"{path}.{key}")
                if key in one and key in other
                else [f"{path}.{key} is only in the {'manifest' if key in one else 'chart'}"]
            )
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            line
            for index, (mine, theirs) in enumerate(zip(one, other, strict=True))
            for line in _walk(mine, theirs, f"{path}[{index}]")
        ]
    same = type(one) is type(other) and one == other
    return [] if same else [f"{path}: {one!r:.120} became {other!r:.120}"]
