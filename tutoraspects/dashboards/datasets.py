"""The model of a dataset: rows that charts count, one YAML file each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from tutoraspects.dashboards.base import Name, Note, Part, Uuid, Words

Type = Literal["text", "number", "time", "boolean", "other"]
Mart = Annotated[str, StringConstraints(pattern=r"^(reporting|event_sink|xapi)\.[a-z][a-z0-9_]*$")]


class Column(Part):
    """A column of a dataset.

    It is the mart's column of the same name, or of the name `of`, or computed when a chart asks
    for it: by `sql`, or from another column as `padded`. `values` gives words to the values of
    `sql`, in the reader's language.
    """

    type: Type = "text"
    label: Words | None = None
    of: Name | None = None
    sql: str | None = None
    padded: Name | None = Field(
        None,
        description="Another column of texts such as `1:2:10 - Name`, written `01:02:10 - Name`: "
        "they sort as the course does.",
    )
    values: dict[str, Words] = Field(default_factory=dict)
    personal: bool = Field(False, description="It tells who a learner is.")

    @model_validator(mode="after")
    def _one_source(self) -> Column:
        if sum(source is not None for source in (self.of, self.sql, self.padded)) > 1:
            raise ValueError("a column has one of `of`, `sql` and `padded`")
        if self.values and not self.sql:
            raise ValueError("`values` needs `sql`, the expression whose values they are")
        return self

    @property
    def computed(self) -> bool:
        """Whether it is no column of the rows that are read."""
        return self.sql is not None or self.padded is not None


class Metric(Part):
    """A number over rows: a ClickHouse aggregate, its label, its d3 format such as `,d`, `.1%`."""

    sql: str
    label: Words
    format: str | None = None


class Dataset(Part):
    """Rows that charts count: of a mart, of a query over marts, or some of another dataset."""

    dataset: Name
    uuid: Uuid | None = Field(None, description="Fixed; follows from the name when absent.")
    description: Note
    audience: Literal["teacher", "operator"] = Field(
        description="Who may meet these rows. Those for teachers are limited to their courses."
    )
    database: Literal["clickhouse", "servers", "superset"] = Field(
        "clickhouse",
        description="Or what ClickHouse's servers tell of themselves, or Superset's own database.",
    )
    mart: Mart | None = Field(None, description="A mart, such as `reporting.fact_enrollments`,")
    sql: str | None = Field(None, description="or a query over marts,")
    extends: Name | None = Field(None, description="or another dataset with its metrics,")
    where: str | None = Field(None, description="of which only these rows.")
    narrow: Literal["courses", "learners", "no"] = Field(
        "courses", description="Which filters of a dashboard narrow the mart before it is read."
    )
    place: Literal["reporting", "event_sink", "xapi", "system", "superset"] = Field(
        "reporting", description="The database under which Superset lists it."
    )
    time: Name | None = Field(None, description="The column to which time filters refer.")
    row_filter: Name | None = Field(
        None, description="The column by which rows are limited to the courses of a teacher."
    )
    columns: dict[Name, Column] = Field(default_factory=dict)
    metrics: dict[Name, Metric] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> Dataset:
        if sum(source is not None for source in (self.mart, self.sql, self.extends)) != 1:
            raise ValueError("a dataset has exactly one of `mart`, `sql` and `extends`")
        if (self.extends is None) != (self.where is None):
            raise ValueError("`extends` and `where` come together")
        if self.extends and (self.columns or self.metrics or self.time):
            raise ValueError("a dataset with `extends` has the columns and metrics of the other")
        if not self.extends and not self.columns:
            raise ValueError("a dataset lists its columns")
        if self.database != "clickhouse" and self.audience != "operator":
            raise ValueError(f"`database: {self.database}` is for `audience: operator`")
        for name, column in self.columns.items():
            other = self.columns.get(column.padded or name)
            if column.padded and (other is None or other.computed):
                raise ValueError(f"`padded` of {name} names no column of rows: '{column.padded}'")
        if not self.mart and self.narrow != "courses":
            raise ValueError("`narrow` is for `mart`; a query says narrowed(...) itself")
        return self
