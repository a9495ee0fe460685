"""The types of charts, and the parameters that Superset wants for each."""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from tutoraspects.dashboards.base import Name, Part, Words
from tutoraspects.dashboards.bindings import Binding, Params, listed, one_of, switch, text
from tutoraspects.dashboards.charts import LEGEND, SCHEME, Chart, Color, Grain, Link, Sort

Names = Annotated[tuple[Name, ...], Field(strict=False)]
SomeNames = Annotated[tuple[Name, ...], Field(strict=False, min_length=1)]


class _OneMetric(Chart):
    """One metric over groups."""

    metric: Name
    format: str = "SMART_NUMBER"

    def dimensions(self) -> list[str]:
        return list(getattr(self, "by", ()))

    def measures(self) -> list[str]:
        return [self.metric]


class Number(_OneMetric):
    """One number."""

    VIZ = "big_number_total"
    CONSTANTS: ClassVar[Params] = {"header_font_size": 0.4, "subheader_font_size": 0.15}
    BINDINGS: ClassVar[tuple[Binding, ...]] = (
        Binding("metric", "metric"),
        Binding("format", "y_axis_format"),
        text("below", "subheader"),
        text("time_format", "time_format"),
        switch("is_time", "force_timestamp_formatting"),
    )
    type: Literal["number"]
    below: Words | None = None
    time_format: str | None = None
    is_time: bool = Field(False, description="The number is a moment.")


class Trend(_OneMetric):
    """One number and its course over time."""

    VIZ = "big_number"
    CONSTANTS: ClassVar[Params] = {
        "header_font_size": 0.4,
        "subheader_font_size": 0.15,
        "show_trend_line": True,
        "start_y_axis_at_zero": True,
        "aggregation": "raw",
    }
    BINDINGS: ClassVar[tuple[Binding, ...]] = (
        Binding("metric", "metric"),
        Binding("x", "x_axis"),
        Binding("grain", "time_grain_sqla"),
        Binding("format", "y_axis_format"),
    )
    type: Literal["trend"]
    x: Name
    grain: Grain = "P1D"

    def dimensions(self) -> list[str]:
        return [self.x]


class _Axes(Chart):
    """Metrics over an axis."""

    CONSTANTS: ClassVar[Params] = {
        **LEGEND,
        **SCHEME,
        "x_axis_title_margin": 30,
        "y_axis_title_margin": 40,
        "y_axis_title_position": "Left",
        "x_axis_time_format": "smart_date",
        "tooltipTimeFormat": "smart_date",
        "x_axis_sort_asc": True,
        "x_axis_sort_series": "name",
        "x_axis_sort_series_ascending": True,
        "sort_series_type": "sum",
        "order_desc": True,
        "rich_tooltip": True,
        "truncate_metric": True,
        "show_empty_columns": True,
        "truncateXAxis": True,
    }
    BINDINGS: ClassVar[tuple[Binding, ...]] = (
        Binding("x", "x_axis"),
        Binding("grain", "time_grain_sqla"),
        listed("metrics", "metrics"),
        listed("by", "groupby"),
        one_of("stack", "stack", {True: "Stack", False: None}),
        one_of("running", "rolling_type", {"total": "cumsum", "mean": "mean", None: None}),
        Binding("window", "rolling_periods"),
        Binding("format", "y_axis_format"),
        text("x_title", "x_axis_title"),
        text("y_title", "y_axis_title"),
        switch("zoom", "zoomable"),
    )
    x: Name
    grain: Grain | None = Field(None, description="Where the axis is time: its step.")
    metrics: SomeNames
    by: Names = Field((), description="A series for each value of these.")
    stack: bool = False
    running: Literal["total", "mean"] | None = Field(
        None, description="Running total, or mean over `window` points."
    )
    window: int | None = Field(None, ge=2)
    format: str = "SMART_NUMBER"
    x_title: Words | None = None
    y_title: Words | None = None
    zoom: bool = False

    @model_validator(mode="after")
    def _window_fits(self) -> _Axes:
        if (self.running == "mean") != (self.window is not None):
            raise ValueError("`window` and `running: mean` come together")
        return self

    def dimensions(self) -> list[str]:
        return [self.x, *self.by]

    def measures(self) -> list[str]:
        return list(self.metrics)


