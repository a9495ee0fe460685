"""Documents against the schemas of their kinds."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate

from tests.validation.cel import broken_cel_rules
from tests.validation.documents import Document, label

SCHEMAS = Path(__file__).parent.parent / "schemas"

# The operator's custom resources embed the specs of these built-in kinds, as free-form objects.
_EMBEDDED = {
    "podTemplates": "Pod",
    "volumeClaimTemplates": "PersistentVolumeClaim",
    "serviceTemplates": "Service",
}


def schema_errors(document: Document, version: str) -> list[str]:
    """Faults of one document for a Kubernetes version such as `1.33`, each with its path."""
    api_version, kind = document.get("apiVersion"), document.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str):
        return [f"{label(document)}: apiVersion and kind must be text"]
    name = (document.get("metadata") or {}).get("name")
    found = [] if isinstance(name, str) and name else ["metadata.name is missing"]
    if _is_builtin(api_version):
        found += _builtin(document, version)
    else:
        found += _custom(document, version)
    return [f"{label(document)}: {error}" for error in found]


def _is_builtin(api_version: str) -> bool:
    # kubernetes-validate drops the domain of a group, so apps.example.org/v1 would pass as apps/v1.
    group = api_version.rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


def _builtin(document: Document, version: str) -> list[str]:
    return list(_builtin_of_text(json.dumps(document, sort_keys=True), version))


@functools.lru_cache(maxsize=4096)
def _builtin_of_text(text: str, version: str) -> tuple[str, ...]:
    """Most documents of two renderings are the same, and a check takes 15 ms or more."""
    document = json.loads(text)
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        return (f"Kubernetes {version} has no {document['kind']} in {document['apiVersion']}",)
    except kubernetes_validate.ValidationError as error:
        return (f"{_path(error)}: {error.message:.300}",)
    return ()


def _custom(document: Document, version: str) -> list[str]:
    group, _, api = document["apiVersion"].rpartition("/")
    validator = _validator(group, document["kind"].lower(), api)
    if validator is None:
        return [f"tests/schemas has no schema for {document['apiVersion']} {document['kind']}"]
    errors = [f"{_path(error)}: {error.message:.300}" for error in validator.iter_errors(document)]
    errors = errors or list(broken_cel_rules(validator.schema, document))
    return errors or list(_embedded(document, version))


@functools.lru_cache
def _validator(group: str, kind: str, version: str) -> jsonschema.Draft202012Validator | None:
    path = SCHEMAS / group / f"{kind}_{version}.json"
    if not path.exists():
        return None
    return jsonschema.Draft202012Validator(json.loads(path.read_text(encoding="utf8")))


def embedded_documents(document: Document) -> Iterator[tuple[str, Document]]:
    """(path, built-in object) for each template inside a custom resource of the operator."""
    templates: dict[str, Any] = (document.get("spec") or {}).get("templates") or {}
    for field, kind in _EMBEDDED.items():
        for template in templates.get(field) or []:
            if not template.get("spec"):
                continue
            metadata = {"name": template.get("name", "?"), **(template.get("metadata") or {})}
            yield (
                f"spec.templates.{field}.{template.get('name', '?')}",
                {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": template["spec"]},
            )


def _embedded(document: Document, version: str) -> Iterator[str]:
    for path, inner in embedded_documents(document):
        yield from (f"{path}.{error}" for error in _builtin(inner, version))


def _path(error: jsonschema.ValidationError) -> str:
    return ".".join(str(step) for step in error.absolute_path) or "(root)"
