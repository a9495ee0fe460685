"""What no single file can tell: that names lead somewhere, that rows of teachers are limited."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from tutoraspects.dashboards.catalogue import SHIPPED, Catalogue, read
from tutoraspects.dashboards.chart_types.tables import Table
from tutoraspects.dashboards.charts import Chart
from tutoraspects.dashboards.datasets import Dataset
from tutoraspects.dashboards.model import (
    Dashboard,
    GrainFilter,
    SelectFilter,
    Tab,
    TimeFilter,
    Use,
)
from tutoraspects.dashboards.problems import Problem, nearest, steps_of
from tutoraspects.dashboards.sql import bare_system_tables, marts_of, query_of, reads_system
from tutoraspects.dashboards.unique import duplicates
from tutoraspects.errors import AspectsError

# What a guest token of the LMS filters by, on every dataset behind an embedded chart.
GUEST_COLUMNS = ("org", "course_key")
# Comments and tags of Jinja, which may stand before a query.
_BESIDE = re.compile(r"--[^\n]*|/\*.*?\*/|\{[%#].*?[%#]\}", re.DOTALL)
Marts = Mapping[str, Collection[str]]


def load(folders: tuple[Path, ...] = (), marts: Marts | None = None) -> Catalogue:
    """The shipped specifications and those of further folders, checked.

    `marts`: columns by mart, when known. Raises AspectsError with the first problem.
    """
    catalogue, problems = examine((SHIPPED, *folders), marts)
    if problems:
        more = f" ({len(problems) - 1} more: `aspects dashboards validate`)" if problems[1:] else ""
        raise AspectsError(f"{problems[0]}{more}")
    return catalogue


def examine(
    folders: tuple[Path, ...], marts: Marts | None = None
) -> tuple[Catalogue, list[Problem]]:
    """Read and check; all problems, in the order of files."""
    catalogue, problems = read(folders)
    if not problems:
        for dataset in catalogue.datasets.values():
            problems += _dataset(dataset, catalogue, marts)
    # A file that could not be read would make everything that names it a problem.
    if not problems:
        for dashboard in catalogue.dashboards.values():
            problems += _dashboard(dashboard, catalogue)
        problems += duplicates(catalogue)
    return catalogue, problems


def _dataset(dataset: Dataset, catalogue: Catalogue, marts: Marts | None) -> Iterator[Problem]:
    source = catalogue.source(dataset)
    if dataset.extends:
        if dataset.extends not in catalogue.datasets:
            near = nearest(dataset.extends, catalogue.datasets)
            yield source.problem(["extends"], f"there is no dataset '{dataset.extends}'{near}")
            return
        if catalogue.datasets[dataset.extends].extends:
            yield source.problem(["extends"], f"'{dataset.extends}' extends another one itself")
            return
    columns = catalogue.columns(dataset.dataset)
    for key in ("time", "row_filter"):
        name = getattr(dataset, key)
        if name and name not in columns:
            yield source.problem([key], f"there is no column '{name}'{nearest(name, columns)}")
    if dataset.time and dataset.time in columns and columns[dataset.time].type != "time":
        yield source.problem(["time"], f"the column '{dataset.time}' has not the type time")
    if dataset.audience == "teacher":
        missing = [name for name in GUEST_COLUMNS if name not in columns]
        if missing:
            yield source.problem(
                ["columns"],
                f"a dataset for teachers needs the column '{missing[0]}', by which the LMS limits "
                "what it embeds",
            )
        elif not dataset.row_filter:
            yield source.problem(
                [], "a dataset for teachers needs `row_filter`, the column with the course"
            )
    twice = sorted(set(columns) & set(catalogue.metrics(dataset.dataset)))
    if twice:
        yield source.problem(["metrics", twice[0]], f"a column is called '{twice[0]}', too")
    for name, metric in dataset.metrics.items():
        if metric.sql.count("(") != metric.sql.count(")"):
            yield source.problem(["metrics", name, "sql"], "a bracket is open or closed too often")
    yield from _query(dataset, catalogue, marts)


def _query(dataset: Dataset, catalogue: Catalogue, marts: Marts | None) -> Iterator[Problem]:
    source = catalogue.source(dataset)
    sql = query_of(dataset, catalogue.datasets)
    where = next(key for key in ("mart", "sql", "where") if getattr(dataset, key))
    for table in bare_system_tables(sql)[:1]:
        yield source.problem(
            [where], f"{table} tells of one node only: write everywhere({table}) for the cluster"
        )
    if dataset.database == "clickhouse" and reads_system(sql):
        yield source.problem(
            [where], "only the servers' user reads system: add `database: servers`"
        )
    if not re.match(r"\W*(SELECT|WITH)\b", _BESIDE.sub("", sql), re.IGNORECASE):
        yield source.problem([where], "a query begins with SELECT or WITH")
    if ";" in sql:
        yield source.problem([where], "a query has no semicolon")
    if sql.count("(") != sql.count(")"):
        yield source.problem([where], "a bracket is open or closed too often")
    outside = [name for name in marts_of(sql) if name.startswith("superset.")]
    if dataset.database == "clickhouse" and outside:
        yield source.problem([where], f"{outside[0]} is in Superset's own database")
    if marts is None or dataset.database != "clickhouse":
        return
    for name in marts_of(sql):
        if name not in marts:
            yield source.problem([where], f"there is no mart '{name}'{nearest(name, marts)}")
            return
    if dataset.mart:
        known = marts[dataset.mart]
        for name, column in dataset.columns.items():
            read_column = column.of or name
            if not column.computed and read_column not in known:
                near = nearest(read_column, known)
                yield source.problem(
                    ["columns", name], f"{dataset.mart} has no column '{read_column}'{near}"
                )


def _dashboard(dashboard: Dashboard, catalogue: Catalogue) -> Iterator[Problem]:
    source = catalogue.source(dashboard)
    seen: set[str] = set()
    for path, cell in dashboard.cells():
        steps = steps_of(path)
        if isinstance(cell, Chart):
            if cell.chart in seen:
                yield source.problem([*steps, "chart"], f"there are two charts '{cell.chart}'")
            seen.add(cell.chart)
            for key, message in _chart(cell, dashboard, catalogue):
                yield source.problem([*steps, *key], message)
        elif isinstance(cell, Use):
            slug, _, name = cell.use.partition("/")
            if not catalogue.chart(slug, name):
                known = [
                    f"{other.dashboard}/{chart.chart}"
                    for other in catalogue.dashboards.values()
                    for chart in other.charts()
                ]
                yield source.problem(
                    [*steps, "use"], f"there is no chart '{cell.use}'{nearest(cell.use, known)}"
                )
    for steps, row in _rows(dashboard):
        # A chart without a width needs a column at least.
        width = sum(cell.width or 1 for cell in row)
        if width > 12:
            yield source.problem(steps, f"a row has 12 columns, and these charts need {width}")
    yield from _filters(dashboard, catalogue)
    yield from _personal(dashboard, catalogue)


def _rows(part: Dashboard | Tab, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[list, list]]:  # type: ignore[type-arg]
    for number, row in enumerate(part.rows):
        yield [*steps, "rows", number], row
    for number, tab in enumerate(part.tabs):
        yield from _rows(tab, (*steps, "tabs", number))


def _chart(
    chart: Chart, dashboard: Dashboard, catalogue: Catalogue
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Keys in the chart, and what is wrong there."""
    if chart.dataset not in catalogue.datasets:
        near = nearest(chart.dataset, catalogue.datasets)
        yield ("dataset",), f"there is no dataset '{chart.dataset}'{near}"
        return
    dataset = catalogue.datasets[chart.dataset]
    columns = catalogue.columns(chart.dataset)
    metrics = catalogue.metrics(chart.dataset)
    if dataset.audience == "operator" and "instructor" in dashboard.roles:
        yield ("dataset",), f"instructors must not meet '{chart.dataset}', which is for operators"
    for name in chart.dimensions():
        if name not in columns:
            yield (
                (_key_of(chart, name),),
                f"the dataset '{chart.dataset}' has no column '{name}'{nearest(name, columns)}",
            )
    for name in chart.measures():
        if name not in metrics:
            yield (
                (_key_of(chart, name),),
                f"the dataset '{chart.dataset}' has no metric '{name}'{nearest(name, metrics)}",
            )
    for key, value in chart.plain().items():
        # Superset refuses the query of such a chart.
        names = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            yield (key,), f"'{twice}' stands twice"
    for number, rule in enumerate(chart.filters):
        if rule.column not in columns:
            yield (
                ("filters", number, "column"),
                f"the dataset '{chart.dataset}' has no column '{rule.column}'"
                f"{nearest(rule.column, columns)}",
            )
    grain, axis = getattr(chart, "grain", None), chart.axis()
    if axis in columns:
        is_time = columns[str(axis)].type == "time"
        if is_time and not grain:
            yield ("x",), f"'{axis}' is time, so the chart needs `grain`, such as P1D"
        if grain and not is_time:
            yield ("grain",), f"'{axis}' is not time, so the chart has no `grain`"
    if chart.period and not catalogue.time(chart.dataset):
        yield ("period",), f"the dataset '{chart.dataset}' has no `time`"
    if isinstance(chart, Table):
        yield from _table(chart, catalogue)