class Bar(_Axes):
    """Bars over time or over values."""

    VIZ = "echarts_timeseries_bar"
    BINDINGS: ClassVar[tuple[Binding, ...]] = (
        *_Axes.BINDINGS,
        one_of("horizontal", "orientation", {True: "horizontal", False: "vertical"}),
    )
    type: Literal["bar"]
    horizontal: bool = False


class Line(_Axes):
    """Lines."""

    VIZ = "echarts_timeseries_line"
    CONSTANTS: ClassVar[Params] = {**_Axes.CONSTANTS, "markerEnabled": True, "markerSize": 6}
    type: Literal["line"]


class Smooth(_Axes):
    """Smooth lines."""

    VIZ = "echarts_timeseries_smooth"
    type: Literal["smooth"]


class Step(_Axes):
    """Lines in steps."""

    VIZ = "echarts_timeseries_step"
    type: Literal["step"]


class Scatter(_Axes):
    """Points."""

    VIZ = "echarts_timeseries_scatter"
    type: Literal["scatter"]


class Area(_Axes):
    """Filled lines."""

    VIZ = "echarts_area"
    CONSTANTS: ClassVar[Params] = {**_Axes.CONSTANTS, "opacity": 0.3}
    type: Literal["area"]


class Side(Part):
    """The metrics of one of two axes, and how they are drawn."""

    metrics: SomeNames
    draw: Literal["bar", "line", "smooth", "step", "scatter"]
    format: str = "SMART_NUMBER"
    title: Words | None = None
    whole: bool = Field(False, description="The axis goes from 0 to 1.")


class Mixed(Chart):
    """Two sets of metrics over one axis, each with its own scale."""

    VIZ = "mixed_timeseries"
    CONSTANTS: ClassVar[Params] = {
        **LEGEND,
        **SCHEME,
        "x_axis_title_margin": 30,
        "y_axis_title_margin": 40,
        "x_axis_time_format": "smart_date",
        "rich_tooltip": True,
        "truncate_metric": True,
        "truncate_metric_b": True,
        "yAxisIndex": 0,
        "yAxisIndexB": 1,
        "markerEnabledB": True,
        "markerSizeB": 6,
        "opacityB": 0.2,
        "groupby": [],
        "groupby_b": [],
    }
    BINDINGS: ClassVar[tuple[Binding, ...]] = (
        Binding("x", "x_axis"),
        Binding("grain", "time_grain_sqla"),
        text("x_title", "x_axis_title"),
    )
    type: Literal["mixed"]
    x: Name
    grain: Grain | None = None
    left: Side
    right: Side
    x_title: Words | None = None

    def dimensions(self) -> list[str]:
        return [self.x]

    def measures(self) -> list[str]:
        return [*self.left.metrics, *self.right.metrics]

    def params(self) -> Params:
        found = super().params()
        return found | {
            "row_limit_b": self.limit,
            "metrics": list(self.left.metrics),
            "metrics_b": list(self.right.metrics),
            "seriesType": self.left.draw,
            "seriesTypeB": self.right.draw,
            "y_axis_format": self.left.format,
            "y_axis_format_secondary": self.right.format,
            "y_axis_title": self.left.title or "",
            "yAxisTitleSecondary": self.right.title or "",
            "y_axis_bounds": [0, 1] if self.left.whole else [None, None],
            "y_axis_bounds_secondary": [0, 1] if self.right.whole else [None, None],
        }

    @classmethod
    def fields_of(cls, params: Params) -> dict[str, Any]:
        def side(keys: tuple[str, ...]) -> dict[str, Any]:
            metrics, draw, number, title, bounds = (params.get(key) for key in keys)
            return {
                "metrics": metrics,
                "draw": draw,
                "format": number,
                "title": title or None,
                "whole": bounds == [0, 1],
            }

        left = ("metrics", "seriesType", "y_axis_format", "y_axis_title", "y_axis_bounds")
        right = (
            "metrics_b",
            "seriesTypeB",
            "y_axis_format_secondary",
            "yAxisTitleSecondary",
            "y_axis_bounds_secondary",
        )
        return super().fields_of(params) | {"left": side(left), "right": side(right)}


_GROUPS = (
    listed("by", "groupby"),
    Binding("metric", "metric"),
    Binding("format", "number_format"),
)


