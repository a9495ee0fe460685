"""The SQL that Superset makes of a chart for ClickHouse, near enough to ask a server."""

from __future__ import annotations

from typing import Any

import jinja2

from tutoraspects.dashboards.catalogue import Catalogue
from tutoraspects.dashboards.charts import Chart
from tutoraspects.dashboards.links import literal
from tutoraspects.dashboards.queries import Query, queries

_GRAINS = {
    "PT1H": "toStartOfHour(toDateTime({}))",
    "P1D": "toStartOfDay(toDateTime({}))",
    "P1W": "toMonday(toDateTime({}))",
    "P1M": "toStartOfMonth(toDateTime({}))",
}


def rendered(sql: str, chosen: dict[str, list[str]]) -> str:
    """A dataset's query with the values that a dashboard's filters choose."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.filters["where_in"] = lambda values: f"({', '.join(map(literal, values))})"
    return environment.from_string(sql).render(filter_values=lambda name: chosen.get(name, []))


def statements(
    catalogue: Catalogue,
    chart: Chart,
    dataset: dict[str, Any],
    params: dict[str, Any],
    chosen: dict[str, list[str]],
) -> list[str]:
    """A statement for each query of the chart. `dataset` and `params` are as compiled."""
    return [
        _statement(query, dataset, params, rendered(dataset["sql"], chosen))
        for query in queries(catalogue, chart)
    ]


def _statement(query: Query, dataset: dict[str, Any], params: dict[str, Any], source: str) -> str:
    columns = {
        one["column_name"]: one["expression"] or one["column_name"] for one in dataset["columns"]
    }
    metrics = {one["metric_name"]: one["expression"] for one in dataset["metrics"]}
    dimensions = [
        _GRAINS[one["timeGrain"]].format(columns[one["label"]])
        if isinstance(one, dict)
        else columns[one]
        for one in query["columns"]
    ]
    dimensions += [
        one["sqlExpression"] for one in params.get("groupby") or [] if isinstance(one, dict)
    ]
    measures = [metrics[name] for name in query.get("metrics", [])]
    # Superset gives labels a suffix, so that none hides a column.
    selected = ", ".join(f"{one} AS c_{i}" for i, one in enumerate([*dimensions, *measures]))
    where = [
        _condition(columns[rule["col"]], rule["op"], rule["val"])
        for rule in query["filters"]
        if rule["op"] != "TEMPORAL_RANGE"
    ]
    sql = f"SELECT {selected}\nFROM (\n{source}\n) AS virtual_table"
    if where:
        sql += f"\nWHERE {' AND '.join(where)}"
    if "metrics" in query and dimensions:
        sql += "\nGROUP BY " + ", ".join(dimensions)
    ordered = [
        f"{metrics.get(name) or columns[name]} {'ASC' if ascending else 'DESC'}"
        for name, ascending in query["orderby"]
    ]
    if ordered:
        sql += "\nORDER BY " + ", ".join(ordered)
    return sql + f"\nLIMIT {query['row_limit']}"


def _condition(column: str, operator: str, value: Any) -> str:
    if operator in ("IS NULL", "IS NOT NULL"):
        return f"{column} {operator}"
    if isinstance(value, list):
        return f"{column} {operator} ({', '.join(map(_value, value))})"
    return f"{column} {'=' if operator == '==' else operator} {_value(value)}"


def _value(value: Any) -> str:
    return literal(value) if isinstance(value, str) else str(value)
