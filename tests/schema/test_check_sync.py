"""Every kind of damage is named, mended where no row is touched, and else left with advice."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab
from tests.schema.insert import insert, parsed, row
from tests.schema.test_parse import statements
from tutoraspects.schema import repair, runner
from tutoraspects.schema.catalog import ActualColumn, ActualTable, Catalog
from tutoraspects.schema.compare import Comparison
from tutoraspects.schema.context import Context
from tutoraspects.schema.ddl import Layout
from tutoraspects.schema.formatted import Formatter
from tutoraspects.schema.model import Column, Placement, Ref, Schema, Table

# Damage on one node: statements, what check says, whether sync mends it.
ONE_NODE = [
    (["DROP TABLE event_sink.tag SYNC"], "event_sink.tag: the table is missing", True),
    (["DROP TABLE xapi.xapi_events_all_ralph_mv"], "all_ralph_mv: the view is missing", True),
    (["DROP DATABASE reporting SYNC"], "reporting: the database is missing", True),
    (
        ["ALTER TABLE event_sink.tag DROP COLUMN lineage"],
        "event_sink.tag.lineage: the column is missing",
        True,
    ),
    (
        ["ALTER TABLE xapi.xapi_events_all DROP INDEX event_id_bloom"],
        "xapi_events_all.event_id_bloom: the index is missing",
        True,
    ),
    (
        ["ALTER TABLE xapi.xapi_events_all MODIFY COLUMN event CODEC(LZ4)"],
        "xapi_events_all.event: the codec is LZ4 instead of ZSTD(1)",
        True,
    ),
    (
        [
            "ALTER TABLE openedx.xapi_events_all "
            "MODIFY TTL toDateTime(emission_time) + toIntervalDay(9)"
        ],
        "openedx.xapi_events_all: TTL is toDateTime(emission_time) + toIntervalDay(9)",
        True,
    ),
    (["ALTER TABLE openedx._tracking REMOVE TTL"], "openedx._tracking: TTL is absent", True),
    (
        ["ALTER TABLE xapi.xapi_events_all MODIFY SETTING ttl_only_drop_parts = 0"],
        "the setting ttl_only_drop_parts is 0 instead of 1",
        True,
    ),
    (
        ["ALTER TABLE xapi.xapi_events_all RESET SETTING ttl_only_drop_parts"],
        "the setting ttl_only_drop_parts is absent instead of 1",
        True,
    ),
    (
        [
            "ALTER TABLE xapi.xapi_events_quarantine_mv MODIFY QUERY SELECT event_id, "
            "emission_time, now() AS received_at, source, problem AS reason, event "
            "FROM xapi.xapi_events_all_parse WHERE problem != ''"
        ],
        "xapi_events_quarantine_mv: its SELECT is another one",
        True,
    ),
    (
        ["ALTER TABLE xapi.xapi_events_quarantine_mv MODIFY SQL SECURITY NONE"],
        "it works with the rights of 'whoever inserts' instead of 'ch_admin'",
        True,
    ),
    (
        [
            "DROP TABLE xapi.xapi_events_all_parsed_mv",
            "CREATE TABLE xapi.elsewhere AS xapi.xapi_events_all_parsed",
            "CREATE MATERIALIZED VIEW xapi.xapi_events_all_parsed_mv TO xapi.elsewhere AS "
            "SELECT * EXCEPT(event, problem, source) FROM xapi.xapi_events_all_parse",
        ],
        "it writes to xapi.elsewhere instead of xapi.xapi_events_all_parsed",
        True,
    ),
    (
        ["ALTER TABLE xapi.xapi_events_all_parse ADD COLUMN surplus Int8"],
        "xapi_events_all_parse: the column is not declared",
        True,
    ),
    (
        ["DROP TABLE xapi.xapi_events_all_parse"],
        "xapi_events_all_parse: the table is missing",
        True,
    ),
    (
        ["ALTER TABLE event_sink.tag ADD COLUMN surplus String"],
        "event_sink.tag.surplus: the column is not declared",
        False,
    ),
    (
        ["ALTER TABLE event_sink.tag MODIFY COLUMN id Int32 AFTER value"],
        "event_sink.tag: the columns are in the order taxonomy, parent, value, id",
        False,
    ),
    (
        ["ALTER TABLE event_sink.tag MODIFY COLUMN taxonomy Int64"],
        "event_sink.tag.taxonomy: the type is Int64 instead of Int32",
        False,
    ),
    (
        ["ALTER TABLE event_sink.tag MODIFY COLUMN version DateTime64(6) DEFAULT now64(6)"],
        "event_sink.tag.version: the value is DEFAULT now64(6) instead of MATERIALIZED",
        False,
    ),
    (
        [
            "DROP TABLE event_sink.auth_user SYNC",
            "CREATE TABLE event_sink.auth_user (user_id Int32, dump_id UUID, "
            "time_last_dumped String CODEC(ZSTD(1)), version DateTime64(6) MATERIALIZED "
            "parseDateTime64BestEffortOrZero(time_last_dumped, 6, 'UTC')) "
            "ENGINE = MergeTree PARTITION BY user_id ORDER BY (user_id, dump_id)",
        ],
        "event_sink.auth_user: the engine is MergeTree instead of ReplacingMergeTree(version)",
        False,
    ),
    (
        [
            "DROP TABLE xapi.xapi_events_quarantine_mv",
            "CREATE VIEW xapi.xapi_events_quarantine_mv AS SELECT 1",
        ],
        "xapi_events_quarantine_mv: it is a View instead of a materialized view",
        False,
    ),
    (
        [
            "ALTER TABLE xapi.xapi_events_all DROP INDEX event_id_bloom",
            "ALTER TABLE xapi.xapi_events_all ADD INDEX event_id_bloom event_id TYPE minmax",
        ],
        "event_id_bloom: the index is minmax over event_id instead of bloom_filter(0.00001)",
        False,
    ),
]


@pytest.fixture(scope="module")
def broken_node() -> Iterator[Lab]:
    with Lab(shards=1, settings={"ASPECTS_RETENTION_DAYS": 7_300}) as lab:
        yield lab


@pytest.fixture
def lab(broken_node: Lab) -> Lab:
    """One node with a fresh schema."""
    for database in DATABASES:
        broken_node.client().execute(f"DROP DATABASE IF EXISTS {database} SYNC")
    runner.upgrade(context(broken_node), quiet)
    return broken_node


DATABASES = ("xapi", "openedx", "event_sink", "reporting")


def context(lab: Lab, **environment: str) -> Context:
    return Context.from_environment({**lab.job_environment(), **environment})


def quiet(_line: str) -> None:
    pass


def run(lab: Lab, statements: list[str], node: int = 0) -> None:
    client = lab.client(node, settings={"check_table_dependencies": 0})
    for statement in statements:
        client.execute(statement)


@pytest.mark.parametrize(
    ("damage", "finding", "mended"), ONE_NODE, ids=[item[1].split(":")[0] for item in ONE_NODE]
)
def test_damage(lab: Lab, damage: list[str], finding: str, mended: bool) -> None:
    insert(lab, map(row, statements()))
    before = lab.client().execute("SELECT count(), sum(cityHash64(*)) FROM xapi.xapi_events_all")
    run(lab, damage)

    report = repair.check(context(lab), quiet)
    found = [str(item) for item in report.nodes[0].differences]
    assert any(finding in text for text in found), found
    assert all(bool(item.repair) != bool(item.advice) for item in report.nodes[0].differences)

    said: list[str] = []
    repair.sync(context(lab), said.append, 10, dry_run=True)
    assert "would mend" in said[-1]
    assert repair.check(context(lab), quiet).nodes == report.nodes

    [synced] = repair.sync(context(lab), said.append, 10)
    assert bool(synced.left) is not mended, said
    after = lab.client().execute("SELECT count(), sum(cityHash64(*)) FROM xapi.xapi_events_all")
    assert after == before
    if mended:
        assert repair.check(context(lab), quiet).sound
        insert(lab, map(row, statements()))
        assert len(parsed(lab)) == len(statements())
    else:
        assert any("cannot mend" in line for line in said)


def test_commands(lab: Lab) -> None:
    """What the commands print and how they exit."""
    run(lab, ["DROP TABLE event_sink.tag SYNC"])
    run(lab, ["ALTER TABLE event_sink.taxonomy ADD COLUMN surplus String"])
    checked = lab.aspects("schema", "check", check=False)
    assert checked.returncode == 1 and "event_sink.tag: the table is missing" in checked.stdout
    assert "event_sink.taxonomy.surplus: the column is not declared; drop it" in checked.stdout
    assert ", in 2 places: run `aspects schema sync`" in checked.stderr
    reported = lab.aspects("schema", "check", "--json", check=False)
    assert reported.returncode == 1 and not json.loads(reported.stdout)["sound"]

    planned = lab.aspects("schema", "sync", "--dry-run", check=False)
    assert planned.returncode == 1 and "would mend 1 of 2" in planned.stderr
    synced = lab.aspects("schema", "sync", check=False)
    assert synced.returncode == 1 and "mended event_sink.tag" in synced.stderr
    assert "1 difference needs a hand" in synced.stderr
    again = lab.aspects("schema", "sync", "--json", check=False)
    assert again.returncode == 1 and json.loads(again.stdout)[0]["mended"] == []

    run(lab, ["ALTER TABLE event_sink.taxonomy DROP COLUMN surplus"])
    assert lab.aspects("schema", "sync").returncode == 0
    assert "are as declared on 1 of 1 nodes" in lab.aspects("schema", "check").stdout
    assert json.loads(lab.aspects("schema", "check", "--json").stdout)["sound"]


def test_an_empty_database_needs_an_upgrade(broken_node: Lab) -> None:
    for database in DATABASES:
        broken_node.client().execute(f"DROP DATABASE IF EXISTS {database} SYNC")
    assert repair.check(context(broken_node), quiet).pending == ["0001", "0002", "0003"]
    for command in ("check", "sync"):
        refused = broken_node.aspects("schema", command, check=False)
        assert refused.returncode == 1 and "aspects schema upgrade" in refused.stderr


def test_what_sync_prints_as_sql_does_it(lab: Lab) -> None:
    run(lab, ["DROP TABLE event_sink.tag SYNC", "DROP TABLE xapi.xapi_events_all_ralph_mv"])
    shown = lab.aspects("schema", "sync", "--sql").stdout
    for statement in shown.split(";\n"):
        lines = [line for line in statement.splitlines() if not line.startswith("--")]
        if lines:
            lab.client().execute("\n".join(lines))
    lab.aspects("schema", "check")


@pytest.mark.parametrize("ttl", ["toDateTime(emission_time) + INTERVAL 3 YEAR", ""])
def test_a_changed_retention_is_a_difference(lab: Lab, ttl: str) -> None:
    other = context(lab, ASPECTS_DATA_TTL_EXPRESSION=ttl)
    [node] = repair.check(other, quiet).nodes
    assert [item.object for item in node.differences] == [
        "xapi.xapi_events_all_parsed",
        "xapi.xapi_events_all",
        "openedx.xapi_events_all",
        "openedx._tracking",
    ]
    repair.sync(other, quiet, 10)
    assert repair.check(other, quiet).sound


@pytest.fixture
def pair_of_nodes(shared_pair: Lab) -> Iterator[Lab]:
    shared_pair.truncate()
    yield shared_pair
    repair.sync(context(shared_pair), quiet, 10)


CLUSTER = [
    (["DROP TABLE xapi.xapi_events_all"], "xapi.xapi_events_all: the Distributed table is missing"),
    (
        [
            "DROP TABLE xapi.xapi_events_all",
            "CREATE TABLE xapi.xapi_events_all AS xapi.xapi_events_all_local "
            "ENGINE = Distributed('aspects', 'xapi', 'xapi_events_all_local', rand())",
        ],
        "the engine is Distributed('aspects', 'xapi', 'xapi_events_all_local', rand()) instead of",
    ),
    (
        ["ALTER TABLE xapi.xapi_events_all_parsed DROP COLUMN progress"],
        "xapi.xapi_events_all_parsed: the columns differ (progress)",
    ),
    (
        ["DROP TABLE event_sink.course_blocks SYNC", "DROP TABLE xapi.xapi_events_all_vector_mv"],
        "event_sink.course_blocks: the table is missing",
    ),
]


@pytest.mark.parametrize(("damage", "finding"), CLUSTER)
def test_only_the_damaged_node_is_named(
    pair_of_nodes: Lab, damage: list[str], finding: str
) -> None:
    lab = pair_of_nodes
    run(lab, damage, node=1)
    first, second = repair.check(context(lab), quiet).nodes
    if str(lab.nodes[1].gateway_native_port) in first.node:
        first, second = second, first
    assert first.sound
    texts = [str(item) for item in second.differences]
    assert any(finding in text for text in texts), texts
    said: list[str] = []
    repair.sync(context(lab), said.append, 10)
    assert any(f"{first.node}: done, mended 0 of 0" in line for line in said)
    assert repair.check(context(lab), quiet).sound


def test_a_front_with_queued_rows_is_not_dropped() -> None:
    """Told by the comparison alone: the laboratory's tables queue nothing."""

    class Echo:
        """A server that spells everything as it is told."""

        def rows(self, _sql: str, parameters: dict[str, list[str]]) -> list[tuple[str]]:
            return [(text,) for text in parameters["texts"]]

    ref = Ref("db", "t")
    table = Table(ref, (Column("id", "UUID"),), Placement.SHARDED, sharding_key="rand()")
    schema = Schema(tables={ref: table}, fronts=[ref])
    actual = ActualTable(
        "Distributed", "Distributed('x')", "", "", (ActualColumn("id", "UUID", "", "", ""),)
    )
    for queued, mendable in ((frozenset({ref}), False), (frozenset[Ref](), True)):
        catalog = Catalog(frozenset(), {ref: actual}, {}, {}, queued)
        comparison = Comparison(
            schema,
            Layout("aspects", broadcast=False),
            catalog,
            Formatter(Echo()),  # type: ignore[arg-type]
        )
        front = comparison.differences()[-1]
        assert front.object == "db.t" and bool(front.repair) is mendable
        assert ("queued" in front.advice) is not mendable


def test_a_node_that_lost_its_disk(start_lab: type[Lab]) -> None:
    lab = start_lab(shards=2, schema=True)
    lab.erase_node(1)
    checked = lab.aspects("schema", "check", check=False)
    assert checked.returncode == 1 and "cannot be asked" in checked.stderr
    lab.start_node(1)
    assert lab.aspects("schema", "check", check=False).returncode == 1
    lab.aspects("schema", "sync")
    lab.aspects("schema", "check")
    insert(lab, map(row, statements()))
    assert len(parsed(lab)) == len(statements())
