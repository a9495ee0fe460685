"""YAML read the way Kubernetes reads it.

Go's YAML reader and PyYAML disagree: to Go a key that comes twice is an error, a bare `y` is a
boolean, a date is text and `=` is a plain scalar. A manifest that PyYAML accepts can therefore mean
something else, or nothing, to an API server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]


class KubernetesLoader(yaml.SafeLoader):
    """PyYAML's safe loader with Go's opinions."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} comes twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _without_dates() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    return {
        first: [entry for entry in entries if not entry[0].endswith(":timestamp")]
        for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


KubernetesLoader.yaml_implicit_resolvers = _without_dates()
KubernetesLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^[yYnN]$"), list("yYnN")
)
KubernetesLoader.bool_values = {**yaml.SafeLoader.bool_values, "y": True, "n": False}
KubernetesLoader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)


def load_all(text: str) -> list[Document]:
    """The objects in a text; empty documents are left out.

    Raises yaml.YAMLError for what Kubernetes would not read and ValueError for what is no object.
    """
    return list(_objects(yaml.load_all(text, Loader=KubernetesLoader)))


def _objects(documents: Iterable[Any]) -> Iterator[Document]:
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict):
            raise ValueError(f"not a Kubernetes object: {document!r:.80}")
        yield document


def load_files(paths: Iterable[Path]) -> list[Document]:
    """The objects in some files, in order; a fault names its file."""
    documents: list[Document] = []
    for path in paths:
        try:
            documents += load_all(path.read_text(encoding="utf8"))
        except (yaml.YAMLError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error
    return documents


def label(document: Document) -> str:
    """`Kind/name`, for messages."""
    metadata = document.get("metadata") or {}
    return f"{document.get('kind', '?')}/{metadata.get('name', '?')}"
