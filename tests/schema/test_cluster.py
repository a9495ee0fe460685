"""Where rows go on a cluster: learners to one shard each, copies to every node."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import defaultdict
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.schema.insert import insert, parsed, row
from tests.schema.test_parse import statements

IDENTIFIERS = {
    "account": lambda n: {"account": {"homePage": "https://h", "name": f"learner-{n}"}},
    "mbox": lambda n: {"mbox": f"mailto:learner-{n}@example.org"},
    "mbox_sha1sum": lambda n: {"mbox_sha1sum": hashlib.sha1(str(n).encode()).hexdigest()},
    "openid": lambda n: {"openid": f"https://id.example.org/{n}"},
}


def by(actor: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{actor} {number}")),
        "actor": actor,
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "https://h/x"},
        "timestamp": f"2026-10-{1 + number % 28:02d}T10:00:00+00:00",
    }


def shards(lab: Lab, table: str = "xapi_events_all_parsed_local") -> list[dict[str, int]]:
    """Rows of each learner on each node."""
    sql = f"SELECT actor_id, count() FROM xapi.{table} GROUP BY actor_id"
    return [dict(rows) for rows in lab.on_nodes(sql)]


@pytest.mark.parametrize("kind", IDENTIFIERS)
@pytest.mark.parametrize("database", ["xapi", "openedx"])
def test_each_learner_is_on_one_shard_and_all_shards_are_used(
    pair: Lab, kind: str, database: str
) -> None:
    actors = [IDENTIFIERS[kind](n) for n in range(200)]
    events = [by(actor, number) for actor in actors for number in range(3)]
    insert(pair, map(row, events), database)
    first, second = shards(pair)
    assert not first.keys() & second.keys()
    assert len(first) + len(second) == 200 and {*first.values(), *second.values()} == {3}
    assert min(len(first), len(second)) > 60


def test_events_without_a_learner_are_spread(pair: Lab) -> None:
    """Groups without an identifier, and what is not even JSON."""
    groups = [row(by({"objectType": "Group", "member": []}, number)) for number in range(300)]
    insert(pair, groups)
    insert(pair, [row("broken", str(uuid.uuid4())) for _ in range(300)])
    for table in ("xapi_events_all_parsed_local", "xapi_events_quarantine_local"):
        counts = [rows[0][0] for rows in pair.on_nodes(f"SELECT count() FROM xapi.{table}")]
        assert sum(counts) == 300 and min(counts) > 90, table


def test_duplicates_meet_through_every_door(pair: Lab) -> None:
    """By Ralph and by Vector, at one node and at the other, in any order."""
    events = [*map(row, statements())]
    for database in ("xapi", "openedx"):
        for node in (0, 1):
            insert(pair, reversed(events), database, node)
            insert(pair, events, database, node)
    assert len(parsed(pair)) == len(events)
    [(rows, distinct)] = pair.client().execute(
        "SELECT count(), uniqExact(event_id) FROM xapi.xapi_events_all_parsed FINAL"
    )
    assert rows == distinct == len(events)
    for table in ("xapi.xapi_events_all", "openedx.xapi_events_all"):
        [(rows,)] = pair.client().execute(f"SELECT count() FROM {table} FINAL")
        assert rows == len(events)


def test_the_same_from_every_node(pair: Lab) -> None:
    insert(pair, map(row, statements()))
    sql = "SELECT verb_id, count() FROM xapi.xapi_events_all_parsed GROUP BY ALL ORDER BY ALL"
    first, second = pair.on_nodes(sql)
    assert first == second and sum(count for _, count in first) == len(statements())


def test_parsing_stays_on_the_shard(pair: Lab) -> None:
    """The rows that a shard parsed are those that it stored."""
    insert(pair, map(row, statements()))
    raw = pair.on_nodes("SELECT groupArray(event_id) FROM xapi.xapi_events_all_local")
    ready = pair.on_nodes("SELECT groupArray(event_id) FROM xapi.xapi_events_all_parsed_local")
    assert [set(rows[0][0]) for rows in raw] == [set(rows[0][0]) for rows in ready]


def test_replicas_meet_as_declared(start_lab: type[Lab]) -> None:
    """With a coordinator: replicas of a shard share a path, shards do not, copies are one set."""
    lab = start_lab(shards=2, replicas=2, zookeeper=True, schema=True)
    found: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for rows in lab.on_nodes(
        "SELECT database, table, zookeeper_path, replica_name FROM system.replicas"
    ):
        for database, table, path, replica in rows:
            found[database, table][path].add(replica)
    assert len(found) > 10
    for (database, table), paths in found.items():
        if table.endswith("_local"):
            assert set(paths) == {
                f"/clickhouse/tables/aspects/{shard}/{database}/{table}" for shard in ("01", "02")
            }
            assert [len(replicas) for replicas in paths.values()] == [2, 2]
        else:
            assert set(paths) == {f"/clickhouse/tables/aspects/all/{database}/{table}"}
            assert [len(replicas) for replicas in paths.values()] == [4]
    assert {database for database, _ in found} >= {"event_sink", "openedx", "xapi"}
    tables = {table for _, table in found}
    assert {"xapi_events_all_local", "course_blocks", "auth_user"} <= tables
    report = json.loads(lab.aspects("schema", "check", "--json").stdout)
    assert report["sound"] and len(report["nodes"]) == 4


def test_a_replica_that_lost_its_disk_is_made_again(start_lab: type[Lab]) -> None:
    """Keeper still knows the replica under the same name: sync drops that and makes it anew."""
    lab = start_lab(shards=1, replicas=2, zookeeper=True, schema=True)
    lab.erase_node(1)
    lab.start_node(1)
    assert lab.on_nodes("SELECT count() FROM system.replicas")[1] == [(0,)]
    lab.aspects("schema", "sync")
    lab.aspects("schema", "check")
    sql = "SELECT DISTINCT total_replicas FROM system.replicas"
    assert lab.on_nodes(sql) == [[(2,)], [(2,)]]
