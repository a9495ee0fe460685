"""Statements for the benchmark of the marts, and the courses that they are about."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator

import click

from tests.lab.lab import Lab
from tests.lab.processes import LabError
from tutoraspects.events.sinks import FIELDS, dumps
from tutoraspects.events.stream import Generator

RAW = "xapi.xapi_events_all"
_QUIET_SECONDS = 3.0
_SEED = "bench.seed"
_ROWS = 50_000
_PUBLISHED = ("course_overviews", "course_blocks")


def say(line: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)


def bodies(generator: Generator, count: int, rows: int = _ROWS) -> Iterator[bytes]:
    """`count` statements as bodies of `rows` JSON lines, as Vector and Ralph insert them."""
    lines: list[str] = []
    for number, line in enumerate(generator.lines()):
        if number == count:
            break
        statement = json.loads(line)
        lines.append(json.dumps([statement["id"], statement["timestamp"], line.decode()]))
        if len(lines) == rows:
            yield "\n".join(lines).encode()
            lines = []
    if lines:
        yield "\n".join(lines).encode()


def insert(lab: Lab, table: str, body: bytes, node: int = 0) -> None:
    """One insert. Raises LabError when it is refused."""
    answer = lab.http(
        f"INSERT INTO {table} (event_id, emission_time, event) FORMAT JSONCompactEachRow",
        body,
        node=node,
        date_time_input_format="best_effort",
    )
    if answer.status != 200:
        raise LabError(str(answer)[:500])


def publish(lab: Lab, generator: Generator) -> None:
    """Every course and its blocks, as a publish sends them, on every node."""
    texts = {table: io.StringIO() for table in _PUBLISHED}
    for table, rows in dumps(generator):
        if table not in texts:
            break
        writer = csv.writer(texts[table], quoting=csv.QUOTE_NONNUMERIC)
        writer.writerows([row[name] for name in FIELDS[table]] for row in rows)
    for node in range(len(lab.nodes)):
        for table, text in texts.items():
            answer = lab.http(
                f"INSERT INTO event_sink.{table} FORMAT CSV", text.getvalue(), node=node
            )
            if answer.status != 200:
                raise LabError(str(answer)[:500])


def keep_seed(lab: Lab, generator: Generator) -> None:
    """Store the generated statements on the first node, to make copies of."""
    client = lab.client()
    client.execute("CREATE DATABASE bench")
    client.execute(
        f"CREATE TABLE {_SEED} (event_id UUID, emission_time DateTime64(6), event String) "
        "ENGINE = MergeTree ORDER BY emission_time"
    )
    for body in bodies(generator, generator.count):
        insert(lab, _SEED, body)


def copy(lab: Lab, number: int, days: float) -> None:
    """Store copy `number` of the statements, `number` times `days` days earlier than the last.

    The latest copy ends now. Learners, courses and what they do are the same, ids and times are
    not.
    """
    lab.client(settings={"max_insert_block_size": _ROWS, "max_execution_time": 0}).execute(
        f"INSERT INTO {RAW} (event_id, emission_time, event) "
        f"WITH lower(hex(MD5(concat(toString(event_id), '-{number}')))) AS h, "
        "concat(substring(h, 1, 8), '-', substring(h, 9, 4), '-5', substring(h, 14, 3), '-a', "
        "substring(h, 18, 3), '-', substring(h, 21, 12)) AS fresh, "
        f"(SELECT max(emission_time) FROM {_SEED}) AS newest, "
        "fromUnixTimestamp64Micro(toUnixTimestamp64Micro(emission_time) "
        "+ toUnixTimestamp64Micro(now64(6)) - toUnixTimestamp64Micro(newest) "
        f"- toInt64({number * days} * 86400000000)) AS moment "
        "SELECT toUUID(fresh), moment, replaceRegexpOne(replaceOne(event, toString(event_id), "
        'fresh), \'"timestamp":"[^"]*"\', concat(\'"timestamp":"\', '
        "replaceOne(toString(moment, 'UTC'), ' ', 'T'), '+00:00\"')) "
        f"FROM {_SEED}"
    )


def settle(lab: Lab) -> None:
    """Wait until no node has merged anything for some seconds."""
    clients = [lab.client(node) for node in range(len(lab.nodes))]
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < _QUIET_SECONDS:
        if any(client.execute("SELECT count() FROM system.merges")[0][0] for client in clients):
            quiet_since = time.monotonic()
        time.sleep(0.2)
