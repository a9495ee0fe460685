"""What scenarios do and count: send through Ralph or Vector, count on every shard."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.lab.lab import HttpAnswer, Lab
from tutoraspects.events.lrs import Endpoint
from tutoraspects.events.send import Pace, Summary, send

Statement = dict[str, Any]

RAW = {"ralph": ("xapi", "xapi_events_all"), "vector": ("openedx", "xapi_events_all")}
PARSED = ("xapi", "xapi_events_all_parsed")
QUARANTINE = ("xapi", "xapi_events_quarantine")


def wait_until(true: Callable[[], bool], what: str, timeout: float = 30.0) -> None:
    """Ask again and again until it is so. Fails the test after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}")
        time.sleep(0.05)


def endpoint(lab: Lab) -> Endpoint:
    return Endpoint(lab.ralph.url, lab.ralph.username, lab.ralph.password)


def through_ralph(lab: Lab, lines: Iterable[bytes], pace: Pace | None = None) -> Summary:
    """Send statements as event-routing-backends does."""
    return send(lines, endpoint(lab), pace)


def through_vector(lab: Lab, statements: Iterable[Statement], node: int = 0) -> HttpAnswer:
    """Insert statements as Vector's ClickHouse sink does: JSONEachRow, times at best effort."""
    rows = [
        {
            "event_id": statement["id"],
            "emission_time": statement["timestamp"],
            "event": json.dumps(statement, ensure_ascii=False),
        }
        for statement in statements
    ]
    return vector_rows(lab, rows, node)


def vector_rows(lab: Lab, rows: Iterable[dict[str, Any]], node: int = 0) -> HttpAnswer:
    """Rows for Vector's raw table as they are, sound or not."""
    return lab.http(
        "INSERT INTO openedx.xapi_events_all FORMAT JSONEachRow",
        "\n".join(json.dumps(row, ensure_ascii=False) for row in rows),
        node=node,
        user="vector",
        date_time_input_format="best_effort",
    )


@dataclass(frozen=True)
class Counts:
    """Of one table: rows and distinct events over all shards, and distinct events of each."""

    rows: int
    distinct: int
    shards: tuple[int, ...]


def count(lab: Lab, table: tuple[str, str]) -> Counts:
    """Count on every node itself, and distinct events through the front that clients use."""
    local = ".".join(table) + ("_local" if lab.cluster else "")
    answers = [
        rows[0] for rows in lab.on_nodes(f"SELECT count(), uniqExact(event_id) FROM {local}")
    ]
    front = lab.client()
    try:
        ((distinct,),) = front.execute(f"SELECT uniqExact(event_id) FROM {'.'.join(table)}")
    finally:
        front.disconnect()
    return Counts(sum(rows for rows, _ in answers), distinct, tuple(each for _, each in answers))


def assert_exactly(lab: Lab, table: tuple[str, str], events: int) -> Counts:
    """`events` distinct ones are stored, and no event is on two shards."""
    counts = count(lab, table)
    assert counts.distinct == events
    # Had the copies of an event not met on one shard, the shards' own counts would add up to more.
    assert sum(counts.shards) == events
    return counts


def merged(lab: Lab, table: tuple[str, str]) -> int:
    """Rows of a table over all shards after ClickHouse has merged everything it can."""
    local = ".".join(table) + ("_local" if lab.cluster else "")
    lab.on_nodes(f"OPTIMIZE TABLE {local} FINAL")
    return count(lab, table).rows


def settle(lab: Lab) -> None:
    """Make what is in Ralph's raw table look as if it had arrived two hours ago.

    The copies come last, so they are what stays of each row.
    """
    local = ".".join(RAW["ralph"]) + ("_local" if lab.cluster else "")
    lab.on_nodes(
        f"INSERT INTO {local} (event_id, emission_time, event, received_at) "
        "SETTINGS insert_allow_materialized_columns = 1 "
        f"SELECT event_id, emission_time, event, now() - INTERVAL 2 HOUR FROM {local}"
    )
    merged(lab, RAW["ralph"])


def query(lab: Lab, text: str, **options: Any) -> list[tuple[Any, ...]]:
    """Rows of a query on the first node, as the administrator."""
    client = lab.client()
    try:
        rows: list[tuple[Any, ...]] = client.execute(text, **options)
        return rows
    finally:
        client.disconnect()
