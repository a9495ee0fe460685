"""The laboratory's gateway in front of two shards: statements and clients."""

from __future__ import annotations

import http.client
import uuid
from collections.abc import Iterator

import clickhouse_connect
import pytest
from clickhouse_driver import Client, dbapi, errors

from tests.lab.lab import Lab

ALL = "ReplicatedMergeTree('/clickhouse/tables/{{cluster}}/all/{0}', '{{shard}}-{{replica}}')"
SHARDED = "ReplicatedMergeTree('/clickhouse/tables/{{cluster}}/{{shard}}/{0}', '{{replica}}')"


@pytest.fixture
def db(cluster: Lab) -> Iterator[str]:
    """A database of this test's own on every node."""
    name = f"test_{uuid.uuid4().hex[:10]}"
    client = cluster.client(gateway=True)
    client.execute(f"CREATE DATABASE {name} ON CLUSTER {cluster.cluster}")
    yield name
    client.execute(f"DROP DATABASE {name} ON CLUSTER {cluster.cluster} SYNC")


def everywhere(lab: Lab, table: str, engine: str = ALL) -> None:
    """A table on every node, one replica set unless `engine` says otherwise."""
    lab.client(gateway=True).execute(
        f"CREATE TABLE {table} ON CLUSTER '{{cluster}}' (a Int64, s String) "
        f"ENGINE = {engine.format(table.replace('.', '/'))} ORDER BY a"
    )


def counts(lab: Lab, table: str) -> list[int]:
    return [rows[0][0] for rows in lab.on_nodes(f"SELECT count() FROM {table}")]


# ON CLUSTER -------------------------------------------------------------------------------------


def test_on_cluster_over_native_returns_a_row_per_node(cluster: Lab, db: str) -> None:
    rows = cluster.client(gateway=True).execute(
        f"CREATE TABLE {db}.t ON CLUSTER {cluster.cluster} (a Int8) ENGINE = MergeTree ORDER BY a"
    )
    ports = [node.native_port for node in cluster.nodes]
    assert rows == [
        ("127.0.0.1", port, 0, "", len(ports) - index - 1, 0) for index, port in enumerate(ports)
    ]
    assert counts(cluster, f"{db}.t") == [0, 0]


def test_on_cluster_over_http_keeps_the_format(cluster: Lab, db: str) -> None:
    answer = cluster.http(
        f"CREATE TABLE {db}.t ON CLUSTER {cluster.cluster} (a Int8) ENGINE = MergeTree ORDER BY a "
        "FORMAT CSVWithNames",
        gateway=True,
    )
    assert answer.status == 200, answer
    header, *rows = answer.splitlines()
    assert header == ('"host","port","status","error","num_hosts_remaining","num_hosts_active"')
    assert [row.split(",")[1] for row in rows] == [str(n.native_port) for n in cluster.nodes]
    assert counts(cluster, f"{db}.t") == [0, 0]


def test_an_error_on_a_node_has_its_code_and_its_host(cluster: Lab, db: str) -> None:
    cluster.client(1).execute(f"CREATE TABLE {db}.t (a Int8) ENGINE = MergeTree ORDER BY a")
    text = f"CREATE TABLE {db}.t ON CLUSTER {cluster.cluster} (a Int8) ENGINE = Log"
    with pytest.raises(errors.ServerException) as raised:
        cluster.client(gateway=True).execute(text)
    assert raised.value.code == 57
    assert f"[127.0.0.1:{cluster.nodes[1].native_port}]: Code: 57" in raised.value.message

    answer = cluster.http(text.replace(".t", ".u").replace("Log", "Nonsense"), gateway=True)
    assert (answer.status, answer.exception_code) == (404, 56)
    assert answer.startswith("Code: 56. DB::Exception: There was an error on [127.0.0.1:")


def test_an_unknown_cluster_is_refused(cluster: Lab) -> None:
    with pytest.raises(errors.ServerException) as raised:
        cluster.client(gateway=True).execute("CREATE DATABASE x ON CLUSTER nowhere")
    assert raised.value.code == 701
    assert cluster.http("CREATE DATABASE x ON CLUSTER nowhere", gateway=True).exception_code == 701


def test_never_throw_returns_the_error_as_a_row(cluster: Lab, db: str) -> None:
    cluster.client(1).execute(f"CREATE TABLE {db}.t (a Int8) ENGINE = Log")
    rows = cluster.client(gateway=True).execute(
        f"CREATE TABLE {db}.t ON CLUSTER {cluster.cluster} (a Int8) ENGINE = Log",
        settings={"distributed_ddl_output_mode": "never_throw"},
    )
    assert [row[2] for row in rows] == [0, 57]


# Writes to one replica set ----------------------------------------------------------------------


