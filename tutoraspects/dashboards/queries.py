"""The queries of a chart, as its browser would send them to /api/v1/chart/data.

A chart that came by an import has no stored query: Superset makes it when somebody opens the
chart. Tests and smoke checks need it before.
"""

from __future__ import annotations

from typing import Any

from tutoraspects.dashboards.catalogue import Catalogue
from tutoraspects.dashboards.chart_types.axes import Mixed
from tutoraspects.dashboards.chart_types.tables import Table
from tutoraspects.dashboards.charts import Chart

Query = dict[str, Any]


def queries(catalogue: Catalogue, chart: Chart) -> list[Query]:
    """One query, or two for a mixed chart. Links, which follow from columns, are left out."""
    if isinstance(chart, Mixed):
        sides = (list(chart.left.metrics), list(chart.right.metrics))
        return [_query(catalogue, chart, metrics) for metrics in sides]
    return [_query(catalogue, chart, chart.measures())]


def payload(catalogue: Catalogue, chart: Chart, dataset_id: int) -> dict[str, Any]:
    """The body of a request; `dataset_id` is Superset's number of the dataset."""
    return {
        "datasource": {"id": dataset_id, "type": "table"},
        "queries": queries(catalogue, chart),
        "result_format": "json",
        "result_type": "full",
    }


def _query(catalogue: Catalogue, chart: Chart, metrics: list[str]) -> Query:
    grain = getattr(chart, "grain", None)
    columns: list[Any] = []
    for name in chart.dimensions():
        if grain and name == chart.axis():
            columns.append(
                {
                    "timeGrain": grain,
                    "columnType": "BASE_AXIS",
                    "sqlExpression": name,
                    "label": name,
                    "expressionType": "SQL",
                }
            )
        else:
            columns.append(name)
    filters = [
        {"col": rule.column, "op": rule.params()["operator"], "val": rule.value}
        for rule in chart.filters
    ]
    time = catalogue.time(chart.dataset)
    if time:
        period = chart.period or "No filter"
        filters.append({"col": time, "op": "TEMPORAL_RANGE", "val": period})
    orderby = [[metrics[0], False]] if metrics else []
    if isinstance(chart, Table):
        if chart.sort:
            orderby = [[chart.sort.by, not chart.sort.descending]]
        elif chart.greatest:
            orderby = [[chart.greatest, False]]
    found: Query = {
        "columns": columns,
        "filters": filters,
        "orderby": orderby,
        "row_limit": chart.limit,
    }
    is_raw = bool(getattr(chart, "columns", ()))
    return found if is_raw else found | {"metrics": metrics}
