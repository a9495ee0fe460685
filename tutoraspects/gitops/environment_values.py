"""The values of ASPECTS_GITOPS_ENVIRONMENTS against the charts that they are for.

Helm would refuse them only when Argo CD renders the chart, after the commit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tutoraspects.errors import AspectsError
from tutoraspects.gitops.values_schema import Schema
from tutoraspects.settings.environments import SETTING, Environment

# Chart -> its default values and its schema.
Charts = Mapping[str, tuple[Mapping[str, Any], Schema]]


def check(environments: Iterable[Environment], charts: Charts) -> None:
    """Raises AspectsError naming environment, chart and path of the first value that Helm would
    refuse; never the value, which may be a password that has lost its way."""
    for environment in environments:
        for chart, values in environment.values.items():
            place = f"environment {environment.name}, chart {chart}"
            if chart not in charts:
                raise AspectsError(
                    f"Nothing was exported, because {SETTING} has values of {place}, and there is "
                    f"no such chart with these settings: take them out."
                )
            defaults, schema = charts[chart]
            fault = _fault(_merged(defaults, values or {}), schema)
            if fault:
                raise AspectsError(
                    f"Nothing was exported, because {SETTING} has a value that the chart refuses, "
                    f"{place}, {fault}: see values.yaml of the chart."
                )


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Values as Helm lays a file of them over the defaults: maps are merged, null removes."""
    both = {**one, **other}
    for key, value in other.items():
        if value is None:
            del both[key]
        elif isinstance(value, Mapping) and isinstance(one.get(key), Mapping):
            both[key] = _merged(one[key], value)
    return both


def _fault(values: Mapping[str, Any], schema: Schema) -> str:
    """Path and reason of the most telling fault; empty without one."""
    # Not above: the first import takes a tenth of a second of every `tutor` command.
    import jsonschema

    validator = jsonschema.Draft7Validator(schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(values))
    if error is None:
        return _contradiction(values)
    path = ".".join(map(str, error.absolute_path)) or "the top"
    reason = _REASONS.get(str(error.validator))
    return f"{path} {reason(error) if reason else 'is not allowed'}"


def _unknown(error: Any) -> str:
    known = set(error.schema.get("properties") or ())
    names = sorted(str(name) for name in error.instance if name not in known)
    return f"has {', '.join(names)}, which is no name of the chart"


_REASONS: dict[str, Callable[[Any], str]] = {
    "additionalProperties": _unknown,
    "const": lambda error: f"must be {json.dumps(error.validator_value)}",
    "enum": lambda error: f"must be one of {', '.join(map(str, error.validator_value))}",
    "maximum": lambda error: f"must be {error.validator_value} at most",
    "minLength": lambda error: "must not be empty",
    "minimum": lambda error: f"must be {error.validator_value} at least",
    "not": lambda error: "is set by the chart itself",
    "pattern": lambda error: f"does not match {error.validator_value}",
    "required": lambda error: f"lacks {error.message.partition(' is a ')[0]}",
    "type": lambda error: f"must be of type {error.validator_value}",
}


def _contradiction(values: Any, path: str = "") -> str:
    """What templates refuse and a schema cannot: bounds of an autoscaler the wrong way round."""
    if not isinstance(values, Mapping):
        return ""
    if values.get("minReplicas", 0) > values.get("maxReplicas", float("inf")):
        return f"{path}.minReplicas is above maxReplicas"
    inner = (_contradiction(value, f"{path}.{key}".lstrip(".")) for key, value in values.items())
    return next(filter(None, inner), "")
