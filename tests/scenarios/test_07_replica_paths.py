"""Promise: replicas of a shard copy each other, shards do not, and event_sink is whole everywhere.

Two shards of two replicas register in a real ZooKeeper; `system.replicas` of every node and the
tree in ZooKeeper say who replicates whom. (The laboratory's nodes cannot move data between them.)
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.lab.lab import Lab
from tests.lab.zookeeper import JAR

SHARDS, REPLICAS = 2, 2
SHARDED = {
    ("openedx", "_tracking_local"),
    ("openedx", "xapi_events_all_local"),
    ("xapi", "xapi_events_all_local"),
    ("xapi", "xapi_events_all_parsed_local"),
    ("xapi", "xapi_events_quarantine_local"),
}


class Replica(NamedTuple):
    database: str
    table: str
    path: str
    name: str


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(shards=SHARDS, replicas=REPLICAS, zookeeper=True, schema=True) as running:
        yield running


@pytest.fixture(scope="module")
def replicas(lab: Lab) -> list[list[Replica]]:
    """What each node replicates, in the order of the nodes: 1-1, 1-2, 2-1, 2-2."""
    query = "SELECT database, table, zookeeper_path, replica_name FROM system.replicas"
    return [[Replica(*row) for row in rows] for rows in lab.on_nodes(query)]


def tables(found: list[Replica]) -> set[tuple[str, str]]:
    return {(replica.database, replica.table) for replica in found}


def test_every_node_replicates_the_same_tables(replicas: list[list[Replica]]) -> None:
    assert len(replicas) == SHARDS * REPLICAS
    first = tables(replicas[0])
    assert first >= SHARDED
    assert {database for database, _ in first - SHARDED} == {"event_sink"}
    assert all(tables(found) == first for found in replicas)


def test_nothing_that_holds_rows_is_left_out(lab: Lab, replicas: list[list[Replica]]) -> None:
    """A MergeTree table that is not replicated would have its rows on one node only."""
    query = (
        "SELECT database, name FROM system.tables WHERE engine LIKE '%MergeTree' AND engine NOT "
        "LIKE 'Replicated%' AND database IN ('xapi', 'openedx', 'event_sink', 'reporting')"
    )
    for found in lab.on_nodes(query):
        # The laboratory keeps the list of applied versions in a plain table; see tests/lab/lab.py.
        assert set(found) <= {("xapi", "aspects_schema_versions")}


def test_replicas_of_a_shard_share_a_path_and_shards_do_not(
    replicas: list[list[Replica]],
) -> None:
    for database, table in SHARDED:
        paths: dict[int, set[str]] = defaultdict(set)
        for node, found in enumerate(replicas):
            shard = node // REPLICAS + 1
            paths[shard] |= {
                one.path for one in found if (one.database, one.table) == (database, table)
            }
        assert all(len(each) == 1 for each in paths.values()), paths
        assert len(set.union(*paths.values())) == SHARDS, paths
        for shard, (path,) in paths.items():
            assert f"/{shard:02d}/{database}/{table}" in path


def test_event_sink_is_one_replica_set_over_all_nodes(replicas: list[list[Replica]]) -> None:
    everywhere = [one for found in replicas for one in found if one.database == "event_sink"]
    by_table: dict[str, list[Replica]] = defaultdict(list)
    for one in everywhere:
        by_table[one.table].append(one)
    for found in by_table.values():
        assert len({one.path for one in found}) == 1
        assert len({one.name for one in found}) == SHARDS * REPLICAS


def test_no_two_tables_share_a_path(replicas: list[list[Replica]]) -> None:
    owners: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for found in replicas:
        for one in found:
            owners[one.path].add((one.database, one.table))
    assert all(len(each) == 1 for each in owners.values())


def test_zookeeper_knows_exactly_these_replicas(lab: Lab, replicas: list[list[Replica]]) -> None:
    """What the nodes say of themselves, seen from the other side: who registered at which path."""
    said: dict[str, set[str]] = defaultdict(set)
    for found in replicas:
        for one in found:
            said[one.path].add(one.name)
    registered: dict[str, set[str]] = defaultdict(set)
    for line in zookeeper_tree(lab, "/clickhouse/tables"):
        if match := re.fullmatch(r"(.+)/replicas/([^/]+)", line):
            registered[match[1]].add(match[2])
    assert registered == said


def zookeeper_tree(lab: Lab, path: str) -> list[str]:
    """All paths below one, by ZooKeeper's own client."""
    assert lab.zookeeper is not None
    address = f"127.0.0.1:{lab.zookeeper.port}"
    main = ["java", "-cp", str(JAR), "org.apache.zookeeper.ZooKeeperMain"]
    result = subprocess.run(
        [*main, "-server", address, "ls", "-R", path], capture_output=True, text=True, check=True
    )
    return [line for line in result.stdout.splitlines() if line.startswith(path)]


def test_queries_know_the_same_shards_and_replicas(lab: Lab) -> None:
    """The cluster that Distributed tables use has the replicas that ZooKeeper has."""
    query = (
        f"SELECT shard_num, replica_num, port FROM system.clusters WHERE cluster = '{lab.cluster}'"
    )
    expected = [
        (node // REPLICAS + 1, node % REPLICAS + 1, lab.nodes[node].native_port)
        for node in range(SHARDS * REPLICAS)
    ]
    for found in lab.on_nodes(query):
        assert sorted(found) == expected
