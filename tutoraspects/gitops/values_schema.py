"""values.schema.json: what Helm refuses before it renders anything. JSON Schema draft-07."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tutoraspects.gitops.values import Values

Schema = dict[str, Any]


def closed(properties: Mapping[str, Any], *required: str) -> Schema:
    """An object of these properties and no others."""
    schema: Schema = {"type": "object", "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return {**schema, "properties": dict(properties)}


def array(items: Mapping[str, Any]) -> Schema:
    return {"type": "array", "items": dict(items)}


def integer(minimum: int, maximum: int) -> Schema:
    return {"type": "integer", "minimum": minimum, "maximum": maximum}


def reference(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"}
OPTIONAL_NAME: Schema = {"type": "string", "pattern": "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$"}
BOOLEAN: Schema = {"type": "boolean"}
_LABEL_KEY = "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
_WEIGHT = integer(1, 100)


def _map(values: Mapping[str, Any], keys: str = _LABEL_KEY) -> Schema:
    """A map with keys of a pattern. Not by `propertyNames`, whose faults Helm tells without their
    path."""
    return {
        "type": "object",
        "patternProperties": {keys: dict(values)},
        "additionalProperties": False,
    }


def _key_reference(*more: str) -> Schema:
    properties = {"name": NAME, "key": TEXT, "optional": BOOLEAN, **dict.fromkeys(more, TEXT)}
    return closed(properties, "name", "key")


def _requirement(*operators: str) -> Schema:
    return closed(
        {"key": TEXT, "operator": {"enum": list(operators)}, "values": array(TEXT)},
        "key",
        "operator",
    )


# https://kubernetes.io/docs/reference/kubernetes-api/ : the types of pods that charts let
# operators write, as far as stable fields go.
DEFINITIONS: dict[str, Schema] = {
    "quantity": {
        "type": ["string", "number"],
        "pattern": "^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$",
        "minimum": 0,
    },
    "resources": closed(
        {
            name: _map(reference("quantity"), "^(cpu|memory|ephemeral-storage|hugepages-.+|.+/.+)$")
            for name in ("requests", "limits")
        }
    ),
    "labelSelector": closed(
        {
            "matchLabels": _map(TEXT),
            "matchExpressions": array(_requirement("In", "NotIn", "Exists", "DoesNotExist")),
        }
    ),
    # Of a volume: some megabytes at least, and no thousandths of a byte (300m).
    "volumeSize": {
        "type": ["string", "integer"],
        "pattern": "^(([1-9][0-9]*(\\.[0-9]+)?|0\\.0*[1-9][0-9]*)(M|G|T|P|Mi|Gi|Ti|Pi)"
        "|[1-9][0-9]{5,}(k|Ki)|[1-9][0-9]{8,})$",
        "minimum": 10**8,
    },
    # The API refuses what has no key and is not of operator Exists, and a value with Exists.
    "toleration": {
        **closed(
            {
                "key": TEXT,
                "operator": {"enum": ["Equal", "Exists"]},
                "value": TEXT,
                "effect": {"enum": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
                "tolerationSeconds": {"type": "integer"},
            }
        ),
        "if": {"properties": {"operator": {"const": "Exists"}}, "required": ["operator"]},
        "then": {"properties": {"value": {"const": ""}}},
        "else": {"properties": {"key": {"minLength": 1}}, "required": ["key"]},
    },
    "topologySpreadConstraint": closed(
        {
            "maxSkew": {"type": "integer", "minimum": 1},
            "topologyKey": TEXT,
            "whenUnsatisfiable": {"enum": ["DoNotSchedule", "ScheduleAnyway"]},
            "labelSelector": reference("labelSelector"),
            "matchLabelKeys": array(TEXT),
            "minDomains": {"type": "integer", "minimum": 1},
            "nodeAffinityPolicy": {"enum": ["Honor", "Ignore"]},
            "nodeTaintsPolicy": {"enum": ["Honor", "Ignore"]},
        },
        "maxSkew",
        "topologyKey",
        "whenUnsatisfiable",
    ),
    "nodeSelectorTerm": closed(
        {
            field: array(_requirement("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"))
            for field in ("matchExpressions", "matchFields")
        }
    ),
    "podAffinityTerm": closed(
        {
            "labelSelector": reference("labelSelector"),
            "matchLabelKeys": array(TEXT),
            "mismatchLabelKeys": array(TEXT),
            "namespaceSelector": reference("labelSelector"),
            "namespaces": array(NAME),
            "topologyKey": TEXT,
        },
        "topologyKey",
    ),
    "podAffinity": closed(
        {
            "requiredDuringSchedulingIgnoredDuringExecution": array(reference("podAffinityTerm")),
            "preferredDuringSchedulingIgnoredDuringExecution": array(
                closed(
                    {"weight": _WEIGHT, "podAffinityTerm": reference("podAffinityTerm")},
                    "weight",
                    "podAffinityTerm",
                )
            ),
        }
    ),
    "affinity": closed(
        {
            "nodeAffinity": closed(
                {
                    "requiredDuringSchedulingIgnoredDuringExecution": closed(
                        {"nodeSelectorTerms": array(reference("nodeSelectorTerm"))},
                        "nodeSelectorTerms",
                    ),
                    "preferredDuringSchedulingIgnoredDuringExecution": array(
                        closed(
                            {"weight": _WEIGHT, "preference": reference("nodeSelectorTerm")},
                            "weight",
                            "preference",
                        )
                    ),
                }
            ),
            "podAffinity": reference("podAffinity"),
            "podAntiAffinity": reference("podAffinity"),
        }
    ),
    "variableSource": closed(
        {
            "secretKeyRef": _key_reference(),
            "configMapKeyRef": _key_reference(),
            "fieldRef": closed({"apiVersion": TEXT, "fieldPath": TEXT}, "fieldPath"),
            "resourceFieldRef": closed(
                {"containerName": TEXT, "divisor": reference("quantity"), "resource": TEXT},
                "resource",
            ),
        }
    ),
}


def variables(taken: Iterable[str]) -> Schema:
    """Environment variables, without those that the manifests set: twice is refused by the API."""
    name: Schema = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_.-]*$"}
    if taken:
        name["not"] = {"enum": sorted(set(taken))}
    return array(
        {
            **closed(
                {"name": name, "value": TEXT, "valueFrom": reference("variableSource")}, "name"
            ),
            "oneOf": [{"required": ["value"]}, {"required": ["valueFrom"]}],
        }
    )


def odd(schema: Mapping[str, Any]) -> Schema:
    """A schema of whole numbers between two bounds, without the even ones."""
    numbers = range(schema["minimum"] | 1, schema["maximum"] + 1, 2)
    return {**schema, "enum": list(numbers)}


def any_of(*names: str) -> Schema:
    """A rule: one of these texts of a map is not empty."""
    return {"anyOf": [{"properties": {name: {"minLength": 1}}} for name in names]}


def annotation_map(taken: list[str]) -> Schema:
    """Annotations, without those that the manifests set."""
    schema = _map(TEXT)
    if taken:
        schema["properties"] = dict.fromkeys(sorted(taken), False)
    return schema


def values_schema(chart: str, values: Values) -> str:
    """values.schema.json of a chart: every value with its description, nothing else allowed."""
    tree: Schema = closed({})
    for path, value in values.values.items():
        *parents, last = path.split(".")
        inner = tree
        at = ""
        for parent in parents:
            at = f"{at}.{parent}" if at else parent
            inner = _property(inner, parent, closed({}))
            if at in values.headings:
                inner["description"] = values.headings[at]
        _property(inner, last, {"description": value.comment, **value.schema})
    for path, rule in values.rules.items():
        _at(tree, path).update(rule)
    together = [
        {
            "if": _switch(one, True),
            "then": {"description": f"{one} does not work without {other}", **_switch(other, True)},
        }
        for one, other in sorted(values.needs)
        if other in values.values
    ]
    if together:
        tree["allOf"] = together
    # A chart that uses this one as a dependency hands its own `global` down.
    tree["properties"]["global"] = {"type": "object", "description": "Not read by this chart."}
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"Values of the chart {chart}",
        **tree,
        "definitions": _used(tree),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _at(tree: Schema, path: str) -> Schema:
    """The schema of the map at a path."""
    for key in path.split("."):
        tree = tree["properties"][key]
    return tree


def _switch(path: str, state: bool) -> Schema:
    """That a switch is on, or off."""
    schema: Schema = {"const": state}
    for key in reversed(path.split(".")):
        schema = {"properties": {key: schema}}
    return schema


def _property(schema: Schema, name: str, new: Schema) -> Schema:
    properties: Schema = schema["properties"]
    if name not in properties:
        properties[name] = new
        schema.setdefault("required", []).append(name)
    found: Schema = properties[name]
    return found


def _used(tree: Schema) -> dict[str, Schema]:
    """The definitions that a schema needs, and those that they need."""
    used: dict[str, Schema] = {}
    waiting = [json.dumps(tree)]
    while waiting:
        text = waiting.pop()
        for name, definition in DEFINITIONS.items():
            if name not in used and f'"#/definitions/{name}"' in text:
                used[name] = definition
                waiting.append(json.dumps(definition))
    return {name: used[name] for name in DEFINITIONS if name in used}
