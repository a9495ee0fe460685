"""How what Superset has differs from what the specifications say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tutoraspects.dashboards.bundle import Asset, kind_of

KINDS = {"dashboards": "dashboard_title", "charts": "slice_name", "datasets": "table_name"}
# What the import gives numbers of its own to, or what says nothing.
_IGNORED = {
    "chartId",
    "expanded_slices",
    "filterOptionName",
    "parents",
    "query_context",
    "sliceName",
    "version",
}
# Lists of objects that have names.
_NAMED = {
    "columns": "column_name",
    "metrics": "metric_name",
    "native_filter_configuration": "id",
}
_NOTHING: tuple[Any, ...] = (None, "", [], {}, ())


@dataclass(frozen=True)
class Difference:
    """`+`: missing in Superset. `~`: there, and different at `path`."""

    sign: str
    kind: str
    name: str
    uuid: str
    path: str = ""

    def __str__(self) -> str:
        where = f": {self.path}" if self.path else ""
        return f"{self.sign} {self.kind} {self.name} ({self.uuid}){where}"


def differences(ours: Mapping[str, Asset], theirs: Mapping[str, Asset]) -> list[Difference]:
    """Every place where an object of ours differs from Superset's object of the same id.

    Only what the specifications say is compared; what Superset adds is its own.
    """
    there = _by_uuid(theirs)
    found = []
    for (kind, uuid), asset in _by_uuid(ours).items():
        name = str(asset[KINDS[kind]])
        if (kind, uuid) not in there:
            found.append(Difference("+", kind[:-1], name, uuid))
            continue
        for path in _different(asset, there[kind, uuid]):
            found.append(Difference("~", kind[:-1], name, uuid, path))
    return found


def _by_uuid(assets: Mapping[str, Asset]) -> dict[tuple[str, str], Asset]:
    return {
        (kind_of(path), str(asset["uuid"])): asset
        for path, asset in assets.items()
        if kind_of(path) in KINDS
    }


def _different(ours: Any, theirs: Any, path: str = "", key: str = "") -> Iterator[str]:
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for name, value in ours.items():
            if name not in _IGNORED:
                inner = f"{path}.{name}" if path else str(name)
                yield from _different(value, theirs.get(name), inner, str(name))
        if key == "position":
            for name in theirs:
                if name not in ours and name != "HEADER_ID":
                    yield f"{path}.{name}"
    elif key in _NAMED and _has_objects(ours) and _has_objects(theirs):
        by_name = {one.get(_NAMED[key]): one for one in theirs}
        for one in ours:
            name = one[_NAMED[key]]
            if name in by_name:
                yield from _different(one, by_name.pop(name), f"{path}.{name}")
            else:
                yield f"{path}.{name}"
        yield from (f"{path}.{name}" for name in by_name)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _different(one, other, f"{path}[{number}]")
    elif ours != theirs and not (ours in _NOTHING and theirs in _NOTHING):
        yield path


def _has_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, Mapping) for one in value)
