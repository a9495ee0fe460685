"""The result as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.grid import grid

CASES = {"100": "batches of 100", "1": "single statements"}
_WAYS = {"queued": "inserts queued as by a real server", "immediate": "every insert at once"}


def markdown(result: Mapping[str, Any]) -> str:
    """What docs/reference/benchmarks.md shows of bench/results/ingest.json."""
    sections = (
        *(_throughput(called, result["ingest"][way]) for way, called in _WAYS.items()),
        *(_cpu(called, result["ingest"][way]) for way, called in _WAYS.items()),
        _raw(result),
        _checks(result),
        _facts(result["machine"]),
    )
    return "\n".join(sections)


def _throughput(way: str, by_case: Mapping[str, Any]) -> str:
    rows = []
    for case, name in CASES.items():
        for side, one in by_case[case].items():
            ratio = "" if side == "upstream" else f"{one['ratio']:.1f}"
            rows.append(
                (
                    f"{name}, {side}",
                    f"{one['events_per_second']:,.0f}",
                    ratio,
                    f"{one['p50_ms']:,.0f}",
                    f"{one['p99_ms']:,.0f}",
                )
            )
    return grid((f"Through Ralph, {way}", "events/s", "times upstream", "p50 ms", "p99 ms"), rows)


def _cpu(way: str, by_case: Mapping[str, Any]) -> str:
    parts = ("clickhouse_us", "ralph_us", "queue_us", "client_us")
    rows = [
        (f"{name}, {side}", *(f"{one[part]:,.0f}" for part in parts))
        for case, name in CASES.items()
        for side, one in by_case[case].items()
    ]
    heading = (f"CPU µs per event, {way}", "ClickHouse", "Ralph", "insert queue", "load client")
    return grid(heading, rows)


def _raw(result: Mapping[str, Any]) -> str:
    rows = []
    for side, raw in result["raw"].items():
        rows.append(
            (
                side,
                f"{raw['bulk']:,.0f}",
                f"{raw['batches']:,.0f}",
                f"{raw['share_of_bulk']:.1%}",
                f"{raw['share_of_batches']:.0%}",
            )
        )
    heading = (
        "Without Ralph",
        f"rows/s, {result['bulk_rows']:,} an INSERT",
        "rows/s, 100 an INSERT",
        "Ralph reaches of the first",
        "of the second",
    )
    return grid(heading, rows)


def _checks(result: Mapping[str, Any]) -> str:
    rows = []
    for check in result["checks"]:
        rows.append(
            (
                f"{check['stored'] / 1e6:g} million, {check['ids']} ids, {check['who']}",
                f"{check['rows_read']:,.0f}",
                f"{check['milliseconds']:.1f}",
                f"{check['cpu_ms']:.1f}",
            )
        )
    return grid(("Existence check, stored events", "rows read", "ms", "CPU ms"), rows)


def _facts(facts: Mapping[str, str]) -> str:
    return grid(("Measured on", ""), facts.items())
