"""The events that are stored before a benchmark begins: the same on both sides.

Generated statements are written to the first node once. The server then makes copies of them with
other ids and times, so that millions of rows need no client: copy k lies k slices back in time,
as on a site with an even number of events a day.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from bench.ingest.sides import RAW, Side
from tutoraspects.events.stream import Generator

SEED_ROWS = 20_000
EVENTS_PER_DAY = 5_000_000 / 120
_SEED = "bench.seed"
_SECONDS_PER_COPY = SEED_ROWS / EVENTS_PER_DAY * 86_400


def prepare(side: Side) -> None:
    """Write the statements that copies are made of."""
    side.ask("CREATE DATABASE bench")
    side.ask(
        f"CREATE TABLE {_SEED} (n UInt32, id String, time String, event String) "
        "ENGINE = MergeTree ORDER BY n"
    )
    rows = []
    for number, line in enumerate(Generator(seed=3, count=SEED_ROWS).lines()):
        statement = json.loads(line)
        rows.append(json.dumps([number, statement["id"], statement["timestamp"], line.decode()]))
    side.ask(f"INSERT INTO {_SEED} FORMAT JSONCompactEachRow", "\n".join(rows).encode())


def extend(
    side: Side, stored: int, wanted: int, told: Callable[[int], None] = lambda rows: None
) -> int:
    """Make the history `wanted` events long where it is `stored` long; returns its length."""
    copy = stored // SEED_ROWS
    while stored < wanted:
        side.ask(f"INSERT INTO {RAW} {_copy(copy)}", parameters={"async_insert": "0"})
        copy += 1
        stored += SEED_ROWS
        told(stored)
    return stored


def _copy(number: int) -> str:
    """Rows of copy `number`: ids are version 5 as those of event-routing-backends."""
    back = number * _SECONDS_PER_COPY
    step = _SECONDS_PER_COPY / SEED_ROWS
    return (
        f"WITH lower(hex(MD5(concat(id, '-{number}')))) AS h, "
        "concat(substring(h, 1, 8), '-', substring(h, 9, 4), '-5', substring(h, 14, 3), '-a', "
        "substring(h, 18, 3), '-', substring(h, 21, 12)) AS fresh, "
        "fromUnixTimestamp64Micro(toUnixTimestamp64Micro(now64(6)) "
        f"- toInt64(({back} + n * {step}) * 1000000)) AS moment "
        "SELECT toUUID(fresh) AS event_id, moment AS emission_time, "
        "replaceOne(replaceOne(event, id, fresh), time, "
        "concat(replaceOne(toString(moment, 'UTC'), ' ', 'T'), '+00:00')) AS event "
        f"FROM {_SEED}"
    )
