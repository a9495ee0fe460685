"""Checks of rendered Kubernetes manifests that need no cluster.

`problems(documents, version)` returns one line per fault: from the schemas of the built-in kinds
and of the operator's custom resources, and from rules that span fields or objects, which no schema
can hold.
"""

from __future__ import annotations

from tests.validation.documents import Document, load_all, load_files
from tests.validation.rules import broken_rules
from tests.validation.schemas import schema_errors


def problems(documents: list[Document], version: str) -> list[str]:
    """Every fault of the documents, as an API server of this version and its operators see them."""
    return [
        *(error for document in documents for error in schema_errors(document, version)),
        *broken_rules(documents),
    ]


__all__ = ["Document", "broken_rules", "load_all", "load_files", "problems", "schema_errors"]