@pytest.mark.parametrize("compression", [False, "lz4", "zstd"])
def test_native_insert_reaches_every_node(cluster: Lab, db: str, compression: bool | str) -> None:
    everywhere(cluster, f"{db}.t")
    client = cluster.client(1, gateway=True, compression=compression)
    rows = [(number, "ü" * (number % 50)) for number in range(20_000)]
    assert client.execute(
        f"INSERT INTO {db}.t (a, s) VALUES", rows, settings={"insert_block_size": 7_000}
    ) == len(rows)
    assert counts(cluster, f"{db}.t") == [20_000, 20_000]
    assert client.execute(f"SELECT sum(a), sum(length(s)) FROM {db}.t") == [
        (sum(a for a, _ in rows), sum(len(s.encode()) for _, s in rows))
    ]
    assert client.execute("SELECT 1") == [(1,)], "the connection serves the next statement"


def test_csv_insert_as_the_sinks_send_it(cluster: Lab, db: str) -> None:
    everywhere(cluster, f"{db}.t")
    answer = cluster.http(
        f"INSERT INTO {db}.t FORMAT CSV",
        '1,"one"\n2,"two\nlines"\nbad,"row"\n',
        gateway=True,
        input_format_allow_errors_num="1",
        input_format_allow_errors_ratio="0.1",
    )
    assert (answer.status, answer) == (200, "")
    assert (
        cluster.on_nodes(f"SELECT a, s FROM {db}.t ORDER BY a")
        == [[(1, "one"), (2, "two\nlines")]] * 2
    )


def test_a_refused_insert_carries_the_servers_words(cluster: Lab, db: str) -> None:
    everywhere(cluster, f"{db}.t")
    answer = cluster.http(f"INSERT INTO {db}.t FORMAT CSV", "bad,row\n", gateway=True)
    assert (answer.status, answer.exception_code) == (400, 27)
    with pytest.raises(errors.ServerException) as raised:
        cluster.client(gateway=True).execute(f"INSERT INTO {db}.t (nope) VALUES", [(1,)])
    assert raised.value.code == 16
    assert counts(cluster, f"{db}.t") == [0, 0]


def test_mutations_truncate_and_select_reach_every_node(cluster: Lab, db: str) -> None:
    everywhere(cluster, f"{db}.t")
    client = cluster.client(gateway=True, settings={"mutations_sync": 2})
    client.execute(f"INSERT INTO {db}.t SELECT number, 'x' FROM numbers(10)")
    assert counts(cluster, f"{db}.t") == [10, 10]
    client.execute(f"ALTER TABLE {db}.t DELETE WHERE a < 3")
    assert counts(cluster, f"{db}.t") == [7, 7]
    cluster.http(f"DELETE FROM {db}.t WHERE a = 9", node=1, gateway=True)
    assert counts(cluster, f"{db}.t") == [6, 6]
    client.execute(f"USE {db}")
    client.execute("ALTER TABLE t ADD COLUMN more Int8")
    assert cluster.on_nodes(f"SELECT sum(more) FROM {db}.t") == [[(0,)], [(0,)]]
    client.execute("TRUNCATE TABLE t")
    assert counts(cluster, f"{db}.t") == [0, 0]


def test_a_sharded_table_takes_rows_on_one_node(cluster: Lab, db: str) -> None:
    everywhere(cluster, f"{db}.t", SHARDED)
    cluster.client(1, gateway=True).execute(f"INSERT INTO {db}.t VALUES", [(1, "x")])
    cluster.http(f"INSERT INTO {db}.t FORMAT CSV", "2,x\n3,x\n", gateway=True)
    assert counts(cluster, f"{db}.t") == [2, 1]
    cluster.client(gateway=True).execute(
        f"CREATE TABLE {db}.front ON CLUSTER {cluster.cluster} AS {db}.t "
        f"ENGINE = Distributed('{cluster.cluster}', {db}, t, cityHash64(a))"
    )
    assert counts(cluster, f"{db}.front") == [3, 3]


def test_system_tables_tells_the_declared_engine(cluster: Lab, db: str) -> None:
    everywhere(cluster, f"{db}.t", SHARDED)
    query = f"SELECT engine, engine_full FROM system.tables WHERE database = '{db}'"
    expected = SHARDED.format(f"{db}/t")
    for rows in (
        cluster.client(1, gateway=True).execute(query),
        [tuple(cluster.http(query, gateway=True, default_format="TSVRaw").strip().split("\t"))],
    ):
        assert rows[0][0] == "ReplicatedMergeTree"
        assert rows[0][1].startswith(f"{expected} ORDER BY a")
    assert cluster.client(1).execute(query)[0][0] == "MergeTree"


