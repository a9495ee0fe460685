"""Declared objects as statements, for one node and for a cluster; and nobody else writes DDL."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tutoraspects.schema import ddl, scripts
from tutoraspects.schema.ddl import Layout
from tutoraspects.schema.model import Column, Index, Placement, Ref, Table, View
from tutoraspects.schema.names import Names
from tutoraspects.schema.operations import Operations

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = Layout(cluster="aspects", definer="ch_admin")
NODE = Layout(definer="ch_admin")

EVENTS = Table(
    ref=Ref("db", "events"),
    columns=(Column("id", "UUID", "NONE"), Column("time", "DateTime", comment="it's UTC")),
    placement=Placement.SHARDED,
    engine="ReplacingMergeTree",
    engine_arguments=("time",),
    order_by=("id",),
    partition_by="toYYYYMM(time)",
    ttl="time + INTERVAL 1 DAY",
    indexes=(Index("bloom", "id", "bloom_filter(0.01)"),),
    settings={"ttl_only_drop_parts": 1},
    sharding_key="cityHash64(id)",
)
COPIES = Table(
    ref=Ref("db", "copies"),
    columns=(Column("id", "UUID"),),
    placement=Placement.EVERYWHERE,
    order_by=("id",),
)
PASSING = Table(
    ref=Ref("db", "passing"),
    columns=(Column("id", "UUID"),),
    placement=Placement.LOCAL,
    engine="Null",
)
VIEW = View(Ref("db", "view"), EVENTS.ref, COPIES.ref, "SELECT id FROM {source}")


def recorded() -> Operations:
    op = Operations(Names())
    for table in (EVENTS, COPIES, PASSING):
        op.create_table(table)
    op.create_view(VIEW)
    op.create_front(EVENTS.ref)
    return op


def sql(layout: Layout) -> list[str]:
    return [statement.sql for statement in recorded().statements(layout)]


def test_one_node() -> None:
    assert sql(NODE) == [
        "CREATE TABLE IF NOT EXISTS `db`.`events` (`id` UUID CODEC(NONE), `time` DateTime "
        "COMMENT 'it\\'s UTC', INDEX `bloom` id TYPE bloom_filter(0.01) GRANULARITY 1) "
        "ENGINE = ReplacingMergeTree(time) PARTITION BY toYYYYMM(time) ORDER BY (id) "
        "TTL time + INTERVAL 1 DAY SETTINGS ttl_only_drop_parts = 1, index_granularity = 8192",
        "CREATE TABLE IF NOT EXISTS `db`.`copies` (`id` UUID) ENGINE = MergeTree ORDER BY (id) "
        "SETTINGS index_granularity = 8192",
        "CREATE TABLE IF NOT EXISTS `db`.`passing` (`id` UUID) ENGINE = Null",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS `db`.`view` TO `db`.`copies` "
        "DEFINER = `ch_admin` SQL SECURITY DEFINER AS SELECT id FROM `db`.`events`",
    ]


def test_cluster() -> None:
    events, copies, passing, view, front = sql(CLUSTER)
    assert events.startswith("CREATE TABLE IF NOT EXISTS `db`.`events_local` ON CLUSTER `aspects`")
    assert (
        "ReplicatedReplacingMergeTree("
        "'/clickhouse/tables/aspects/{shard}/db/events_local', '{replica}', time)" in events
    )
    assert (
        "ReplicatedMergeTree('/clickhouse/tables/aspects/all/db/copies', '{shard}-{replica}')"
        in copies
    )
    assert "ON CLUSTER" in passing and "ENGINE = Null" in passing and "_local" not in passing
    assert view.endswith("AS SELECT id FROM `db`.`events_local`")
    assert front == (
        "CREATE TABLE IF NOT EXISTS `db`.`events` ON CLUSTER `aspects` (`id` UUID, "
        "`time` DateTime COMMENT 'it\\'s UTC') "
        "ENGINE = Distributed('aspects', 'db', 'events_local', cityHash64(id))"
    )


def test_a_node_alone_gets_the_same_without_on_cluster() -> None:
    alone = Layout(cluster="aspects", definer="ch_admin", broadcast=False)
    assert [text.replace(" ON CLUSTER `aspects`", "") for text in sql(CLUSTER)] == sql(alone)


def test_later_changes_reach_data_and_front() -> None:
    op = recorded()
    before = len(op.statements(CLUSTER))
    op.add_column(EVENTS.ref, Column("verb", "String", "ZSTD(1)"), after="id")
    op.add_index(EVENTS.ref, Index("by_verb", "verb", "set(100)", 4))
    op.modify_ttl(EVENTS.ref, "")
    op.modify_query(View(VIEW.ref, VIEW.source, VIEW.target, "SELECT id, 1 FROM {source}"))
    on = "ON CLUSTER `aspects`"
    assert [statement.sql for statement in op.statements(CLUSTER)[before:]] == [
        f"ALTER TABLE `db`.`events_local` {on} ADD COLUMN IF NOT EXISTS `verb` String "
        "CODEC(ZSTD(1)) AFTER `id`",
        f"ALTER TABLE `db`.`events` {on} ADD COLUMN IF NOT EXISTS `verb` String AFTER `id`",
        f"ALTER TABLE `db`.`events_local` {on} ADD INDEX IF NOT EXISTS `by_verb` verb "
        "TYPE set(100) GRANULARITY 4",
        f"ALTER TABLE `db`.`events_local` {on} REMOVE TTL "
        "SETTINGS materialize_ttl_after_modify = 0",
        f"ALTER TABLE `db`.`view` {on} MODIFY QUERY SELECT id, 1 FROM `db`.`events_local`",
    ]
    events = op.schema.tables[EVENTS.ref]
    assert [column.name for column in events.columns] == ["id", "verb", "time"]
    assert [index.name for index in events.indexes] == ["bloom", "by_verb"]
    assert events.ttl == "" and op.schema.views[VIEW.ref].query == "SELECT id, 1 FROM {source}"


def test_a_lost_replica_is_named_as_keeper_knows_it() -> None:
    macros = {"shard": "02", "replica": "clickhouse-02-1"}
    assert ddl.drop_replica(ddl.replica(EVENTS, CLUSTER), macros).sql == (
        "SYSTEM DROP REPLICA 'clickhouse-02-1' "
        "FROM ZKPATH '/clickhouse/tables/aspects/02/db/events_local'"
    )
    assert ddl.drop_replica(ddl.replica(COPIES, CLUSTER), macros).sql == (
        "SYSTEM DROP REPLICA '02-clickhouse-02-1' "
        "FROM ZKPATH '/clickhouse/tables/aspects/all/db/copies'"
    )


def test_names_are_quoted() -> None:
    assert ddl.ident("a`b\\c") == "`a\\`b\\\\c`"
    assert ddl.literal("a'b\\c") == "'a\\'b\\\\c'"


@pytest.mark.parametrize("layout", [NODE, CLUSTER])
def test_every_statement_can_run_again(layout: Layout) -> None:
    history = scripts.load(Names())
    for version in history.versions:
        for statement in version.statements(layout):
            assert re.match(r"CREATE [A-Z ]+ IF NOT EXISTS |ALTER ", statement.sql), statement


def test_learners_are_not_on_one_shard_by_accident() -> None:
    """Both raw tables and the parsed one have a sharding key that is the learner's."""
    schema = scripts.load(Names()).schema
    keys = {
        str(ref): table.sharding_key
        for ref, table in schema.tables.items()
        if table.placement is Placement.SHARDED
    }
    assert keys["xapi.xapi_events_all"] == keys["openedx.xapi_events_all"]
    assert all(key.startswith("cityHash64(") for key in keys.values())


