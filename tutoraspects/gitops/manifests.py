"""The Kubernetes objects of the plugin, as kustomize would read them from Tutor's environment.

The rendered environment is the only source: what `tutor k8s start` applies is what the export
describes. kustomization.yml says which files count: one that is rendered and not listed there
belongs to a part that is not deployed.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tutoraspects.errors import AspectsError

Document = dict[str, Any]

NAME_LABEL = "app.kubernetes.io/name"
COMPONENT_LABEL = "app.kubernetes.io/component"
OURS = "plugins/aspects/"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Ten times as fast where PyYAML was built with libyaml; dates stay text, as to Kubernetes."""


_Loader.yaml_implicit_resolvers = {
    first: [resolver for resolver in resolvers if not resolver[0].endswith(":timestamp")]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def load(env_root: Path) -> list[Document]:
    """Every object of the plugin in Tutor's environment `env_root`, ConfigMaps first.

    Raises AspectsError when the environment has not been rendered with this plugin.
    """
    kustomization = _kustomization(env_root)
    generated = [
        _config_map(entry, env_root)
        for entry in kustomization.get("configMapGenerator") or []
        if _sources(entry) and all(path.startswith(OURS) for _, path in _sources(entry))
    ]
    listed = [
        path
        for path in kustomization.get("resources") or []
        if path.startswith(OURS) and path.endswith((".yml", ".yaml"))
    ]
    documents = [document for path in listed for document in _read(env_root / path)]
    if not documents:
        raise AspectsError(
            f"{env_root / 'kustomization.yml'} lists no manifest of Aspects: run "
            "`tutor plugins enable aspects` and `tutor config save`."
        )
    return generated + documents


def parse(text: str) -> list[Document]:
    """The objects in a YAML text; empty documents are left out."""
    return [document for document in yaml.load_all(text, Loader=_Loader) if document]


def component_name(document: Document) -> str:
    """The component that an object belongs to: its label `app.kubernetes.io/name`.

    Raises AspectsError for an object without it, because nothing could switch it off.
    """
    name = (document["metadata"].get("labels") or {}).get(NAME_LABEL)
    if not name:
        raise AspectsError(
            f"{title(document)} cannot be exported without the label {NAME_LABEL}: add it to its "
            "template or patch."
        )
    return str(name)


def title(document: Document) -> str:
    """`Kind/name`, for messages and for telling objects apart."""
    return f"{document['kind']}/{document['metadata']['name']}"


def pod_templates(document: Document) -> Iterator[Document]:
    """The pod templates inside an object, which may be changed in place."""
    spec = document.get("spec") or {}
    if document["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"):
        yield spec["template"]
    elif document["kind"] == "CronJob":
        yield spec["jobTemplate"]["spec"]["template"]
    elif document["kind"] in ("ClickHouseInstallation", "ClickHouseKeeperInstallation"):
        yield from (spec.get("templates") or {}).get("podTemplates") or []


def config_maps_of(template: Document) -> list[str]:
    """Names of the ConfigMaps that the pods of a template read."""
    spec = template["spec"]
    found = [v["configMap"]["name"] for v in spec.get("volumes") or [] if "configMap" in v]
    for container in [*(spec.get("initContainers") or []), *spec["containers"]]:
        references = [source.get("configMapRef") for source in container.get("envFrom") or []]
        references += [
            (variable.get("valueFrom") or {}).get("configMapKeyRef")
            for variable in container.get("env") or []
        ]
        found += [reference["name"] for reference in references if reference]
    for volume in spec.get("volumes") or []:
        for source in (volume.get("projected") or {}).get("sources") or []:
            if "configMap" in source:
                found.append(source["configMap"]["name"])
    return sorted(set(found))


def clone(document: Document) -> Document:
    return copy.deepcopy(document)


def _kustomization(env_root: Path) -> Document:
    path = env_root / "kustomization.yml"
    try:
        text = path.read_text(encoding="utf8")
    except FileNotFoundError as error:
        raise AspectsError(
            f"{path} is missing, there is nothing to export: run `tutor config save`."
        ) from error
    loaded = parse(text)
    return loaded[0] if loaded else {}


def _read(path: Path) -> list[Document]:
    try:
        return parse(path.read_text(encoding="utf8"))
    except (OSError, yaml.YAMLError) as error:
        raise AspectsError(
            f"{path} cannot be read as Kubernetes manifests ({error}): run `tutor config save`."
        ) from error


def _sources(entry: Document) -> list[tuple[str, str]]:
    """(key, path) of a generator's files, the key empty for a file of variables."""
    files = []
    for source in entry.get("files") or []:
        key, equals, path = source.partition("=")
        files.append((key, path) if equals else (Path(source).name, source))
    return files + [("", path) for path in entry.get("envs") or []]


def _config_map(entry: Document, env_root: Path) -> Document:
    """What kustomize's configMapGenerator makes of an entry, without the hash in the name."""
    data: dict[str, str] = {}
    for key, path in _sources(entry):
        text = (env_root / path).read_text(encoding="utf8")
        data.update({key: text} if key else _variables(text))
    options = entry.get("options") or {}
    metadata: Document = {"name": entry["name"]}
    for field in ("labels", "annotations"):
        if options.get(field):
            metadata[field] = dict(options[field])
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _variables(text: str) -> dict[str, str]:
    lines = (line.lstrip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}
