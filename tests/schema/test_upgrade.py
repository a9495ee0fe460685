"""Upgrades: on one node and a cluster, interrupted anywhere, two at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.lab import Lab
from tutoraspects.errors import AspectsError
from tutoraspects.schema import repair, runner
from tutoraspects.schema.client import Client
from tutoraspects.schema.context import Context

DATABASES = ("xapi", "openedx", "event_sink", "reporting")
ASPECTS = "from tutoraspects.cli.job import main; main()"


@pytest.fixture(scope="module")
def empty_node() -> Iterator[Lab]:
    """One node; each test begins and ends without a schema."""
    with Lab(shards=1) as lab:
        yield lab


@pytest.fixture(scope="module")
def empty_pair() -> Iterator[Lab]:
    with Lab(shards=2) as lab:
        yield lab


@pytest.fixture(params=["one node", "two shards"])
def lab(request: pytest.FixtureRequest) -> Lab:
    fixture = {"one node": "empty_node", "two shards": "empty_pair"}[request.param]
    return without_schema(request.getfixturevalue(fixture))


def without_schema(lab: Lab) -> Lab:
    for node in range(len(lab.nodes)):
        for database in DATABASES:
            lab.client(node).execute(f"DROP DATABASE IF EXISTS {database} SYNC")
    return lab


def context(lab: Lab) -> Context:
    return Context.from_environment(lab.job_environment())


def versions(lab: Lab) -> set[str]:
    return {row[0] for row in lab.client().execute("SELECT * FROM xapi.aspects_schema_versions")}


def test_upgrade_and_again(lab: Lab) -> None:
    first = lab.aspects("schema", "upgrade")
    assert "done, " in first.stderr and "done: the schema is at version" in first.stdout
    again = lab.aspects("schema", "upgrade")
    assert "Nothing to do" in again.stdout and again.stderr == ""
    rows = lab.on_nodes("SELECT count() FROM xapi.aspects_schema_versions")
    assert rows == [[(3,)]] * len(lab.nodes)
    lab.aspects("schema", "check")


def test_json(lab: Lab) -> None:
    done = json.loads(lab.aspects("schema", "upgrade", "--json").stdout)
    assert done["version"] == "0003"
    assert [item["revision"] for item in done["applied"]] == ["0001", "0002", "0003"]
    assert all(item["statements"] > 4 and item["seconds"] >= 0 for item in done["applied"])
    assert json.loads(lab.aspects("schema", "upgrade", "--json").stdout)["applied"] == []


def test_sql_runs_nothing(lab: Lab) -> None:
    shown = lab.aspects("schema", "upgrade", "--sql").stdout
    assert shown.count("CREATE MATERIALIZED VIEW") == 4
    assert lab.on_nodes("SELECT name FROM system.databases WHERE name = 'xapi'") == [
        [] for _ in lab.nodes
    ]
    # What is shown is what would do it.
    client = lab.client(gateway=True)
    for statement in shown.split(";\n"):
        lines = [line for line in statement.splitlines() if not line.startswith("--")]
        if "".join(lines).strip():
            client.execute("\n".join(lines))
    lab.aspects("schema", "upgrade")
    lab.aspects("schema", "check")
    assert "-- Nothing to do." in lab.aspects("schema", "upgrade", "--sql").stdout


class Killed(AspectsError):
    """Stands for the end of the process."""


def kill_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the run end right before its statement or record of this number."""
    left = [number]
    run, insert = Client.run, Client.insert

    def counted(method: Any) -> Any:
        def call(self: Client, *arguments: Any) -> None:
            if left[0] == 0:
                raise Killed("killed")
            left[0] -= 1
            method(self, *arguments)

        return call

    monkeypatch.setattr(Client, "run", counted(run))
    monkeypatch.setattr(Client, "insert", counted(insert))


