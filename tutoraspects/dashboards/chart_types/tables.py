"""Charts that list: tables, texts, pivots."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from tutoraspects.dashboards.base import Name
from tutoraspects.dashboards.bindings import Binding, Params, listed, switch, text
from tutoraspects.dashboards.chart_types.common import Names, SomeNames
from tutoraspects.dashboards.charts import Chart, Color, Link, Sort


class _Listing(Chart):
    """Rows as they are (`columns`), or groups of rows (`by`) with metrics."""

    columns: Names = Field((), description="Rows as they are, or")
    by: Names = Field((), description="groups of rows,")
    metrics: Names = Field((), description="with these metrics.")

    @model_validator(mode="after")
    def _one_kind(self) -> _Listing:
        if bool(self.columns) == bool(self.by or self.metrics):
            raise ValueError("it has either `columns`, or `by` and `metrics`")
        return self

    def dimensions(self) -> list[str]:
        return [*self.columns, *self.by]

    def measures(self) -> list[str]:
        return list(self.metrics)

    def params(self) -> Params:
        return super().params() | {"query_mode": "raw" if self.columns else "aggregate"}


class Table(_Listing):
    """A table."""

    VIZ = "table"
    CONSTANTS: ClassVar[Params] = {
        "percent_metrics": [],
        "server_page_length": 10,
        "table_timestamp_format": "smart_date",
        "allow_render_html": True,
        "show_cell_bars": False,
    }
    BINDINGS: ClassVar[tuple[Binding, ...]] = (
        listed("columns", "all_columns"),
        listed("by", "groupby"),
        listed("metrics", "metrics"),
        switch("search", "include_search"),
        switch("totals", "show_totals"),
    )
    type: Literal["table"]
    sort: Sort | None = None
    greatest: Name | None = Field(
        None, description="With `columns`: the greatest of this column first."
    )
    colors: list[Color] = Field(default_factory=list)
    links: list[Link] = Field(default_factory=list)
    search: bool = False
    totals: bool = False

    @model_validator(mode="after")
    def _order_fits(self) -> Table:
        if self.greatest and not self.columns:
            raise ValueError("`greatest` belongs to `columns`; groups have `sort`")
        if self.sort and self.columns:
            raise ValueError("`sort` belongs to `by`; rows have `greatest`")
        if self.links and self.columns:
            raise ValueError("`links` need `by`")
        return self

    def params(self) -> Params:
        found = super().params() | {
            "order_by_cols": [json.dumps([self.greatest, False])] if self.greatest else [],
            "order_desc": self.sort.descending if self.sort else False,
            "conditional_formatting": [color.params() for color in self.colors],
        }
        if self.sort:
            found["timeseries_limit_metric"] = self.sort.by
        return found

    @classmethod
    def fields_of(cls, params: Params) -> dict[str, Any]:
        found = super().fields_of(params)
        found["by"] = [column for column in found["by"] if isinstance(column, str)]
        if params.get("timeseries_limit_metric"):
            found["sort"] = {
                "by": params["timeseries_limit_metric"],
                "descending": bool(params.get("order_desc")),
            }
        for ordered in params.get("order_by_cols") or []:
            found["greatest"] = json.loads(ordered)[0]
        rules = params.get("conditional_formatting") or []
        return found | {"colors": [Color.fields_of(rule) for rule in rules]}


class Handlebars(_Listing):
    """A text with values, in the language of Handlebars."""

    VIZ = "handlebars"
    CONSTANTS: ClassVar[Params] = {"order_desc": True}
    BINDINGS: ClassVar[tuple[Binding, ...]] = (
        listed("columns", "all_columns"),
        listed("by", "groupby"),
        listed("metrics", "metrics"),
        Binding("template", "handlebarsTemplate"),
        text("style", "styleTemplate"),
    )
    type: Literal["handlebars"]
    template: str
    style: str | None = None


class Pivot(Chart):
    """A table with groups in rows and columns."""

    VIZ = "pivot_table_v2"
    CONSTANTS: ClassVar[Params] = {
        "metricsLayout": "COLUMNS",
        "rowOrder": "key_a_to_z",
        "colOrder": "key_a_to_z",
        "order_desc": True,
    }
    BINDINGS: ClassVar[tuple[Binding, ...]] = (
        listed("rows", "groupbyRows"),
        listed("across", "groupbyColumns"),
        listed("metrics", "metrics"),
        Binding("aggregate", "aggregateFunction"),
        Binding("format", "valueFormat"),
        switch("row_totals", "rowTotals"),
        switch("column_totals", "colTotals"),
    )
    type: Literal["pivot"]
    rows: SomeNames
    across: Names = ()
    metrics: SomeNames
    aggregate: Literal["Sum", "Average", "Median", "Minimum", "Maximum", "Count"] = "Sum"
    format: str = "SMART_NUMBER"
    row_totals: bool = False
    column_totals: bool = False

    def dimensions(self) -> list[str]:
        return [*self.rows, *self.across]

    def measures(self) -> list[str]:
        return list(self.metrics)

    def params(self) -> Params:
        # On a dashboard Superset sends labels of those columns only that stand under names which it
        # knows (COLUMN_FORM_DATA_PARAMS in connectors/sqla/models.py), and a pivot's are not among
        # them. The query does not read this one.
        return {**super().params(), "groupby": self.dimensions()}
