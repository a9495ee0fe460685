"""The model of a chart, and what most types of charts share; `chart_types` has the types."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from tutoraspects.dashboards.base import Key, Name, Part, Sentence, Uuid, Words
from tutoraspects.dashboards.bindings import Binding, Params

Grain = Literal["PT1H", "P1D", "P1W", "P1M", "P3M", "P1Y"]
Scalar = str | int | float | bool
_OPERATORS = {
    "=": ("==", "EQUALS"),
    "!=": ("!=", "NOT_EQUALS"),
    ">": (">", "GREATER_THAN"),
    ">=": (">=", "GREATER_THAN_OR_EQUAL"),
    "<": ("<", "LESS_THAN"),
    "<=": ("<=", "LESS_THAN_OR_EQUAL"),
    "in": ("IN", "IN"),
    "not in": ("NOT IN", "NOT_IN"),
    "set": ("IS NOT NULL", "IS_NOT_NULL"),
    "not set": ("IS NULL", "IS_NULL"),
}
_COLORS = {"good": "colorSuccessBg", "warning": "colorWarningBg", "bad": "colorErrorBg"}
_COMPARISONS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "between": "≤ x ≤"}
LEGEND: Params = {"show_legend": True, "legendType": "scroll", "legendOrientation": "top"}
SCHEME: Params = {"color_scheme": "supersetColors"}


class Filter(Part):
    """Rows that a chart counts: `{column: enrollment_status, op: "=", value: registered}`."""

    column: Name
    op: Literal["=", "!=", ">", ">=", "<", "<=", "in", "not in", "set", "not set"] = "="
    value: Scalar | list[Scalar] | None = None

    @model_validator(mode="after")
    def _value_fits(self) -> Filter:
        if self.op in ("set", "not set"):
            if self.value is not None:
                raise ValueError(f"`{self.op}` takes no value")
        elif self.value is None:
            raise ValueError(f"`{self.op}` needs a value")
        elif (self.op in ("in", "not in")) != isinstance(self.value, list):
            raise ValueError("`in` and `not in` take a list, everything else one value")
        return self

    def params(self) -> Params:
        """What Superset calls an adhoc filter."""
        operator, name = _OPERATORS[self.op]
        return {
            "clause": "WHERE",
            "expressionType": "SIMPLE",
            "subject": self.column,
            "operator": operator,
            "operatorId": name,
            "comparator": self.value,
            "filterOptionName": f"filter_{self.column}_{name.lower()}",
        }

    @staticmethod
    def fields_of(params: Params) -> dict[str, Any]:
        """The inverse of `params`."""
        signs = {there: here for here, (there, _) in _OPERATORS.items()}
        return {
            "column": params.get("subject"),
            "op": signs.get(params["operator"], params["operator"]),
            "value": params.get("comparator"),
        }


class Color(Part):
    """Cells of a metric that get a colour."""

    metric: Name
    color: Literal["good", "warning", "bad"]
    op: Literal["<", "<=", ">", ">=", "between"]
    than: float | int | None = None
    low: float | int | None = None
    high: float | int | None = None

    @model_validator(mode="after")
    def _bounds_fit(self) -> Color:
        between = self.op == "between"
        if between != (self.low is not None and self.high is not None):
            raise ValueError("`between` needs `low` and `high`, and only it has them")
        if between == (self.than is not None):
            raise ValueError("every comparison but `between` needs `than`")
        return self

    def params(self) -> Params:
        """What Superset calls conditional formatting."""
        found: Params = {
            "column": self.metric,
            "colorScheme": _COLORS[self.color],
            "operator": _COMPARISONS[self.op],
        }
        if self.op == "between":
            return {**found, "targetValueLeft": str(self.low), "targetValueRight": str(self.high)}
        return {**found, "targetValue": self.than}

    @staticmethod
    def fields_of(rule: Params) -> dict[str, Any]:
        """The inverse of `params`."""
        names = {there: here for here, there in _COLORS.items()}
        signs = {there: here for here, there in _COMPARISONS.items()}
        found: dict[str, Any] = {
            "metric": rule["column"],
            "color": names.get(rule["colorScheme"], rule["colorScheme"]),
            "op": signs.get(rule["operator"], rule["operator"]),
        }
        if found["op"] != "between":
            return found | {"than": rule["targetValue"]}
        return found | {
            "low": float(rule["targetValueLeft"]),
            "high": float(rule["targetValueRight"]),
        }


class Sort(Part):
    """Order of a table: by a metric of the dataset."""

    by: Name
    descending: bool = False


class Link(Part):
    """A column of links to another dashboard, whose filters take the row's values."""

    label: Words
    text: Words
    dashboard: Key
    set: dict[str, Name] = Field(description="Id of a filter there: column here.")


class Chart(Part):
    """What every chart has."""

    VIZ: ClassVar[str]
    CONSTANTS: ClassVar[Params] = {}
    BINDINGS: ClassVar[tuple[Binding, ...]] = ()

    chart: Key = Field(description="Its name in this dashboard.")
    uuid: Uuid | None = Field(None, description="Fixed; follows from the names when absent.")
    title: Words
    means: Sentence = Field(description="What it shows, in one sentence.")
    type: str
    dataset: Name
    width: int | None = Field(None, ge=1, le=12, description="Of 12; an equal share when absent.")
    height: int = Field(50, ge=10, le=100, description="In units of 8 pixels.")
    filters: list[Filter] = Field(default_factory=list)
    period: str | None = Field(
        None, description="Rows of this time, such as `Last quarter`; a filter overrules it."
    )
    limit: int = Field(10_000, ge=1, le=100_000, description="Rows at most.")
    personal_data: bool = Field(False, description="Left out where personal data is off.")

    def dimensions(self) -> list[str]:
        """Columns that it shows, in their order."""
        raise NotImplementedError

    def measures(self) -> list[str]:
        """Metrics of the dataset that it shows."""
        raise NotImplementedError

    def axis(self) -> str | None:
        """The column on the axis, which must be time where there is a grain."""
        return getattr(self, "x", None)

    def params(self) -> Params:
        """Superset's form data, without the data source and the filter by time."""
        found: Params = {"viz_type": self.VIZ, **self.CONSTANTS, "row_limit": self.limit}
        for binding in self.BINDINGS:
            binding.write(getattr(self, binding.field), found)
        found["adhoc_filters"] = [filter.params() for filter in self.filters]
        return found

    @classmethod
    def fields_of(cls, params: Params) -> dict[str, Any]:
        """The inverse of `params`: what a specification would say."""
        found = {binding.field: binding.read(params) for binding in cls.BINDINGS}
        return found | {"limit": int(params.get("row_limit") or 10_000)}
