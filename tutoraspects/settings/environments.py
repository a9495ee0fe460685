"""The environments of ASPECTS_GITOPS_ENVIRONMENTS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Settings = Mapping[str, Any]

SETTING = "ASPECTS_GITOPS_ENVIRONMENTS"
_FIELDS = {"cluster": str, "namespace": str, "revision": str, "values": dict}
_CHARTS = ("aspects", "aspects-clickhouse")


@dataclass(frozen=True)
class Environment:
    """One place that gets the same charts with values of its own.

    `values` maps the name of a chart to what replaces its default values.
    """

    name: str
    cluster: str
    namespace: str
    revision: str
    values: Mapping[str, Any] = field(default_factory=dict)


def environments(settings: Settings) -> list[Environment]:
    """The environments in their order; empty where there is one and it has no name."""
    declared: Mapping[str, Any] = settings.get(SETTING) or {}
    return [
        Environment(
            name,
            str(given.get("cluster") or settings["ASPECTS_ARGOCD_CLUSTER"]),
            str(given.get("namespace") or settings["K8S_NAMESPACE"]),
            str(given.get("revision") or settings["ASPECTS_GITOPS_REVISION"]),
            given.get("values") or {},
        )
        for name, given in ((name, given or {}) for name, given in declared.items())
    ]


def complaints(settings: Settings) -> Iterator[str]:
    """What is wrong with the setting, as the middle of a sentence; nothing when it is right."""
    declared = settings.get(SETTING) or {}
    for name, given in declared.items():
        if not isinstance(given or {}, dict):
            yield f"{name} must be a map with {', '.join(_FIELDS)}"
            return
        for key, value in (given or {}).items():
            if key not in _FIELDS:
                yield f"{name} has {key!r}, which is none of {', '.join(_FIELDS)}"
            elif not isinstance(value, _FIELDS[key]):
                yield f"{key} of {name} must be {'a map' if key == 'values' else 'text'}"
            elif key == "values" and not set(value) <= set(_CHARTS):
                yield f"values of {name} has keys that are none of {', '.join(_CHARTS)}"
    places: dict[tuple[str, str], str] = {}
    for environment in environments(settings):
        place = (environment.cluster, environment.namespace)
        if place in places:
            yield (
                f"{places[place]} and {environment.name} go to the same namespace "
                f"{environment.namespace} of the same cluster"
            )
        places.setdefault(place, environment.name)
