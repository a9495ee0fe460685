"""The Secrets that pods refer to, and the stores that make them: are they there?

What the documents bring themselves is not asked for. A cluster's Secret is read for the names of
its keys; no value is kept or shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tutoraspects.gitops import manifests
from tutoraspects.gitops.external_secrets import keys_of
from tutoraspects.gitops.finding import Finding
from tutoraspects.gitops.kubectl import Ask

Document = dict[str, Any]
Settings = Mapping[str, Any]
# Kinds of stores, and whether they belong to a namespace.
_STORES = {"ClusterSecretStore": False, "SecretStore": True}


def stores(documents: Sequence[Document], settings: Settings, ask: Ask) -> Iterator[Finding]:
    """Stores of secrets that are referred to and not among the documents."""
    made = {(d["kind"], d["metadata"]["name"]) for d in documents if d["kind"] in _STORES}
    references = [d["spec"]["secretStoreRef"] for d in documents if d["kind"] == "ExternalSecret"]
    wanted = {(found.get("kind", "SecretStore"), found["name"]) for found in references}
    for kind, name in sorted(wanted - made):
        where = [f"--namespace={settings['K8S_NAMESPACE']}"] if _STORES[kind] else []
        store = ask("get", kind.lower(), name, *where)
        conditions = ((store or {}).get("status") or {}).get("conditions") or []
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
        yield Finding(
            f"{kind} {name}",
            ready,
            "there and not ready" if store and not ready else "",
            " ".join(["kubectl describe", kind.lower(), name, *where])
            if store
            else "tutor config save --set ASPECTS_SECRET_STORE_CREATE=true",
        )


def secrets(documents: Sequence[Document], settings: Settings, ask: Ask) -> Iterator[Finding]:
    """Secrets that pods and ingresses refer to, with their keys, and that nothing here makes."""
    made = set(_made(documents))
    wanted: dict[str, set[str]] = {}
    for document in documents:
        for name, key in _references(document):
            if name not in made:
                wanted.setdefault(name, set()).update({key} - {""})
    namespace = settings["K8S_NAMESPACE"]
    for name, keys in sorted(wanted.items()):
        need = f"Secret {name}" + (f" with {', '.join(sorted(keys))}" if keys else "")
        secret = ask("get", "secret", name, f"--namespace={namespace}")
        if secret is None:
            literals = "".join(f" --from-literal={key}=VALUE" for key in sorted(keys))
            command = f"kubectl --namespace {namespace} create secret generic {name}{literals}"
            yield Finding(need, False, command=command)
            continue
        missing = sorted(keys - set(keys_of(secret)))
        patch = ", ".join(f'"{key}": "VALUE"' for key in missing)
        yield Finding(
            need,
            not missing,
            f"without {', '.join(missing)}" if missing else "",
            f"kubectl --namespace {namespace} patch secret {name} "
            f"--patch '{{\"stringData\": {{{patch}}}}}'"
            if missing
            else "",
        )


def _made(documents: Sequence[Document]) -> Iterator[str]:
    for document in documents:
        if document["kind"] == "Secret":
            yield document["metadata"]["name"]
        elif document["kind"] == "ExternalSecret":
            target = document["spec"].get("target") or {}
            yield target.get("name") or document["metadata"]["name"]


def _references(document: Document) -> Iterator[tuple[str, str]]:
    """(Secret, key) of every reference that is not optional; an empty key for the whole."""
    for template in manifests.pod_templates(document):
        spec = template["spec"]
        yield from ((entry["name"], "") for entry in spec.get("imagePullSecrets") or [])
        for volume in spec.get("volumes") or []:
            projected = (volume.get("projected") or {}).get("sources") or []
            for source in (volume, *projected):
                yield from _of_files(source.get("secret"))
        for container in [*(spec.get("initContainers") or []), *spec["containers"]]:
            for source in container.get("envFrom") or []:
                yield from _of_files(source.get("secretRef"))
            for variable in container.get("env") or []:
                reference = (variable.get("valueFrom") or {}).get("secretKeyRef")
                if reference and not reference.get("optional"):
                    yield reference["name"], reference["key"]
    if document["kind"] == "Ingress":
        for entry in (document.get("spec") or {}).get("tls") or []:
            if entry.get("secretName"):
                yield entry["secretName"], ""


def _of_files(source: Document | None) -> Iterator[tuple[str, str]]:
    """A volume or variables from a Secret, whole or some keys of it."""
    if not source or source.get("optional"):
        return
    name = source.get("secretName") or source["name"]
    yield name, ""
    yield from ((name, item["key"]) for item in source.get("items") or [])