def _table(chart: Table, catalogue: Catalogue) -> Iterator[tuple[tuple[str | int, ...], str]]:
    columns, metrics = catalogue.columns(chart.dataset), catalogue.metrics(chart.dataset)
    if chart.sort and chart.sort.by not in metrics:
        yield (
            ("sort", "by"),
            f"the dataset '{chart.dataset}' has no metric '{chart.sort.by}'"
            f"{nearest(chart.sort.by, metrics)}",
        )
    if chart.greatest and chart.greatest not in columns:
        near = nearest(chart.greatest, columns)
        message = f"the dataset '{chart.dataset}' has no column '{chart.greatest}'{near}"
        yield ("greatest",), message
    for number, color in enumerate(chart.colors):
        if color.metric not in chart.metrics:
            message = f"the table shows no metric '{color.metric}'{nearest(color.metric, metrics)}"
            yield ("colors", number, "metric"), message
    for number, link in enumerate(chart.links):
        other = catalogue.dashboards.get(link.dashboard)
        if other is None:
            near = nearest(link.dashboard, catalogue.dashboards)
            yield (
                ("links", number, "dashboard"),
                f"there is no dashboard '{link.dashboard}'{near}",
            )
            continue
        filters = {filter.name for filter in other.filters}
        for name, column in link.set.items():
            if name not in filters:
                near = nearest(name, filters)
                message = f"the dashboard '{link.dashboard}' has no filter '{name}'{near}"
                yield ("links", number, "set"), message
            if column not in chart.by:
                message = f"the table has no column '{column}'{nearest(column, chart.by)}"
                yield ("links", number, "set", name), message


