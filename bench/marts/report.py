"""The result as Markdown, for docs/reference/benchmarks.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.grid import grid


def markdown(result: Mapping[str, Any]) -> str:
    sizes = result["reads"]["sizes"]
    largest = max(sizes, key=int)
    return "\n".join(
        (
            _build(result["build"]),
            _costs(result["costs"]),
            _growth(sizes),
            _dearest(largest, sizes[largest]["queries"]),
            _duplicates(result["reads"]["duplicates"]),
            _freshness(largest, result["freshness"]),
            grid(("Measured on", ""), result["machine"].items()),
        )
    )


def _build(seconds: Mapping[str, float]) -> str:
    return grid(
        ("Two shards", "seconds"),
        (
            ("`aspects dbt build` on empty tables, with its tests", f"{seconds['build']:.0f}"),
            ("`aspects dbt run` when nothing has changed", f"{seconds['run']:.0f}"),
        ),
    )


def _costs(costs: list[Mapping[str, Any]]) -> str:
    bare = costs[0]
    rows = [
        (
            item["case"],
            f"{item['cpu_us']:.1f}",
            f"{item['cpu_us'] / bare['cpu_us']:.1f}",
            f"{item['bytes']:.0f}",
        )
        for item in costs
    ]
    # Measured before this project began, on two cores of the same kind, with a million statements.
    rows.append(("upstream 6.1, raw table alone", "7.5", "1.0", ""))
    rows.append(("upstream 6.1, its whole chain", "110.0", "14.7", "345"))
    return grid(("Insert, 50,000 events a block", "CPU µs an event", "times raw", "bytes"), rows)


def _growth(sizes: Mapping[str, Any]) -> str:
    names = next(iter(sizes.values()))["queries"]
    rows = []
    for name, first in names.items():
        cells = []
        for size in sorted(sizes, key=int):
            found = sizes[size]["queries"][name]
            cells.append(f"{found['p50_ms']:,.0f} / {found['p95_ms']:,.0f}")
        rows.append((first["title"], *cells))
    return grid(
        ("p50 / p95 ms at so many events", *(f"{int(size):,}" for size in sorted(sizes, key=int))),
        rows,
    )


def _dearest(size: str, queries: Mapping[str, Any]) -> str:
    ten = sorted(queries.values(), key=lambda found: -found["p95_ms"])[:10]
    rows = (
        (
            found["title"],
            f"{found['p95_ms']:,.0f}",
            f"{found['max_ms']:,.0f}",
            f"{found['cpu_ms']:,.0f}",
            f"{found['rows_read']:,.0f}",
            f"{found['memory_mib']:,.0f}",
            found["reason"],
        )
        for found in ten
    )
    return grid(
        (
            f"The ten dearest at {int(size):,} events",
            "p95 ms",
            "max ms",
            "CPU ms",
            "rows read",
            "MiB",
            "why",
        ),
        rows,
    )


def _duplicates(found: Mapping[str, int]) -> str:
    return grid(
        ("The same before and after events were sent again", ""),
        ((name, f"{number:,}") for name, number in found.items()),
    )


def _freshness(size: str, found: Mapping[str, Mapping[str, float]]) -> str:
    return grid(
        (f"From Ralph's answer to the row, {int(size):,} events stored", "p50 ms", "p95 ms", "max"),
        (
            (mart, f"{one['p50_ms']:,.0f}", f"{one['p95_ms']:,.0f}", f"{one['max_ms']:,.0f}")
            for mart, one in found.items()
        ),
    )
