"""Filters of a dashboard: Superset's native filters, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.identity import filter_id
from tutoraspects.dashboards.model import (
    AnyFilter,
    Dashboard,
    GrainFilter,
    SelectFilter,
    TimeFilter,
)

Native = dict[str, Any]
_TYPES = {"select": "filter_select", "time": "filter_time", "grain": "filter_timegrain"}


def id_of(dashboard: Dashboard, name: str) -> str:
    """The id of a dashboard's filter, by its English name."""
    rule = next(rule for rule in dashboard.filters if rule.name == name)
    return rule.id or filter_id(dashboard.dashboard, name)


def native(
    edition: Edition, dashboard: Dashboard, rule: AnyFilter, tab_id: Callable[[str], str]
) -> Native:
    """What Superset stores for a filter. Ids are the same in every language."""
    roots = [tab_id(tab) for tab in rule.tabs] or ["ROOT_ID"]
    found: Native = {
        "id": id_of(dashboard, rule.name),
        "type": "NATIVE_FILTER",
        "name": edition.word(rule.name),
        "description": edition.word(rule.means) if rule.means else "",
        "filterType": _TYPES[rule.type],
        "targets": [{}],
        "cascadeParentIds": [],
        "scope": {"rootPath": roots, "excluded": []},
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "controlValues": {"enableEmptyFilter": False},
    }
    if isinstance(rule, SelectFilter):
        dataset = edition.dataset_uuid(rule.dataset)
        found["targets"] = [{"column": {"name": rule.column}, "datasetUuid": dataset}]
        found["cascadeParentIds"] = [id_of(dashboard, parent) for parent in rule.parents]
        found["controlValues"] = {
            "enableEmptyFilter": rule.required,
            "defaultToFirstItem": rule.first,
            "multiSelect": rule.multiple,
            "searchAllOptions": True,
            "inverseSelection": False,
            "sortAscending": True,
        }
        if rule.first:
            # Without it the first value is shown as chosen, and no chart is filtered by it.
            found["requiredFirst"] = True
    elif isinstance(rule, GrainFilter):
        found["targets"] = [{"datasetUuid": edition.dataset_uuid(rule.dataset)}]
        if rule.default:
            found["defaultDataMask"] = {
                "extraFormData": {"time_grain_sqla": rule.default},
                "filterState": {"value": [rule.default]},
                "ownState": {},
            }
    elif isinstance(rule, TimeFilter) and rule.default:
        found["defaultDataMask"] = {
            "extraFormData": {"time_range": rule.default},
            "filterState": {"value": rule.default},
            "ownState": {},
        }
    return found


def read_back(
    natives: list[Native], dataset_of: Callable[[str], str], tab_of: Callable[[str], str | None]
) -> list[dict[str, Any]]:
    """Filters as a specification says them, without dividers and kinds that it does not know."""
    kinds = {there: here for here, there in _TYPES.items()}
    known = [one for one in natives if one.get("filterType") in kinds]
    names = {one["id"]: one["name"] for one in known}
    return [_read(one, kinds[one["filterType"]], names, dataset_of, tab_of) for one in known]


def _read(
    one: Native,
    kind: str,
    names: dict[str, str],
    dataset_of: Callable[[str], str],
    tab_of: Callable[[str], str | None],
) -> dict[str, Any]:
    tabs = [tab_of(root) for root in (one.get("scope") or {}).get("rootPath") or []]
    found: dict[str, Any] = {
        "name": one["name"],
        "id": one["id"],
        "type": kind,
        "means": one.get("description") or None,
        "tabs": [tab for tab in tabs if tab],
    }
    target = (one.get("targets") or [{}])[0]
    default = (one.get("defaultDataMask") or {}).get("extraFormData") or {}
    if kind == "time":
        return found | {"default": default.get("time_range")}
    found["dataset"] = dataset_of(target["datasetUuid"])
    if kind == "grain":
        return found | {"default": default.get("time_grain_sqla")}
    control = one.get("controlValues") or {}
    return found | {
        "column": target["column"]["name"],
        "parents": [names[id] for id in one.get("cascadeParentIds") or [] if id in names],
        "multiple": bool(control.get("multiSelect")),
        "first": bool(control.get("defaultToFirstItem")),
        "required": bool(control.get("enableEmptyFilter")),
    }
