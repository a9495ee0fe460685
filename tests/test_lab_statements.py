"""How the laboratory's gateway reads and rewrites statements, without a server."""

from __future__ import annotations

import pytest

from tests.lab.catalogue import Catalogue
from tests.lab.disguise import disguise
from tests.lab.statements import Replication, Statement, Table


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("before", "after", "cluster"),
    [
        ("DROP TABLE a.b ON CLUSTER x SYNC", "DROP TABLE a.b SYNC", "x"),
        ("drop table a.b on cluster 'x'", "drop table a.b", "x"),
        ("CREATE DATABASE d ON CLUSTER `my-x` ENGINE = Atomic", None, "my-x"),
        ("CREATE DATABASE d ON CLUSTER my-x ENGINE = Atomic", None, "my-x"),
        ("CREATE DATABASE d ON CLUSTER '{cluster}'", "CREATE DATABASE d", "{cluster}"),
        ("CREATE DATABASE d ON CLUSTER {cluster}", "CREATE DATABASE d", "{cluster}"),
        (
            "/* on cluster y */ ALTER TABLE t ON CLUSTER x DELETE WHERE a = ' ON CLUSTER z'",
            None,
            "x",
        ),
        (
            "-- first\nGRANT ON CLUSTER x SELECT ON a.* TO b",
            "-- first\nGRANT SELECT ON a.* TO b",
            "x",
        ),
        ("SYSTEM RELOAD DICTIONARIES ON CLUSTER x", "SYSTEM RELOAD DICTIONARIES", "x"),
        ("EXCHANGE TABLES a AND b ON CLUSTER x", "EXCHANGE TABLES a AND b", "x"),
    ],
)
def test_on_cluster_is_taken_out(before: str, after: str | None, cluster: str) -> None:
    statement = Statement(before)
    assert statement.cluster == cluster
    kept = f"ON CLUSTER {cluster}"
    expected = after or before.replace(f"{kept} ", "").replace(f"ON CLUSTER `{cluster}` ", "")
    assert squeezed(statement.text) == squeezed(expected)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM a JOIN b ON cluster = 'x'",
        "SELECT ' ON CLUSTER x'",
        "INSERT INTO t VALUES (' ON CLUSTER x')",
        "CREATE VIEW v AS SELECT a FROM b JOIN c ON cluster IN d",
        "/* ON CLUSTER x */ CREATE TABLE t (a Int8) ENGINE = Memory",
    ],
)
def test_words_that_look_like_on_cluster_stay(text: str) -> None:
    statement = Statement(text)
    assert statement.cluster is None
    assert statement.text == text


@pytest.mark.parametrize(
    ("engine", "plain", "path"),
    [
        ("ReplicatedMergeTree('/p/all/t', '{replica}')", "MergeTree()", "/p/all/t"),
        ("ReplicatedReplacingMergeTree('/p/{shard}/t','{replica}', v)", None, "/p/{shard}/t"),
        ("ReplicatedMergeTree", "MergeTree", ""),
        ("ReplicatedMergeTree()", "MergeTree()", ""),
        ("ReplicatedReplacingMergeTree(v)", "ReplacingMergeTree(v)", ""),
    ],
)
def test_replication_is_taken_out(engine: str, plain: str | None, path: str) -> None:
    statement = Statement(f"CREATE TABLE d.t (a Int8, v Int8) ENGINE = {engine} ORDER BY a")
    expected = plain or "ReplacingMergeTree( v)"
    assert f"ENGINE = {expected} ORDER BY a" in statement.text
    assert statement.replication is not None
    assert statement.replication.path == path
    assert statement.text_replicated == statement.original


def test_a_column_default_that_names_an_engine_stays() -> None:
    text = "CREATE TABLE t (a String DEFAULT 'ENGINE = ReplicatedMergeTree()') ENGINE = Memory"
    assert Statement(text).text == text


@pytest.mark.parametrize(
    ("text", "table", "has_data"),
    [
        ("INSERT INTO a.b VALUES", Table("a", "b"), True),
        ("insert into `a`.`b` (x, format) FORMAT CSV\n1,2", Table("a", "b"), True),
        ("INSERT INTO TABLE b SETTINGS x = 1 SELECT 1", Table("", "b"), False),
        ("INSERT INTO b (x) (SELECT 1)", Table("", "b"), False),
        ("INSERT INTO b WITH 1 AS y SELECT y", Table("", "b"), False),
        ("INSERT INTO FUNCTION remote('h', 'd.t') VALUES", None, True),
        ("ALTER TABLE a.b DELETE WHERE 1", Table("a", "b"), False),
        ("ALTER TABLE IF EXISTS b UPDATE x = 1 WHERE 1", Table("", "b"), False),
        ("TRUNCATE TABLE IF EXISTS a.b", Table("a", "b"), False),
        ("TRUNCATE a.b", Table("a", "b"), False),
        ("DELETE FROM a.b WHERE x", Table("a", "b"), False),
        ("SELECT * FROM a.b", None, False),
        ("CREATE TABLE a.b (x Int8) ENGINE = Memory", None, False),
    ],
)
def test_the_table_that_is_written(text: str, table: Table | None, has_data: bool) -> None:
    statement = Statement(text)
    assert statement.written_table == table
    assert statement.inserts_data == has_data


ALL = "ENGINE = ReplicatedMergeTree('/t/all/d/t', '{shard}-{replica}') ORDER BY a"


def test_the_catalogue_follows_tables(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "catalogue.json"
    catalogue = Catalogue(file)
    nodes = ["one", "two"]

    def known(name: str) -> bool:
        return Catalogue(file).is_on_all_nodes(Table("d", name), "")

    def do(text: str) -> None:
        catalogue.learn(Statement(text), "d", nodes)

    do(f"CREATE TABLE IF NOT EXISTS d.t (a Int8) {ALL}")
    assert known("t")
    assert catalogue.is_on_all_nodes(Table("", "t"), "d")
    do("RENAME TABLE d.t TO d.u")
    assert (known("t"), known("u")) == (False, True)
    do("CREATE TABLE v (a Int8) ENGINE = MergeTree ORDER BY a")
    do("EXCHANGE TABLES d.u AND v")
    assert (known("u"), known("v")) == (False, True)
    do("DROP TABLE IF EXISTS v SYNC")
    assert not known("v")


def test_a_sharded_table_is_not_on_all_nodes(tmp_path) -> None:  # type: ignore[no-untyped-def]
    catalogue = Catalogue(tmp_path / "catalogue.json")
    sharded = "ENGINE = ReplicatedMergeTree('/t/{shard}/d/t', '{replica}') ORDER BY a"
    catalogue.learn(Statement(f"CREATE TABLE d.t (a Int8) {sharded}"), "", ["one"])
    assert not catalogue.is_on_all_nodes(Table("d", "t"), "")
    assert catalogue.replicated("one") == {
        Table("d", "t"): Replication("/t/{shard}/d/t", "{replica}")
    }


def test_only_tables_read_directly_are_disguised() -> None:
    replicated = {Table("d", "t"): Replication("/p", "r")}
    assert disguise("SELECT 1 FROM `system`.tables t", replicated).endswith(") t")
    for text in (
        "SELECT * FROM clusterAllReplicas(x, system.tables)",
        "SELECT * FROM system.columns WHERE name = 'system.tables'",
        "SELECT * FROM a.tables",
    ):
        assert disguise(text, replicated) == text
