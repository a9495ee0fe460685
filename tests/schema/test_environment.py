"""What the environment says, and one sentence for what it says wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutoraspects.errors import AspectsError
from tutoraspects.schema.names import Names
from tutoraspects.schema.target import Address, Target, read_secret


def test_defaults() -> None:
    target = Target.from_environment({})
    assert (target.address, target.user, target.secure) == (
        Address("clickhouse", 9000),
        "default",
        False,
    )
    names = Names.from_environment({})
    assert names == Names()
    assert names.databases == ("xapi", "openedx", "event_sink", "reporting")
    assert names.parsed_table == "xapi_events_all_parsed"


def test_everything_set() -> None:
    target = Target.from_environment(
        {
            "ASPECTS_CLICKHOUSE_HOST": "::1",
            "ASPECTS_CLICKHOUSE_NATIVE_PORT": "9441",
            "ASPECTS_CLICKHOUSE_SECURE": "True",
            "ASPECTS_CLICKHOUSE_USER": "ch_admin",
            "ASPECTS_CLICKHOUSE_PASSWORD": "p@ss word",
            "ASPECTS_CLICKHOUSE_CLUSTER": "aspects",
            "ASPECTS_CLICKHOUSE_NODES": "a:9000, b,[::1]:9100",
            "ASPECTS_CLICKHOUSE_DDL_NODE": "ddl",
        }
    )
    assert target.address == Address("::1", 9441)
    assert target.nodes == (Address("a", 9000), Address("b", 9441), Address("::1", 9100))
    assert target.ddl_node == Address("ddl", 9441)
    assert target.secure and target.cluster == "aspects"
    assert "p@ss word" not in repr(target)


def test_the_port_follows_tls() -> None:
    assert Target.from_environment({"ASPECTS_CLICKHOUSE_SECURE": "1"}).address.port == 9440


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ASPECTS_CLICKHOUSE_NATIVE_PORT", "ninethousand"),
        ("ASPECTS_CLICKHOUSE_NATIVE_PORT", "70000"),
        ("ASPECTS_CLICKHOUSE_SECURE", "maybe"),
        ("ASPECTS_CLICKHOUSE_NODES", "a:b:c:1,"),
        ("ASPECTS_CLICKHOUSE_NODES", "a:,b:1"),
        ("ASPECTS_CLICKHOUSE_DDL_NODE", "host:0"),
    ],
)
def test_wrong_target(variable: str, value: str) -> None:
    with pytest.raises(AspectsError, match=variable):
        Target.from_environment({variable: value})


@pytest.mark.parametrize("value", ["my-db", "a.b", "1st", "x; DROP DATABASE y", "`"])
def test_wrong_name(value: str) -> None:
    with pytest.raises(AspectsError, match="ASPECTS_EVENT_SINK_DATABASE"):
        Names.from_environment({"ASPECTS_EVENT_SINK_DATABASE": value})


def test_ralph_and_vector_need_databases_of_their_own() -> None:
    with pytest.raises(AspectsError, match="ASPECTS_RALPH_DATABASE"):
        Names.from_environment({"ASPECTS_VECTOR_DATABASE": "xapi"})


def test_retention() -> None:
    names = Names.from_environment(
        {"ASPECTS_DATA_TTL_EXPRESSION": " toDateTime(emission_time) + INTERVAL 5 DAY"}
    )
    assert names.ttl_over("time") == "toDateTime(time) + INTERVAL 5 DAY"
    assert Names.from_environment({"ASPECTS_DATA_TTL_EXPRESSION": ""}).events_ttl == ""


def test_passwords_from_files(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from a file \n", encoding="utf8")
    assert read_secret({"X_FILE": str(file)}, "X") == "from a file "
    assert read_secret({"X_FILE": str(file), "X": "direct"}, "X") == "direct"
    assert read_secret({}, "X") == ""
    with pytest.raises(AspectsError, match="X_FILE"):
        read_secret({"X_FILE": str(tmp_path / "absent")}, "X")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(AspectsError, match="not text"):
        read_secret({"X_FILE": str(file)}, "X")
