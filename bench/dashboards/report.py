"""The result as Markdown, for docs/reference/benchmarks.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.dashboards.charts import p95
from bench.grid import grid

_PEOPLE = {"anna": "teacher of the largest course", "dean": "operator, every course"}


def markdown(result: Mapping[str, Any]) -> str:
    return "\n".join((_summary(result), _charts(result["charts"]), _steps(result)))


def _summary(result: Mapping[str, Any]) -> str:
    found = [one for one in result["charts"] if one["ms"]]
    rows = []
    for person, means in _PEOPLE.items():
        mine = [one for one in found if one["person"] == person]
        everything = [ms for one in mine for ms in one["ms"]]
        database = [one["database_ms"] for one in mine if one["database_ms"]]
        rows.append(
            (
                means,
                str(len(mine)),
                f"{sorted(everything)[len(everything) // 2]:,.0f}",
                f"{p95(everything):,.0f}",
                f"{max(everything):,.0f}",
                f"{p95(database):,.0f}",
            )
        )
    return grid(
        ("Charts, uncached", "charts", "p50 ms", "p95 ms", "max ms", "of it ClickHouse, p95 ms"),
        rows,
    )


def _charts(charts: list[Mapping[str, Any]]) -> str:
    rows = []
    for one in charts:
        if one["error"]:
            cells = ("", "", one["error"])
        else:
            database = f"{one['database_ms']:,.0f}" if one["database_ms"] else ""
            cells = (f"{one['rows']:,}", f"{one['median_ms']:,.0f}", database)
        rows.append((one["dashboard"], one["chart"], one["type"], *cells))
    return grid(("Dashboard", "Chart", "Type", "rows", "ms", "of it ClickHouse"), rows)


def _steps(result: Mapping[str, Any]) -> str:
    people = result["population"]
    largest = people["largest_course"]
    again = result["import_again"]
    facts = [
        ("events, courses, learners", f"{people['events']:,}, {people['courses']:,}, "
         f"{people['learners']:,}"),
        ("largest course", f"{largest['events']:,} events of {largest['learners']:,} learners"),
        ("a second import changed", f"{again['objects']:,} objects, {again['differences']}"),
        *((step, f"{seconds:.0f} s") for step, seconds in result["seconds"].items()),
        *result["machine"].items(),
    ]  # fmt: skip
    return grid(("Measured on", ""), facts)
