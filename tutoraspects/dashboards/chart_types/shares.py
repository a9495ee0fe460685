"""Charts of how a metric is spread over groups."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tutoraspects.dashboards.base import Name, Words
from tutoraspects.dashboards.bindings import Binding, Params, listed, switch, text
from tutoraspects.dashboards.chart_types.common import Names, OneMetric, SomeNames
from tutoraspects.dashboards.charts import LEGEND, SCHEME, Chart, Grain

_GROUPS = (
    listed("by", "groupby"),
    Binding("metric", "metric"),
    Binding("format", "number_format"),
)


class Pie(OneMetric):
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


class Funnel(OneMetric):
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


class Treemap(OneMetric):
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


class Sunburst(OneMetric):
    """Shares of shares, as rings."""

    VIZ = "sunburst_v2"
    CONSTANTS: ClassVar[Params] = {**SCHEME, "show_labels": True, "label_type": "key"}
    BINDINGS: ClassVar[tuple[Binding, ...]] = (listed("by", "columns"), *_GROUPS[1:])
    type: Literal["sunburst"]
    by: SomeNames


class Heatmap(OneMetric):
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
