"""The model of a dashboard: tabs, rows, charts and filters, one YAML file each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from tutoraspects.dashboards.base import Key, Name, Part, Prose, Sentence, Uuid, Words
from tutoraspects.dashboards.chart_types import AnyChart
from tutoraspects.dashboards.charts import Chart, Grain

FilterId = Annotated[str, StringConstraints(pattern=r"^NATIVE_FILTER-[A-Za-z0-9_-]+$")]


class _Filter(Part):
    """A filter of a dashboard."""

    name: Words
    id: FilterId | None = Field(None, description="Fixed; follows from the names when absent.")
    means: Sentence | None = None
    tabs: list[str] = Field(
        default_factory=list, description="Top tabs that it filters; all when absent."
    )


class SelectFilter(_Filter):
    """Some values of a column."""

    type: Literal["select"]
    dataset: Name
    column: Name
    parents: list[str] = Field(
        default_factory=list, description="Names of filters that limit what this one offers."
    )
    multiple: bool = False
    first: bool = Field(False, description="Begins with the first value.")
    required: bool = False


class TimeFilter(_Filter):
    """A span of time, as Superset writes it: `Last quarter`."""

    type: Literal["time"]
    default: str | None = None


class GrainFilter(_Filter):
    """The step of time axes."""

    type: Literal["grain"]
    dataset: Name
    default: Grain | None = None


AnyFilter = Annotated[SelectFilter | TimeFilter | GrainFilter, Field(discriminator="type")]


class Use(Part):
    """A chart of another dashboard, shown here too."""

    use: str = Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$", description="dashboard/chart")
    width: int | None = Field(None, ge=1, le=12)
    height: int | None = Field(None, ge=10, le=100)


class Text(Part):
    """A text in Markdown."""

    text: Prose
    width: int | None = Field(None, ge=1, le=12)
    height: int = Field(50, ge=5, le=100)


class Pile(Part):
    """Charts one above the other in a row."""

    pile: list[Cell] = Field(min_length=1)
    width: int = Field(ge=1, le=12)


def _kind(cell: Any) -> str:
    """The branch of a cell; no key of a specification has a space, so errors can leave it out."""
    if isinstance(cell, Part):
        return "a chart" if isinstance(cell, Chart) else f"a {type(cell).__name__.lower()}"
    keys = cell if isinstance(cell, dict) else {}
    return next((f"a {kind}" for kind in ("use", "text", "pile") if kind in keys), "a chart")


Cell = Annotated[
    Annotated[AnyChart, Tag("a chart")]
    | Annotated[Use, Tag("a use")]
    | Annotated[Text, Tag("a text")]
    | Annotated[Pile, Tag("a pile")],
    Discriminator(_kind),
]
Row = Annotated[list[Cell], Field(min_length=1)]
Pile.model_rebuild()


class Tab(Part):
    """A tab with rows, or with tabs."""

    tab: Words
    rows: list[Row] = Field(default_factory=list)
    tabs: list[Tab] = Field(default_factory=list)

    @model_validator(mode="after")
    def _holds_something(self) -> Tab:
        if not self.rows and not self.tabs:
            raise ValueError("a tab has `rows` or `tabs`")
        return self


class Dashboard(Part):
    """A dashboard."""

    dashboard: Key = Field(description="Its slug, the end of its address.")
    uuid: Uuid | None = Field(None, description="Fixed; follows from the slug when absent.")
    title: Words
    description: Sentence
    roles: list[Literal["instructor", "operator"]] = Field(
        min_length=1, description="Who sees it, by the roles of SUPERSET_ROLES_MAPPING."
    )
    embedded: bool = Field(False, description="LMS or Studio may show it inside their pages.")
    personal_data: bool = Field(False, description="Left out where personal data is off.")
    compact: bool = Field(False, description="Small margins, for the sidebar of Studio.")
    help: bool = Field(True, description="A tab that lists what each chart means.")
    filters: list[AnyFilter] = Field(default_factory=list)
    rows: list[Row] = Field(default_factory=list)
    tabs: list[Tab] = Field(default_factory=list)

    @model_validator(mode="after")
    def _holds_something(self) -> Dashboard:
        if not self.rows and not self.tabs:
            raise ValueError("a dashboard has `rows` or `tabs`")
        return self

    def cells(self) -> Iterator[tuple[str, Chart | Use | Text]]:
        """Charts, uses and texts with their paths, in the order of reading."""
        yield from _in_rows(self.rows, "rows")
        for number, tab in enumerate(self.tabs):
            yield from _in_tab(tab, f"tabs[{number}]")

    def charts(self) -> Iterator[Chart]:
        """The charts that are declared here."""
        for _, cell in self.cells():
            if isinstance(cell, Chart):
                yield cell


def _in_tab(tab: Tab, path: str) -> Iterator[tuple[str, Chart | Use | Text]]:
    yield from _in_rows(tab.rows, f"{path}.rows")
    for number, inner in enumerate(tab.tabs):
        yield from _in_tab(inner, f"{path}.tabs[{number}]")


def _in_rows(rows: list[list[Any]], path: str) -> Iterator[tuple[str, Chart | Use | Text]]:
    for number, row in enumerate(rows):
        yield from _in_row(row, f"{path}[{number}]")


def _in_row(cells: list[Any], path: str) -> Iterator[tuple[str, Chart | Use | Text]]:
    for number, cell in enumerate(cells):
        if isinstance(cell, Pile):
            yield from _in_row(cell.pile, f"{path}[{number}].pile")
        else:
            yield f"{path}[{number}]", cell