def _key_of(chart: Chart, name: str) -> str:
    """The key of a chart that says a name."""
    for key, value in chart.plain().items():
        if value == name or (isinstance(value, list) and name in value):
            return key
    return "dataset"


def _filters(dashboard: Dashboard, catalogue: Catalogue) -> Iterator[Problem]:
    source = catalogue.source(dashboard)
    names = [filter.name for filter in dashboard.filters]
    tabs = [tab.tab for tab in dashboard.tabs]
    for number, rule in enumerate(dashboard.filters):
        steps: list[str | int] = ["filters", number]
        if names.index(rule.name) != number:
            yield source.problem([*steps, "name"], f"there are two filters '{rule.name}'")
        for tab in rule.tabs:
            if tab not in tabs:
                yield source.problem(
                    [*steps, "tabs"], f"there is no top tab '{tab}'{nearest(tab, tabs)}"
                )
        if isinstance(rule, TimeFilter):
            continue
        if rule.dataset not in catalogue.datasets:
            near = nearest(rule.dataset, catalogue.datasets)
            yield source.problem([*steps, "dataset"], f"there is no dataset '{rule.dataset}'{near}")
            continue
        if isinstance(rule, GrainFilter):
            continue
        columns = catalogue.columns(rule.dataset)
        if rule.column not in columns:
            yield source.problem(
                [*steps, "column"],
                f"the dataset '{rule.dataset}' has no column '{rule.column}'"
                f"{nearest(rule.column, columns)}",
            )
        if (
            catalogue.datasets[rule.dataset].audience == "operator"
            and "instructor" in dashboard.roles
        ):
            yield source.problem(
                [*steps, "dataset"],
                f"instructors must not meet '{rule.dataset}', which is for operators",
            )
        for parent in rule.parents:
            if parent not in names[:number]:
                known = names[:number]
                yield source.problem(
                    [*steps, "parents"],
                    f"no filter '{parent}' stands before this one{nearest(parent, known)}",
                )


def _personal(dashboard: Dashboard, catalogue: Catalogue) -> Iterator[Problem]:
    """Charts that tell who learners are say so."""
    if dashboard.personal_data:
        return
    source = catalogue.source(dashboard)
    for path, cell in dashboard.cells():
        if isinstance(cell, Chart) and not cell.personal_data:
            columns = catalogue.columns(cell.dataset) if cell.dataset in catalogue.datasets else {}
            for name in cell.dimensions():
                if name in columns and columns[name].personal:
                    yield source.problem(
                        [*steps_of(path), "personal_data"],
                        f"'{name}' tells who a learner is: mark the chart or the dashboard with "
                        "`personal_data: true`",
                    )
                    break
    for number, rule in enumerate(dashboard.filters):
        if isinstance(rule, SelectFilter) and rule.dataset in catalogue.datasets:
            column = catalogue.columns(rule.dataset).get(rule.column)
            if column and column.personal:
                yield source.problem(
                    ["filters", number],
                    f"'{rule.column}' tells who a learner is: mark the dashboard with "
                    "`personal_data: true`",
                )