def test_killed_before_every_statement(empty_node: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever statement a run dies at, the next run ends with the whole schema."""
    lab = without_schema(empty_node)
    total = len(runner.script(context(lab)))
    assert total > 25
    for number in range(total):
        without_schema(lab)
        with monkeypatch.context() as patch:
            kill_at(patch, number)
            with pytest.raises(AspectsError):
                runner.upgrade(context(lab), lambda line: None)
        runner.upgrade(context(lab), lambda line: None)
        assert versions(lab) == {"0001", "0002", "0003"}
        assert repair.check(context(lab), lambda line: None).sound


def test_killed_on_a_cluster(empty_pair: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = without_schema(empty_pair)
    with monkeypatch.context() as patch:
        kill_at(patch, 17)
        with pytest.raises(AspectsError):
            runner.upgrade(context(lab), lambda line: None)
    assert versions(lab) == {"0001"}
    lab.aspects("schema", "upgrade")
    lab.aspects("schema", "check")


def start(lab: Lab, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ASPECTS, "schema", "upgrade", *arguments],
        env={"PATH": os.environ["PATH"], **lab.job_environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_sigkill_frees_the_lock(lab: Lab) -> None:
    """A killed process leaves neither a lock nor half a schema behind."""
    process = start(lab)
    assert process.stderr is not None
    process.stderr.readline()  # the headline: the lock is held and statements begin
    process.kill()
    process.communicate()
    begin = time.monotonic()
    lab.aspects("schema", "upgrade", "--lock-timeout", "20")
    assert time.monotonic() - begin < 15
    lab.aspects("schema", "check")


def test_interrupt_is_one_sentence(lab: Lab) -> None:
    process = start(lab)
    assert process.stderr is not None
    headline = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert "versions to apply" in headline
    if process.returncode:  # it may have been too late
        assert process.returncode == 1 and "Traceback" not in err
        assert "run the same command again" in err
    lab.aspects("schema", "upgrade")
    lab.aspects("schema", "check")


def test_two_at_once(lab: Lab) -> None:
    """Both succeed; every version is applied by one of them only."""
    results = [process.communicate() for process in [start(lab), start(lab), start(lab)]]
    assert all("version 0003" in out for out, _ in results), results
    assert sum("schema versions to apply" in err for _, err in results) == 1
    [(count,)] = lab.client().execute("SELECT count() FROM xapi.aspects_schema_versions")
    assert count == 3
    lab.aspects("schema", "check")


def test_the_lock_is_waited_for_and_no_longer_than_told(empty_node: Lab) -> None:
    lab = without_schema(empty_node)
    ready, release = threading.Event(), threading.Event()

    def hold() -> None:
        here = context(lab)
        address = here.target.address
        with runner.lock.hold(here.target, address, here.lock_name, 5, lambda line: None):
            ready.set()
            release.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert ready.wait(20)
    try:
        begin = time.monotonic()
        refused = lab.aspects("schema", "upgrade", "--lock-timeout", "3", check=False)
        assert time.monotonic() - begin < 15
        assert refused.returncode == 1 and "--lock-timeout" in refused.stderr
        assert "Another schema run" in refused.stderr
        # Looking does not wait.
        assert lab.aspects("schema", "status").returncode == 0
    finally:
        release.set()
        holder.join()
    lab.aspects("schema", "upgrade", "--lock-timeout", "5")


def test_a_node_that_is_down_fails_loudly_and_is_brought_up_by_the_next_run(
    start_lab: type[Lab],
) -> None:
    lab = start_lab(shards=2)
    lab.kill_node(1)
    failed = lab.aspects("schema", "upgrade", check=False)
    assert failed.returncode == 1 and "Traceback" not in failed.stderr
    lab.start_node(1)
    lab.aspects("schema", "upgrade")
    lab.aspects("schema", "check")


def test_a_newer_database_is_left_alone(lab: Lab) -> None:
    lab.aspects("schema", "upgrade")
    client = lab.client(gateway=True)
    client.execute("INSERT INTO xapi.aspects_schema_versions (revision) VALUES", [("9999",)])
    for command in ("upgrade", "sync", "check"):
        refused = lab.aspects("schema", command, check=False)
        assert refused.returncode == 1 and "9999" in refused.stderr, command


def test_status(lab: Lab) -> None:
    before = json.loads(lab.aspects("schema", "status", "--json").stdout)
    assert {version["applied_at"] for version in before["versions"]} == {""}
    assert "not applied" in lab.aspects("schema", "status").stdout
    lab.aspects("schema", "upgrade")
    after = json.loads(lab.aspects("schema", "status", "--json").stdout)
    assert all(version["applied_at"].startswith("20") for version in after["versions"])
    assert [node["tables"] for node in after["nodes"]] == [16] * len(lab.nodes)
    assert "not applied" not in lab.aspects("schema", "status").stdout


UPSTREAM = (
    "CREATE DATABASE xapi",
    "CREATE TABLE xapi.alembic_version (version_num String, dt DateTime DEFAULT now()) "
    "ENGINE = ReplacingMergeTree ORDER BY tuple()",
    "CREATE TABLE xapi.xapi_events_all (event_id UUID, emission_time DateTime64(6), event String) "
    "ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(emission_time) "
    "ORDER BY (emission_time, event_id) PRIMARY KEY (emission_time, event_id)",
)


def test_a_volume_of_upstreams_plugin_is_refused_before_anything_is_made(lab: Lab) -> None:
    for statement in UPSTREAM:
        lab.on_nodes(statement)
    lab.on_nodes("INSERT INTO xapi.xapi_events_all SELECT generateUUIDv4(), now64(6), '{}'")
    refused = lab.aspects("schema", "upgrade", check=False)
    assert refused.returncode == 1 and refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1
    assert "tutor-contrib-aspects" in refused.stderr and "volume claim" in refused.stderr
    assert "xapi.xapi_events_all" in refused.stderr
    tables = [[("alembic_version",), ("xapi_events_all",)]] * len(lab.nodes)
    assert lab.on_nodes("SELECT name FROM system.tables WHERE database = 'xapi' ORDER BY 1") == (
        tables
    )
    # With the tables out of the way upstream's versions alone hinder nobody, nor does a run that
    # was killed between our own tables.
    lab.on_nodes("RENAME TABLE xapi.xapi_events_all TO xapi.before")
    lab.aspects("schema", "upgrade")
    lab.on_nodes("TRUNCATE TABLE xapi.aspects_schema_versions")
    lab.aspects("schema", "upgrade")
    lab.aspects("schema", "check")


def test_another_retention_reaches_the_tables_by_sync(empty_node: Lab) -> None:
    lab = without_schema(empty_node)
    lab.aspects("schema", "upgrade")
    [(before,)] = lab.client().execute("SHOW CREATE TABLE xapi.xapi_events_all")
    ttl = "toDateTime(emission_time) + INTERVAL 77 DAY"
    done = lab.aspects("schema", "sync", ASPECTS_DATA_TTL_EXPRESSION=ttl)
    [(after,)] = lab.client().execute("SHOW CREATE TABLE xapi.xapi_events_all")
    assert "toIntervalDay(77)" not in before and "toIntervalDay(77)" in after
    assert "mended xapi.xapi_events_all: TTL" in done.stderr
    again = lab.aspects("schema", "sync", ASPECTS_DATA_TTL_EXPRESSION=ttl)
    assert "mended 0 of 0" in again.stderr and len(again.stderr.splitlines()) == 1
