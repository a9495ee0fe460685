"""CPU and bytes of an event: the raw table alone, with parsing, with parsing and all marts."""

from __future__ import annotations

from dataclasses import dataclass

from bench.marts import events
from tests.lab.lab import Lab
from tutoraspects.events.stream import Generator

_BARE = "bench.bare"


@dataclass(frozen=True)
class Cost:
    """`cpu_us` of the server for an event, merges included; `bytes` on disk after merging."""

    case: str
    events: int
    cpu_us: float
    bytes: float


def measure(lab: Lab, generator: Generator, count: int) -> list[Cost]:
    """Insert the same statements three times, in blocks of 50,000. Raises LabError."""
    bodies = list(events.bodies(generator, count))
    client = lab.client()
    client.execute("CREATE DATABASE bench")
    # The raw table without the views that read what is inserted.
    client.execute(f"CREATE TABLE {_BARE} AS {events.RAW}")
    found = [_case(lab, "raw table alone", _BARE, bodies, count, ["bench"])]
    found.append(_case(lab, "with parsing", events.RAW, bodies, count, ["xapi"]))
    lab.truncate()
    events.publish(lab, generator)
    lab.aspects("dbt", "run")
    found.append(
        _case(lab, "with parsing and marts", events.RAW, bodies, count, ["xapi", "reporting"])
    )
    return found


def _case(
    lab: Lab, name: str, table: str, bodies: list[bytes], count: int, databases: list[str]
) -> Cost:
    process = lab.nodes[0].process
    before = process.cpu_seconds()
    for body in bodies:
        events.insert(lab, table, body)
    events.settle(lab)
    spent = process.cpu_seconds() - before
    stored = _bytes(lab, databases)
    events.say(f"{name}: {spent / count * 1e6:.1f} CPU us, {stored / count:.0f} bytes an event")
    return Cost(name, count, spent / count * 1e6, stored / count)


def _bytes(lab: Lab, databases: list[str]) -> int:
    client = lab.client()
    tables = client.execute(
        "SELECT DISTINCT database, table FROM system.parts WHERE active AND database IN %(names)s "
        "AND table NOT LIKE '%%course_blocks%%'",
        {"names": tuple(databases)},
    )
    total = 0
    for database, table in tables:
        client.execute(f"OPTIMIZE TABLE {database}.{table} FINAL")
        total += client.execute(
            "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = %(database)s "
            "AND table = %(table)s",
            {"database": database, "table": table},
        )[0][0]
    return total
