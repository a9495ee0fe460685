"""The rules in CEL (x-kubernetes-validations) that some custom resources carry in their schemas.

An API server runs them after the schema. Rules of changes (oldSelf) need an earlier object and are
left out. https://kubernetes.io/docs/reference/using-api/cel/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import cel

# What Kubernetes adds to the language, as far as the rules of our schemas use it.
_FUNCTIONS = {
    "find": lambda text, pattern: (re.search(pattern, text) or [""])[0],
    "split": lambda text, separator: text.split(separator),
    "isURL": lambda text: re.match(r"[a-z][a-z0-9+.-]*://", text) is not None,
}


def broken_cel_rules(schema: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    """`path: message` of each rule that an object breaks."""
    for path, rule, value in _rules(schema, document, ""):
        try:
            holds = cel.evaluate(rule["rule"], {"self": value, **_FUNCTIONS})
        except Exception as error:  # an API server refuses what it cannot evaluate, too
            yield f"{path}: {rule['rule']}: {error}"
            continue
        if holds is not True:
            yield f"{path}: {rule.get('message') or rule['rule']}"


def _rules(
    schema: dict[str, Any], value: Any, path: str
) -> Iterator[tuple[str, dict[str, str], Any]]:
    for rule in schema.get("x-kubernetes-validations") or []:
        if "oldSelf" not in rule["rule"]:
            yield path or "(root)", rule, value
    if isinstance(value, dict):
        others = schema.get("additionalProperties")
        for key, inner in value.items():
            below = (schema.get("properties") or {}).get(key, others)
            if isinstance(below, dict):
                yield from _rules(below, inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, inner in enumerate(value):
            yield from _rules(schema["items"], inner, f"{path}.{index}")
