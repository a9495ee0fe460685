"""What the environment says, and one sentence for what it says wrongly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tutoraspects.errors import AspectsError
from tutoraspects.schema import users
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


def test_an_unreachable_server_is_one_line_whoever_listens_to_the_logs() -> None:
    """The driver logs a traceback for each failed connection."""
    code = "import logging; logging.basicConfig(); from tutoraspects.cli.job import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "schema", "upgrade"],
        env={"ASPECTS_CLICKHOUSE_HOST": "127.0.0.1", "ASPECTS_CLICKHOUSE_NATIVE_PORT": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "127.0.0.1:1 cannot be reached" in line and "ASPECTS_CLICKHOUSE_HOST" in line


# Users of an external cluster --------------------------------------------------------------------

GIB = 1024**3


def settings_of(access: Any, profile: str) -> dict[str, Any]:
    (found,) = (item for item in access.profiles if item.name == profile)
    return {setting.name: setting.value for setting in found.settings}


def test_users_are_as_the_environment_says() -> None:
    environment = {
        "ASPECTS_CLICKHOUSE_MEMORY_MIB": "16384",
        "ASPECTS_CLICKHOUSE_INSERT_QUORUM": "2",
        "ASPECTS_RALPH_LOOKBACK_DAYS": "30",
        "ASPECTS_DELIVERY_RETRY_MINUTES": "200",
        "ASPECTS_PII_MODELS": "user_profile,course_enrollment",
    }
    access = users.declare(environment, Names())
    assert settings_of(access, "ingest")["max_memory_usage"] == 8 * GIB
    assert settings_of(access, "ingest")["insert_quorum"] == 2
    for rows in access.user("ch_lrs").row_filters:
        assert "INTERVAL 30 DAY" in rows.condition and "INTERVAL 300 MINUTE" in rows.condition
    grants = {str(grant) for grant in access.user("ch_report").grants}
    assert "SELECT ON event_sink.external_id" in grants
    assert not grants & {
        "SELECT ON event_sink.course_enrollment",
        "SELECT ON event_sink.user_profile",
    }
    everything = users.declare({**environment, "ASPECTS_ENABLE_PII": "1"}, Names())
    assert "SELECT ON event_sink.*" in map(str, everything.user("ch_report").grants)


def test_options_come_before_the_environment() -> None:
    environment = {
        "ASPECTS_CLICKHOUSE_MEMORY_MIB": "16384",
        "ASPECTS_CLICKHOUSE_INSERT_QUORUM": "2",
        "ASPECTS_ENABLE_PII": "1",
    }
    access = users.declare(environment, Names(), memory_mib=2048, quorum=0, pii=False)
    assert settings_of(access, "ingest")["max_memory_usage"] == GIB
    assert settings_of(access, "ingest")["insert_quorum"] == 0
    assert "SELECT ON event_sink.*" not in map(str, access.user("ch_report").grants)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ASPECTS_CLICKHOUSE_MEMORY_MIB", "0"),
        ("ASPECTS_CLICKHOUSE_INSERT_QUORUM", "two"),
        ("ASPECTS_RALPH_LOOKBACK_DAYS", "-1"),
        ("ASPECTS_DELIVERY_RETRY_MINUTES", "1.5"),
        ("ASPECTS_ENABLE_PII", "perhaps"),
        ("ASPECTS_PII_MODELS", "user.profile"),
    ],
)
def test_wrong_description_of_users(variable: str, value: str) -> None:
    with pytest.raises(AspectsError, match=variable if "MODELS" not in variable else value):
        users.declare({variable: value}, Names())