# Users of an external cluster are made by SQL too; they and their grants have no engines.
MAY_WRITE_DDL = {"tutoraspects/schema/ddl.py"}
MAY_WRITE_ON_CLUSTER = "tutoraspects/access/"
DDL = re.compile(
    r"\bON\s+CLUSTER\b|\bENGINE\s*=|\bReplicated\w*MergeTree\(|\bENGINE\s+Distributed\b", re.I
)
COMMENTS = re.compile(r"<!--.*?-->|\{#.*?#\}|/\*.*?\*/|^\s*(?:#|--).*?$", re.DOTALL | re.MULTILINE)


def sql_like(path: Path) -> Iterator[str]:
    """Texts of a file that could be sent to a server: no comments, no docstrings."""
    text = path.read_text("utf8", "replace")
    try:
        tree = ast.parse(text if path.suffix == ".py" else "")
    except SyntaxError:  # Python with Jinja in it
        tree = ast.parse("")
    if not tree.body:
        yield COMMENTS.sub("", text)
        return
    # A docstring is an expression statement of its own.
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def test_ddl_is_written_in_one_place() -> None:
    """dbt's macro file is the other one, for what dbt makes."""
    found = []
    for folder in ("tutoraspects", "templates", "patches", "dbt"):
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if not path.is_file() or path.suffix == ".pyc" or name in MAY_WRITE_DDL:
                continue
            if name.startswith("dbt/macros/"):
                continue
            hits = [hit[0] for text in sql_like(path) for hit in DDL.finditer(text)]
            if name.startswith(MAY_WRITE_ON_CLUSTER):
                hits = [hit for hit in hits if not hit.upper().startswith("ON")]
            found += [f"{name}: {hit}" for hit in hits]
    assert found == []


def test_the_search_for_ddl_finds_it(tmp_path: Path) -> None:
    code, template = tmp_path / "code.py", tmp_path / "job.sh"
    code.write_text('"""Docstring: ON CLUSTER"""\nSQL = f"CREATE TABLE {x} ON CLUSTER y"\n', "utf8")
    template.write_text("# ON CLUSTER in a comment\nclickhouse-client -q 'ENGINE = Log'\n", "utf8")
    hits = [hit[0] for path in (code, template) for t in sql_like(path) for hit in DDL.finditer(t)]
    assert hits == ["ON CLUSTER", "ENGINE ="]
