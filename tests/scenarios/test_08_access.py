"""Promise: each ClickHouse user can do its job and nothing else, on every table that there is.

The rights are written here by hand; every user tries everything on every object of the real
schema, on one node and on the last node of the cluster. A table that is added and forgotten here
is one that nobody but the administrator may touch.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from tests.lab.lab import HttpAnswer, Lab
from tests.scenarios import steps
from tutoraspects.events.stream import Generator

DATABASES = ("xapi", "openedx", "event_sink", "reporting")
ROLES = ("lrs", "vector", "cms", "report", "health", "monitor", "backup")

# Codes of a refusal: ACCESS_DENIED, READONLY.
REFUSED = (497, 164)

EVENT_SINK = (
    "course_overviews", "course_blocks", "course_relationships", "course_enrollment",
    "tag", "taxonomy", "object_tag",
)  # fmt: skip
PERSONAL = ("user_profile", "external_id", "auth_user")

# Role -> what it does -> tables it may do it to. On a cluster a front's `_local` goes with it.
RIGHTS: dict[str, dict[str, set[str]]] = {
    "lrs": {
        # The staging table holds nothing; the views look there for the rows they are handed.
        "SELECT": {"xapi.xapi_events_all", "xapi.xapi_events_all_parse"},
        "INSERT": {"xapi.xapi_events_all"},
    },
    "vector": {
        "SELECT": {"openedx.xapi_events_all", "openedx._tracking", "xapi.xapi_events_all_parse"},
        "INSERT": {"openedx.xapi_events_all", "openedx._tracking"},
    },
    "cms": {
        "SELECT": {f"event_sink.{name}" for name in (*EVENT_SINK, *PERSONAL)},
        "INSERT": {f"event_sink.{name}" for name in (*EVENT_SINK, *PERSONAL)},
        "DELETE": {f"event_sink.{name}" for name in (*EVENT_SINK, *PERSONAL)},
    },
    "report": {
        "SELECT": {
            "xapi.xapi_events_all_parsed",
            # Of course_enrollment the columns without names, see below.
            *(f"event_sink.{name}" for name in EVENT_SINK if name != "course_enrollment"),
        },
    },
    "health": {},
    "monitor": {},
    "backup": {},
}

# What is tried on every table. All but the last two would change nothing if they were allowed.
TRIALS = {
    "SELECT": "SELECT * FROM {table} LIMIT 0",
    "INSERT": "INSERT INTO {table} FORMAT JSONEachRow",
    "DELETE": "ALTER TABLE {table} DELETE WHERE 0",
    "UPDATE": "ALTER TABLE {table} UPDATE {column} = {column} WHERE 0",
    "COMMENT": "ALTER TABLE {table} COMMENT COLUMN {column} ''",
    "ADD COLUMN": "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} String",
    "FREEZE": "ALTER TABLE {table} FREEZE PARTITION ID 'none'",
    "OPTIMIZE": "OPTIMIZE TABLE {table} PARTITION ID 'none'",
    "STOP MERGES": "SYSTEM START MERGES {table}",
    "CREATE": "CREATE TABLE IF NOT EXISTS {table} (n UInt8) ENGINE = Memory",
    "RENAME": "RENAME TABLE {table} TO {table}",
    "TRUNCATE": "TRUNCATE TABLE {table}",
    "DROP": "DROP TABLE {table}",
}


def tables(lab: Lab) -> Iterator[tuple[str, str]]:
    """(table, one of its columns) for everything in our databases."""
    listed = ", ".join(f"'{name}'" for name in DATABASES)
    for database, name, column in steps.query(
        lab,
        "SELECT t.database, t.name, any(c.name) FROM system.tables AS t JOIN system.columns AS c "
        "ON c.database = t.database AND c.table = t.name "
        f"WHERE t.database IN ({listed}) GROUP BY 1, 2 ORDER BY 1, 2",
    ):
        yield f"{database}.{name}", column


def may(role: str, trial: str, table: str) -> bool:
    return table.removesuffix("_local") in RIGHTS[role].get(trial, set())


def ask(lab: Lab, role: str, statement: str, node: int) -> HttpAnswer:
    return lab.http(statement, node=node, user=role)


@pytest.mark.parametrize("role", ROLES)
def test_every_table_and_every_statement(lab: Lab, role: str) -> None:
    node = len(lab.nodes) - 1
    found = list(tables(lab))
    assert len(found) > 20
    wrong = []
    for table, column in found:
        for trial, statement in TRIALS.items():
            answer = ask(lab, role, statement.format(table=table, column=column), node)
            allowed = answer.exception_code not in REFUSED
            if allowed and not may(role, trial, table):
                wrong.append(f"{role} may {trial} {table}: {answer[:200] or 'it did'}")
            if not allowed and may(role, trial, table):
                wrong.append(f"{role} may not {trial} {table}: {answer[:200]}")
            if may(role, trial, table) and answer.status != 200:
                wrong.append(f"{role} cannot {trial} {table}: {answer[:200]}")
    assert not wrong, "\n".join(wrong)


def test_every_right_is_about_a_table_that_exists(lab: Lab) -> None:
    known = {table for table, _ in tables(lab)}
    granted = {table for rights in RIGHTS.values() for each in rights.values() for table in each}
    assert granted <= known


@pytest.mark.parametrize("role", ROLES)
def test_not_even_with_on_cluster(cluster: Lab, role: str) -> None:
    """Through the gateway, which runs a statement with ON CLUSTER on every node as its user."""
    for statement in (
        "DROP TABLE openedx._tracking_local ON CLUSTER {cluster}",
        "TRUNCATE TABLE xapi.xapi_events_all_local ON CLUSTER {cluster}",
        "CREATE DATABASE IF NOT EXISTS mine ON CLUSTER {cluster}",
        "ALTER TABLE event_sink.taxonomy ON CLUSTER {cluster} ADD COLUMN more String",
    ):
        text = statement.format(cluster=cluster.cluster)
        answer = cluster.http(text, user=role, gateway=True)
        assert answer.status != 200, f"{role}: {text}"
        assert "ACCESS_DENIED" in answer or answer.exception_code in REFUSED, answer
    databases = cluster.on_nodes("SELECT name FROM system.databases")
    assert all(("mine",) not in found for found in databases)


@pytest.mark.parametrize("role", ROLES)
def test_the_other_shard_is_no_back_door(cluster: Lab, role: str) -> None:
    """The nodes trust each other, but a query arrives there as the user who asked it."""
    other = cluster.nodes[1]
    for source in (
        f"remote('{other.host}:{other.native_port}', 'event_sink', 'user_profile')",
        f"cluster('{cluster.cluster}', 'event_sink', 'user_profile')",
        f"clusterAllReplicas('{cluster.cluster}', 'xapi', 'xapi_events_all_local')",
    ):
        answer = cluster.http(f"SELECT count() FROM {source}", user=role)
        assert answer.exception_code in REFUSED, f"{role}: {source}: {answer}"


def test_reports_see_every_shard_and_no_text(cluster: Lab) -> None:
    """The job of ch_report: all events as columns; of those in quarantine the reason, no more."""
    start = datetime.now(timezone.utc) - timedelta(days=2)
    events = list(Generator(seed=8, count=300, courses=3, learners=60, start=start))
    assert steps.through_vector(cluster, events).status == 200
    bad = [{**events[0], "id": "hello"}]
    rows = [{"event_id": events[0]["id"], "emission_time": events[0]["timestamp"],
             "event": json.dumps(bad[0])}]  # fmt: skip
    assert steps.vector_rows(cluster, rows).status == 200
    for node in range(2):
        answer = cluster.http(
            "SELECT uniqExact(event_id) FROM xapi.xapi_events_all_parsed",
            node=node,
            user="report",
            log_comment="courses=*",
        )
        assert answer.strip() == "300"
        reason = "SELECT DISTINCT reason FROM xapi.xapi_events_quarantine"
        assert cluster.http(reason, node=node, user="report").strip() == "id is not a UUID"
        text = "SELECT event FROM xapi.xapi_events_quarantine"
        assert cluster.http(text, node=node, user="report").exception_code in REFUSED


def test_reports_know_nobody_by_name_without_personal_data(lab: Lab) -> None:
    """Enrollments are not personal data for the LMS, and yet have a column of user names."""
    row = "1,course-v1:A+B+C,2026-01-01,True,audit,maria,7,,2026-01-01 00:00:00"
    insert = "INSERT INTO event_sink.course_enrollment FORMAT CSV"
    stored = lab.http(insert, row.replace(",,", f",{uuid.uuid4()},"), user="cms")
    assert stored.status == 200, stored
    courses = {"user": "report", "log_comment": "courses=course-v1:A+B+C"}
    known = "SELECT mode, uniqExact(user_id) FROM event_sink.course_enrollment GROUP BY mode"
    assert lab.http(known, **courses).split() == ["audit", "1"]
    assert lab.http(known, user="report").strip() == ""
    for columns in ("username", "*"):
        answer = lab.http(f"SELECT {columns} FROM event_sink.course_enrollment", **courses)
        assert answer.exception_code in REFUSED, answer


def test_monitoring_sees_the_state_and_no_rows(lab: Lab) -> None:
    """The job of ch_monitor: parts, replicas and metrics of every table."""
    steps.through_vector(lab, Generator(seed=9, count=50, start=datetime.now(timezone.utc)))
    parts = lab.http(
        "SELECT count() FROM system.parts WHERE database = 'xapi' AND active", user="monitor"
    )
    assert int(parts) > 0
    for table in ("metrics", "events", "replicas", "mutations", "disks"):
        assert lab.http(f"SELECT count() FROM system.{table}", user="monitor").status == 200