# Clients ----------------------------------------------------------------------------------------


def test_a_big_result_over_native(cluster: Lab) -> None:
    client = cluster.client(gateway=True, compression=True)
    total = 0
    for number, text in client.execute_iter(
        "SELECT number, toString(number) FROM numbers(1000000)"
    ):
        total += number
        assert text == str(number)
    assert total == sum(range(1_000_000))


def test_cancel_and_the_next_statement(cluster: Lab) -> None:
    client = cluster.client(gateway=True)
    rows = client.execute_iter(
        "SELECT sleepEachRow(0.05), number FROM system.numbers SETTINGS max_block_size = 1"
    )
    next(rows)
    client.cancel()
    assert client.execute("SELECT 2") == [(2,)]


def test_types_and_parameters(cluster: Lab) -> None:
    client = cluster.client(gateway=True)
    rows = client.execute(
        "SELECT toLowCardinality('x'), [1, NULL], map('k', 1.5), toUUID(%(u)s), "
        "toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC')",
        {"u": "61f0c404-5cb3-11e7-907b-a6006ad3dba0"},
    )
    assert rows[0][:3] == ("x", [1, None], {"k": 1.5})
    assert str(rows[0][3]) == "61f0c404-5cb3-11e7-907b-a6006ad3dba0"


def test_dbapi(cluster: Lab, db: str) -> None:
    everywhere(cluster, f"{db}.t")
    node = cluster.nodes[0]
    with dbapi.connect(
        host=node.host,
        port=node.gateway_native_port,
        user="ch_admin",
        password=cluster.admin_password,
    ) as connection:
        cursor = connection.cursor()
        cursor.executemany(f"INSERT INTO {db}.t (a, s) VALUES", [(1, "x"), (2, "y")])
        cursor.execute(f"SELECT a, s FROM {db}.t ORDER BY a")
        assert cursor.fetchall() == [(1, "x"), (2, "y")]
    assert counts(cluster, f"{db}.t") == [2, 2]


@pytest.mark.parametrize("compress", [True, False])
def test_clickhouse_connect(cluster: Lab, db: str, compress: bool) -> None:
    everywhere(cluster, f"{db}.t")
    node = cluster.nodes[1]
    with clickhouse_connect.get_client(
        host=node.host,
        port=node.gateway_http_port,
        username="ch_admin",
        password=cluster.admin_password,
        compress=compress,
    ) as client:
        client.command(f"CREATE TABLE {db}.u ON CLUSTER {cluster.cluster} (a Int64) ENGINE = Log")
        client.insert(f"{db}.t", [[n, str(n)] for n in range(30_000)], column_names=["a", "s"])
        found = client.query(
            "SELECT count(), sum(a) FROM {db:Identifier}.{table:Identifier} "
            "WHERE a >= {from:Int64}",
            parameters={"db": db, "table": "t", "from": 10},
        )
        assert found.result_rows == [(29_990, sum(range(10, 30_000)))]
        assert len(client.query(f"SELECT * FROM {db}.t").result_rows) == 30_000
    assert counts(cluster, f"{db}.t") == [30_000, 30_000]


def test_chunked_and_large_bodies(cluster: Lab, db: str) -> None:
    everywhere(cluster, f"{db}.t", SHARDED)
    line = b"7," + b"x" * 990 + b"\n"
    connection = http.client.HTTPConnection("127.0.0.1", cluster.nodes[0].gateway_http_port)
    connection.request(
        "POST",
        f"/?query=INSERT+INTO+{db}.t+FORMAT+CSV",
        body=(line * 1000 for _ in range(20)),
        headers={"X-ClickHouse-User": "ch_admin", "X-ClickHouse-Key": cluster.admin_password},
        encode_chunked=True,
    )
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"")
    assert counts(cluster, f"{db}.t") == [20_000, 0]


def test_a_wrong_password_is_refused(cluster: Lab) -> None:
    node = cluster.nodes[0]
    client = Client(node.host, port=node.gateway_native_port, user="ch_lrs", password="wrong")
    with pytest.raises(errors.ServerException) as raised:
        client.execute("SELECT 1")
    assert raised.value.code == 516
    assert cluster.http(
        "SELECT 1", gateway=True, headers={"Authorization": "Basic eDp5"}
    ).status in (
        401,
        403,
    )


def test_the_users_are_the_rendered_ones(cluster: Lab) -> None:
    assert cluster.client(user="ch_report").execute("SELECT getSetting('readonly')") == [(2,)]
    assert cluster.client(user="lrs").execute("SELECT getSetting('async_insert')") == [(True,)]
    macros = cluster.on_nodes("SELECT getMacro('shard'), getMacro('replica')")
    assert macros == [[("01", "01-1")], [("02", "02-1")]]
