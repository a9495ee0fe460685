"""Charts of one number."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tutoraspects.dashboards.base import Name, Words
from tutoraspects.dashboards.bindings import Binding, Params, switch, text
from tutoraspects.dashboards.chart_types.common import OneMetric
from tutoraspects.dashboards.charts import Grain


class Number(OneMetric):
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


class Trend(OneMetric):
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