class Pie(_OneMetric):
    """Shares of a whole."""

    VIZ = "pie"
    CONSTANTS: ClassVar[Params] = {
        **LEGEND,
        **SCHEME,
        "sort_by_metric": True,
        "show_labels": True,
        "show_labels_threshold": 5,
        "labels_outside": True,
        "label_line": True,
        "label_type": "key_value",
        "innerRadius": 30,
        "outerRadius": 70,
    }
    BINDINGS: ClassVar[tuple[Binding, ...]] = (
        *_GROUPS,
        switch("hollow", "donut"),
        switch("total", "show_total"),
    )
    type: Literal["pie"]
    by: SomeNames
    hollow: bool = False
    total: bool = False


class Funnel(_OneMetric):
    """Steps that fewer and fewer take."""

    VIZ = "funnel"
    CONSTANTS: ClassVar[Params] = {
        **LEGEND,
        **SCHEME,
        "sort_by_metric": True,
        "percent_calculation_type": "first_step",
        "show_labels": True,
        "label_type": "key_value_percent",
    }
    BINDINGS: ClassVar[tuple[Binding, ...]] = _GROUPS
    type: Literal["funnel"]
    by: SomeNames


class Treemap(_OneMetric):
    """Shares of shares, as rectangles."""

    VIZ = "treemap_v2"
    CONSTANTS: ClassVar[Params] = {
        **SCHEME,
        "show_labels": True,
        "show_upper_labels": True,
        "label_type": "key_value",
    }
    BINDINGS: ClassVar[tuple[Binding, ...]] = _GROUPS
    type: Literal["treemap"]
    by: SomeNames


class Sunburst(_OneMetric):
    """Shares of shares, as rings."""

    VIZ = "sunburst_v2"
    CONSTANTS: ClassVar[Params] = {**SCHEME, "show_labels": True, "label_type": "key"}
    BINDINGS: ClassVar[tuple[Binding, ...]] = (listed("by", "columns"), *_GROUPS[1:])
    type: Literal["sunburst"]
    by: SomeNames


class Heatmap(_OneMetric):
    """A metric over two columns, as colours."""

    VIZ = "heatmap_v2"
    CONSTANTS: ClassVar[Params] = {
        "sort_x_axis": "alpha_asc",
        "sort_y_axis": "alpha_asc",
        "normalize_across": "heatmap",
        "legend_type": "continuous",
        "linear_color_scheme": "superset_seq_1",
        "xscale_interval": -1,
        "yscale_interval": -1,
        "left_margin": "auto",
        "bottom_margin": "auto",
        "value_bounds": [None, None],
        "show_legend": True,
        "show_percentage": False,
    }
    BINDINGS: ClassVar[tuple[Binding, ...]] = (
        Binding("x", "x_axis"),
        Binding("grain", "time_grain_sqla"),
        Binding("y", "groupby"),
        Binding("metric", "metric"),
        Binding("format", "y_axis_format"),
        switch("values", "show_values"),
    )
    type: Literal["heatmap"]
    x: Name
    grain: Grain | None = None
    y: Name
    values: bool = Field(False, description="Numbers in the cells.")

    def dimensions(self) -> list[str]:
        return [self.x, self.y]


class Histogram(Chart):
    """How often values of a number occur."""

    VIZ = "histogram_v2"
    CONSTANTS: ClassVar[Params] = {**SCHEME, "show_legend": True}
    BINDINGS: ClassVar[tuple[Binding, ...]] = (
        Binding("column", "column"),
        Binding("bins", "bins"),
        listed("by", "groupby"),
        text("x_title", "x_axis_title"),
        text("y_title", "y_axis_title"),
    )
    type: Literal["histogram"]
    column: Name
    bins: int = Field(10, ge=2, le=100)
    by: Names = ()
    x_title: Words | None = None
    y_title: Words | None = None

    def dimensions(self) -> list[str]:
        return [self.column, *self.by]

    def measures(self) -> list[str]:
        return []


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


AnyChart = Annotated[
    Number
    | Trend
    | Bar
    | Line
    | Smooth
    | Step
    | Scatter
    | Area
    | Mixed
    | Pie
    | Funnel
    | Treemap
    | Sunburst
    | Heatmap
    | Histogram
    | Table
    | Handlebars
    | Pivot,
    Field(discriminator="type"),
]
CLASSES: tuple[type[Chart], ...] = get_args(get_args(AnyChart)[0])
BY_VIZ: dict[str, type[Chart]] = {chart.VIZ: chart for chart in CLASSES}
BY_TYPE: dict[str, type[Chart]] = {
    get_args(chart.model_fields["type"].annotation)[0]: chart for chart in CLASSES
}
