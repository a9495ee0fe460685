"""SQL of datasets: from what a specification says to what Superset runs, and back.

A specification reads marts as `reporting.dim_student_status`, whatever the databases are called.
`narrowed(mart)` is the mart, limited to the courses that a dashboard's filters choose before
anything is joined or counted; `narrowed_to_learners(mart)` also to the learners.
`everywhere(system.x)` is a system table of the whole cluster, not of the node that answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tutoraspects.dashboards.datasets import Dataset
from tutoraspects.dashboards.target import Target

_MART = re.compile(r"\b(reporting|event_sink|xapi|superset)\.([a-z][a-z0-9_]*)")
_SYSTEM = re.compile(r"(?<!\()\bsystem\.[a-z_]+")
_NARROWED = re.compile(r"\b(narrowed|narrowed_to_learners)\(([a-z_]+\.[a-z0-9_]+)\)")
_EVERYWHERE = re.compile(r"\beverywhere\((system\.[a-z_]+)\)")
_PARSED = "xapi_events_all_parsed"

# Zeros before each number, then all that are more than two digits need. Marts repeat a few texts in
# many rows: with a dictionary each text is searched once. No colon before a letter or a digit that
# is not escaped: SQLAlchemy would take it for a parameter.
_PADDED = (
    r"replaceRegexpOne(replaceRegexpOne(toLowCardinality({}), "
    r"'([0-9]+):([0-9]+):([0-9]+) - ', '0\\1:0\\2:0\\3 - '), "
    r"'0*([0-9][0-9]+)[:]0*([0-9][0-9]+)[:]0*([0-9][0-9]+) - ', '\\1:\\2:\\3 - ')"
)
_OF_PADDED = re.compile(re.escape(_PADDED).replace(re.escape("{}"), "([a-z_][a-z0-9_]*)"))


def padded(column: str) -> str:
    """A text such as `1:2:10 - Name` as `01:02:10 - Name`; others stay as they are."""
    return _PADDED.format(column)


def of_padded(expression: str) -> str | None:
    """The column of which an expression is `padded`."""
    found = _OF_PADDED.fullmatch(expression)
    return found[1] if found else None


def _chosen(column: str) -> str:
    return f"filter_values('{column}')"


def _limit(column: str) -> str:
    return (
        "{% if " + _chosen(column) + " %} AND " + column
        + " IN {{ " + _chosen(column) + " | where_in }}{% endif %}"
    )  # fmt: skip


def _among(key: str, mart: str, columns: tuple[str, ...]) -> str:
    """The key is among those whose rows in a mart have the values that filters choose."""
    return (
        "{% if " + " or ".join(map(_chosen, columns)) + " %}"
        + f" AND {key} IN (SELECT {key} FROM {mart} WHERE 1 = 1"
        + "".join(map(_limit, columns))
        + "){% endif %}"
    )  # fmt: skip


_COURSES = (
    _limit("org")
    + _among("course_key", "event_sink.dim_course_names", ("course_name", "course_run"))
    + _among("course_key", "reporting.dim_most_recent_course_tags", ("tag",))
)
_LEARNERS = _among("actor_id", "reporting.dim_user_pii", ("username", "name", "email"))
_CONDITIONS = {"narrowed": _COURSES, "narrowed_to_learners": _COURSES + _LEARNERS}


def _narrowing(function: str, mart: str) -> str:
    return f"(SELECT * FROM {mart} WHERE 1 = 1{_CONDITIONS[function]})"


def expanded(sql: str, target: Target) -> str:
    """What Superset runs."""
    sql = _NARROWED.sub(lambda call: _narrowing(call[1], call[2]), sql)
    sql = _EVERYWHERE.sub(lambda call: _everywhere(call[1], target), sql)
    return _MART.sub(lambda name: _real(name[1], name[2], target), sql)


def restored(sql: str, target: Target) -> str:
    """The inverse of `expanded`, with the same target."""
    for here, there in target.databases.items():
        sql = re.sub(rf"\b{re.escape(there)}\.(?=[a-z])", f"{here}.", sql)
    sql = re.sub(rf"\bxapi\.{re.escape(target.parsed_table)}\b", f"xapi.{_PARSED}", sql)
    # The longer condition first: the shorter is its beginning.
    for function in sorted(_CONDITIONS, key=len, reverse=True):
        pattern = (
            r"\(SELECT \* FROM ([a-z_]+\.[a-z0-9_]+) WHERE 1 = 1"
            + re.escape(_CONDITIONS[function])
            + r"\)"
        )
        sql = re.sub(pattern, rf"{function}(\1)", sql)
    if target.cluster:
        name = re.escape(target.cluster)
        return re.sub(
            rf"\bclusterAllReplicas\('{name}', (system\.[a-z_]+)\)", r"everywhere(\1)", sql
        )
    return _SYSTEM.sub(lambda name: f"everywhere({name[0]})", sql)


def query_of(dataset: Dataset, datasets: dict[str, Dataset]) -> str:
    """The query of a dataset in the words of specifications."""
    if dataset.sql:
        return dataset.sql.strip()
    if dataset.extends:
        inner = query_of(datasets[dataset.extends], datasets)
        return f"SELECT *\nFROM (\n{inner}\n) AS base\nWHERE {str(dataset.where).strip()}"
    columns = ",\n".join(
        f"    {column.of} AS {name}" if column.of else f"    {name}"
        for name, column in dataset.columns.items()
        if not column.computed
    )
    functions = {"courses": "narrowed({})", "learners": "narrowed_to_learners({})", "no": "{}"}
    mart = functions[dataset.narrow].format(dataset.mart)
    return f"SELECT\n{columns}\nFROM {mart} AS mart"


def marts_of(sql: str) -> Iterator[str]:
    """Marts and tables that a query in the words of specifications reads."""
    for database, name in _MART.findall(sql):
        yield f"{database}.{name}"


def bare_system_tables(sql: str) -> list[str]:
    """System tables that a query reads on one node only."""
    return _SYSTEM.findall(sql)


def reads_system(sql: str) -> bool:
    """Whether a query reads any system table."""
    return re.search(r"\bsystem\.[a-z_]+", sql) is not None


def _everywhere(table: str, target: Target) -> str:
    return f"clusterAllReplicas('{target.cluster}', {table})" if target.cluster else table


def _real(database: str, name: str, target: Target) -> str:
    if database == "xapi" and name == _PARSED:
        name = target.parsed_table
    return f"{target.databases[database]}.{name}"
