"""The measurements: ingest through Ralph, ClickHouse's own insert, and the existence check."""

from __future__ import annotations

import json
import statistics
import struct
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import client
from bench.front import Front
from bench.ingest.sides import RAW, Side
from bench.statements import Templates, request_head
from tests.lab.processes import LabError

# The question that Ralph's ClickHouse backend asks before each insert.
EXISTENCE = f"SELECT event FROM {RAW} WHERE event_id IN ({{ids:Array(String)}}) FORMAT Native"


@dataclass(frozen=True)
class Round:
    """One round of requests. Rates per second, times in milliseconds, CPU in microseconds."""

    events: int
    events_per_second: float
    p50_ms: float
    p99_ms: float
    clickhouse_us: float
    ralph_us: float
    queue_us: float
    client_us: float


@dataclass(frozen=True)
class Check:
    """Existence checks for some unknown ids."""

    rows_read: float
    milliseconds: float
    cpu_ms: float


def warm_up(front: Front, templates: Templates, folder: Path) -> None:
    """Let every worker of Ralph check the password (which is slow on purpose) and connect."""
    file = folder / "warm-up"
    ralph = front.ralph
    client.write_requests(file, request_head(ralph), templates.bodies(6 * ralph.workers, 1))
    load = client.run(ralph.port, 2 * ralph.workers, 60, file)
    if load.refused:
        raise LabError(f"Ralph answered {load.refusal}")


def ingest(
    side: Side,
    way: str,
    templates: Templates,
    folder: Path,
    batch: int,
    connections: int,
    seconds: float,
    most: int,
) -> Round:
    """One round: `connections` clients send batches for `seconds`, each waiting for its answer.

    At most `most` events. Raises LabError when Ralph refuses a request, or when ClickHouse does
    not hold exactly what was acknowledged.
    """
    front = side.fronts[way]
    ralph = front.ralph
    file = folder / "requests"
    client.write_requests(file, request_head(ralph), templates.bodies(most // batch, batch))
    before = side.number(f"SELECT count() FROM {RAW}")
    cpu = _cpu(side, front)
    load = client.run(ralph.port, connections, seconds, file)
    side.settle()
    spent = [after - start for after, start in zip(_cpu(side, front), cpu, strict=True)]
    file.unlink()
    if load.refused:
        raise LabError(f"{side.name}: Ralph refused {load.refused} requests: {load.refusal}")
    events = load.requests * batch
    stored = side.number(f"SELECT count() FROM {RAW}") - before
    if stored != events:
        raise LabError(f"{side.name}: {events} events acknowledged, {stored} stored")
    return Round(
        events=events,
        events_per_second=events / load.seconds,
        p50_ms=load.percentile(0.5),
        p99_ms=load.percentile(0.99),
        clickhouse_us=spent[0] / events * 1e6,
        ralph_us=spent[1] / events * 1e6,
        queue_us=spent[2] / events * 1e6,
        client_us=load.cpu_seconds / events * 1e6,
    )


def _cpu(side: Side, front: Front) -> tuple[float, float, float]:
    queue = front.queue.cpu_seconds() if front.queue else 0.0
    return side.cpu(), front.ralph.cpu_seconds(), queue


def raw_rate(side: Side, templates: Templates, rows: int, batch: int) -> float:
    """Events a second of plain INSERTs into the raw table, `batch` rows each, one at a time."""
    blocks = [b"".join(_row_binary(templates, batch)) for _ in range(max(1, rows // batch))]
    began = time.monotonic()
    for block in blocks:
        side.ask(f"INSERT INTO {RAW} FORMAT RowBinary", block, login=side.ralph_login)
    return len(blocks) * batch / (time.monotonic() - began)


def _row_binary(templates: Templates, rows: int) -> Iterator[bytes]:
    for made, now, text in templates.rows(rows):
        halves = struct.pack("<QQ", made.int >> 64, made.int & (2**64 - 1))
        yield halves + struct.pack("<q", int(now.timestamp() * 1e6)) + _length(len(text)) + text


def _length(number: int) -> bytes:
    """LEB128, as RowBinary has the length of a text."""
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])


def existence(side: Side, ids: int, times: int, login: tuple[str, str]) -> Check:
    """Ask for unknown ids, as this user; medians of `times`."""
    rows, took = [], []
    began = side.cpu()
    for _ in range(times):
        unknown = ",".join(f"'{uuid.uuid4()}'" for _ in range(ids))
        start = time.monotonic()
        answer = side.ask(
            EXISTENCE,
            login=login,
            parameters={"param_ids": f"[{unknown}]", "wait_end_of_query": "1"},
        )
        took.append((time.monotonic() - start) * 1000)
        rows.append(int(json.loads(answer.headers["X-ClickHouse-Summary"])["read_rows"]))
    return Check(
        rows_read=statistics.mean(rows),
        milliseconds=statistics.median(took),
        cpu_ms=(side.cpu() - began) / times * 1000,
    )
