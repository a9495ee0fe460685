"""Charts of metrics over an axis, such as time."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from tutoraspects.dashboards.base import Name, Part, Words
from tutoraspects.dashboards.bindings import Binding, Params, listed, one_of, switch, text
from tutoraspects.dashboards.chart_types.common import Names, SomeNames
from tutoraspects.dashboards.charts import LEGEND, SCHEME, Chart, Grain


class Axes(Chart):
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
    def _window_fits(self) -> Axes:
        if (self.running == "mean") != (self.window is not None):
            raise ValueError("`window` and `running: mean` come together")
        return self

    def dimensions(self) -> list[str]:
        return [self.x, *self.by]

    def measures(self) -> list[str]:
        return list(self.metrics)


class Bar(Axes):
    """Bars over time or over values."""

    VIZ = "echarts_timeseries_bar"
    BINDINGS: ClassVar[tuple[Binding, ...]] = (
        *Axes.BINDINGS,
        one_of("horizontal", "orientation", {True: "horizontal", False: "vertical"}),
    )
    type: Literal["bar"]
    horizontal: bool = False


class Line(Axes):
    """Lines."""

    VIZ = "echarts_timeseries_line"
    CONSTANTS: ClassVar[Params] = {**Axes.CONSTANTS, "markerEnabled": True, "markerSize": 6}
    type: Literal["line"]


class Smooth(Axes):
    """Smooth lines."""

    VIZ = "echarts_timeseries_smooth"
    type: Literal["smooth"]


class Step(Axes):
    """Lines in steps."""

    VIZ = "echarts_timeseries_step"
    type: Literal["step"]


class Scatter(Axes):
    """Points."""

    VIZ = "echarts_timeseries_scatter"
    type: Literal["scatter"]


class Area(Axes):
    """Filled lines."""

    VIZ = "echarts_area"
    CONSTANTS: ClassVar[Params] = {**Axes.CONSTANTS, "opacity": 0.3}
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
