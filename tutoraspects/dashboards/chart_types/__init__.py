"""The types of charts, and the parameters that Superset wants for each."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from tutoraspects.dashboards.chart_types.axes import Area, Bar, Line, Mixed, Scatter, Smooth, Step
from tutoraspects.dashboards.chart_types.numbers import Number, Trend
from tutoraspects.dashboards.chart_types.shares import (
    Funnel,
    Heatmap,
    Histogram,
    Pie,
    Sunburst,
    Treemap,
)
from tutoraspects.dashboards.chart_types.tables import Handlebars, Pivot, Table
from tutoraspects.dashboards.charts import Chart

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
