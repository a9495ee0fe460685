"""From Superset's assets back to specifications: for dashboards that were changed in the browser.

Superset has no place for some of what a specification says: roles, which dashboard owns a shared
chart, where links lead. That comes from the specifications that are known already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from tutoraspects.dashboards import filters
from tutoraspects.dashboards.base import Part
from tutoraspects.dashboards.bundle import Asset, kind_of
from tutoraspects.dashboards.catalogue import Catalogue
from tutoraspects.dashboards.chart_types import BY_VIZ
from tutoraspects.dashboards.chart_types.tables import Table
from tutoraspects.dashboards.charts import Chart, Filter
from tutoraspects.dashboards.compile import COMPACT_CSS, TYPES
from tutoraspects.dashboards.datasets import Dataset
from tutoraspects.dashboards.identity import DATABASES, element_id, localized
from tutoraspects.dashboards.layout import Element, read_back
from tutoraspects.dashboards.model import Dashboard
from tutoraspects.dashboards.sql import of_padded, restored
from tutoraspects.dashboards.target import LANGUAGES, Target
from tutoraspects.errors import AspectsError

_MART = re.compile(
    r"SELECT\n(?P<columns>.*)\nFROM (?:(?P<call>narrowed|narrowed_to_learners)\()?"
    r"(?P<mart>[a-z_]+\.[a-z0-9_]+)\)? AS mart",
    re.DOTALL,
)
_EXTENDS = re.compile(r"SELECT \*\nFROM \(\n.*\n\) AS base\nWHERE (?P<where>.*)", re.DOTALL)
_VALUES = re.compile(
    r"transform\(toString\((?P<sql>.*)\), \[(?P<values>.*)\], \[(?P<words>.*)\], toString\(.*\)\)",
    re.DOTALL,
)
_LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'")
_Model = TypeVar("_Model", bound=Part)


def parse(assets: Mapping[str, Asset], target: Target, known: Catalogue | None = None) -> Catalogue:
    """Specifications of what is in a bundle, without the copies in other languages.

    Raises AspectsError for what a specification cannot say.
    """
    return _Parser(assets, target, known or Catalogue()).catalogue()


class _Parser:
    def __init__(self, assets: Mapping[str, Asset], target: Target, known: Catalogue) -> None:
        self.target = target
        self.known = known
        by_kind: dict[str, dict[str, Asset]] = {"charts": {}, "dashboards": {}, "datasets": {}}
        for path, asset in assets.items():
            if kind_of(path) in by_kind:
                by_kind[kind_of(path)][str(asset["uuid"])] = asset
        languages = {*LANGUAGES, *target.locales}
        copies = {
            localized(uuid, language)
            for found in by_kind.values()
            for uuid in found
            for language in languages
        }
        self.charts, self.dashboards, self.datasets = (
            {uuid: asset for uuid, asset in found.items() if uuid not in copies}
            for found in by_kind.values()
        )
        self.names = {
            uuid: _notes(asset).get("dataset") or _name(asset["table_name"])
            for uuid, asset in self.datasets.items()
        }
        # Chart by id: the dashboard that declares it, its key there, and what is known of it.
        self.owners: dict[str, tuple[str, str, Chart | None]] = {
            known.chart_uuid(dashboard.dashboard, chart): (dashboard.dashboard, chart.chart, chart)
            for dashboard in known.dashboards.values()
            for chart in dashboard.charts()
        }

    def catalogue(self) -> Catalogue:
        found = Catalogue()
        for asset in self.datasets.values():
            dataset = _validated(
                Dataset, self._dataset(asset), f"The dataset '{asset['table_name']}'"
            )
            found.datasets[dataset.dataset] = dataset
        for asset in self.dashboards.values():
            what = f"The dashboard '{asset['dashboard_title']}'"
            dashboard = _validated(Dashboard, self._dashboard(asset), what)
            found.dashboards[dashboard.dashboard] = dashboard
        return found

    # -- datasets --------------------------------------------------------------------------------

    def _dataset(self, asset: Asset) -> dict[str, Any]:
        notes = _notes(asset)
        name = self.names[str(asset["uuid"])]
        before = self.known.datasets.get(name)
        places = {there: here for here, there in self.target.databases.items()}
        databases = {uuid: kind for kind, (_, uuid) in DATABASES.items()}
        found: dict[str, Any] = {
            "dataset": name,
            "uuid": str(asset["uuid"]),
            "description": _sentence(asset.get("description"), f"Rows of {name}"),
            "audience": notes.get("audience") or (before.audience if before else "operator"),
            "database": databases.get(str(asset["database_uuid"]), "clickhouse"),
            "place": places.get(asset.get("schema") or "", asset.get("schema") or "reporting"),
            "row_filter": notes.get("row_filter") or (before.row_filter if before else None),
        }
        sql = restored(asset.get("sql") or f"SELECT * FROM {found['place']}.{name}", self.target)
        extends = _EXTENDS.fullmatch(sql)
        if extends and notes.get("extends"):
            return found | {"extends": notes["extends"], "where": extends["where"]}
        columns = {
            column["column_name"]: _column(column, notes.get("personal") or ())
            for column in asset["columns"]
        }
        # Superset gives them in an order of its own; the generated SQL follows ours.
        first = [column for column in (before.columns if before else ()) if column in columns]
        columns = {column: columns[column] for column in dict.fromkeys([*first, *columns])}
        mart = _MART.fullmatch(sql)
        if mart:
            found["mart"] = mart["mart"]
            calls = {"narrowed": "courses", "narrowed_to_learners": "learners", None: "no"}
            found["narrow"] = calls[mart["call"]]
            for line in mart["columns"].split(",\n"):
                source, _, alias = line.strip().partition(" AS ")
                if alias in columns:
                    columns[alias]["of"] = source
        else:
            found["sql"] = sql + "\n"
        metrics = {
            metric["metric_name"]: {
                "sql": metric["expression"],
                "label": metric.get("verbose_name") or metric["metric_name"],
                "format": metric.get("d3format"),
            }
            for metric in asset["metrics"]
        }
        time = asset.get("main_dttm_col")
        return found | {"time": time, "columns": columns, "metrics": metrics}

    # -- dashboards ------------------------------------------------------------------------------

    def _dashboard(self, asset: Asset) -> dict[str, Any]:
        slug = asset.get("slug") or _key(asset["dashboard_title"])
        before = self.known.dashboards.get(slug)
        position = asset["position"]

        def cell(meta: Element) -> dict[str, Any]:
            return self._cell(slug, meta)

        content = read_back(slug, position, cell)
        tabs = {
            element_id("TAB", slug, f"tabs[{number}]"): tab["tab"]
            for number, tab in enumerate(content.get("tabs", []))
        }
        tabs |= {
            id: element["meta"]["text"]
            for id, element in position.items()
            if isinstance(element, dict) and element.get("type") == "TAB"
        }
        natives = (asset.get("metadata") or {}).get("native_filter_configuration") or []
        return content | {
            "dashboard": slug,
            "uuid": str(asset["uuid"]),
            "title": asset["dashboard_title"],
            "description": _sentence(asset.get("description"), asset["dashboard_title"]),
            "roles": list(before.roles) if before else ["operator"],
            "embedded": bool(before and before.embedded),
            "personal_data": bool(before and before.personal_data),
            "help": content["help"] or bool(before and before.help and not content.get("tabs")),
            "compact": asset.get("css") == COMPACT_CSS,
            "filters": filters.read_back(natives, lambda uuid: self._dataset_name(uuid), tabs.get),
        }

    def _dataset_name(self, uuid: str) -> str:
        if uuid not in self.names:
            raise AspectsError(f"The bundle has no dataset {uuid}, which a chart or filter reads.")
        return str(self.names[uuid])

    def _cell(self, slug: str, meta: Element) -> dict[str, Any]:
        uuid = str(meta["uuid"])
        if uuid not in self.charts:
            raise AspectsError(f"The bundle has no chart {uuid}, which the dashboard {slug} shows.")
        asset = self.charts[uuid]
        key = _key(asset["slice_name"])
        owner, key, before = self.owners.setdefault(uuid, (slug, key, None))
        size = {"width": meta["width"], "height": meta["height"]}
        if owner != slug:
            return {"use": f"{owner}/{key}", **size}
        return self._chart(asset, key, before) | size

    def _chart(self, asset: Asset, key: str, before: Chart | None) -> dict[str, Any]:
        title = asset["slice_name"]
        kind = BY_VIZ.get(asset["viz_type"])
        if kind is None:
            raise AspectsError(
                f"The chart '{title}' has the type {asset['viz_type']}, which a specification "
                f"cannot say: change it in Superset to one of {', '.join(sorted(BY_VIZ))}."
            )
        params = asset["params"]
        rules = params.get("adhoc_filters") or []
        if any(rule.get("expressionType") != "SIMPLE" for rule in rules):
            raise AspectsError(
                f"The chart '{title}' has a filter in SQL, which a specification cannot say: make "
                "it a column of the dataset and filter by that."
            )
        periods = [rule["comparator"] for rule in rules if rule.get("operator") == "TEMPORAL_RANGE"]
        found: dict[str, Any] = {
            "chart": key,
            "uuid": str(asset["uuid"]),
            "title": title,
            "means": _sentence(asset.get("description"), f"Shows {title}"),
            "type": kind.model_fields["type"].annotation.__args__[0],  # type: ignore[union-attr]
            "dataset": self._dataset_name(str(asset["dataset_uuid"])),
            "filters": [
                Filter.fields_of(rule) for rule in rules if rule["operator"] != "TEMPORAL_RANGE"
            ],
            "period": next((period for period in periods if period != "No filter"), None),
            "personal_data": bool(before and before.personal_data),
        }
        if isinstance(before, Table) and before.links:
            found["links"] = [link.plain() for link in before.links]
        return found | kind.fields_of(params)


def _validated(model: type[_Model], data: dict[str, Any], what: str) -> _Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise AspectsError(
            f"{what} cannot be said in a specification: {where}: {first['msg']}."
        ) from None


def _notes(asset: Asset) -> dict[str, Any]:
    extra = asset.get("extra")
    notes = extra.get("aspects") if isinstance(extra, dict) else None
    return notes if isinstance(notes, dict) else {}


def _column(column: Asset, personal: Any) -> dict[str, Any]:
    kinds = {there: here for here, there in TYPES.items()}
    kind = "time" if column.get("is_dttm") else kinds.get(column.get("type"), "text")
    found: dict[str, Any] = {
        "type": kind,
        "label": column.get("verbose_name") or None,
        "personal": column["column_name"] in personal,
    }
    expression = column.get("expression") or None
    if other := of_padded(expression or ""):
        return found | {"padded": other}
    values = _VALUES.fullmatch(expression) if expression else None
    if values:
        words = dict(zip(_texts(values["values"]), _texts(values["words"]), strict=True))
        return found | {"sql": values["sql"], "values": words}
    return found | {"sql": expression}


def _texts(listed: str) -> list[str]:
    return [re.sub(r"\\(.)", r"\1", text) for text in _LITERAL.findall(listed)]


def _sentence(text: str | None, otherwise: str) -> str:
    return text if text else f"{otherwise}."


def _key(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "chart"


def _name(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") or "dataset"
