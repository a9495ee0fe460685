"""The version files as one history, and Alembic's own command on top of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tutoraspects.errors import AspectsError
from tutoraspects.schema import scripts
from tutoraspects.schema.ddl import Layout
from tutoraspects.schema.model import Ref
from tutoraspects.schema.names import Names


def test_one_line_of_versions_with_titles() -> None:
    history = scripts.load(Names())
    revisions = [version.revision for version in history.versions]
    assert revisions == sorted(revisions) and len(set(revisions)) == len(revisions)
    assert history.head == revisions[-1]
    for version in history.versions:
        assert 10 < len(version.title) < 100 and version.statements(Layout())


def test_pending() -> None:
    history = scripts.load(Names())
    everything = [version.revision for version in history.versions]

    def pending(applied: set[str], target: str = "head") -> list[str]:
        return [version.revision for version in history.pending(applied, target)]

    assert pending(set()) == everything
    assert pending(set(everything)) == []
    assert pending({everything[0]}) == everything[1:]
    assert pending({everything[1]}) == [everything[0], *everything[2:]]
    assert pending(set(), everything[0]) == everything[:1]
    with pytest.raises(AspectsError, match="a newer one"):
        pending({*everything, "9999"})
    with pytest.raises(AspectsError, match="no schema version '0000'"):
        pending(set(), "0000")


def test_names_reach_every_statement() -> None:
    names = Names(
        xapi_database="lrs",
        vector_database="logs",
        event_sink_database="sink",
        reporting_database="marts",
        migrations_database="state",
        raw_table="statements",
        tracking_table="tracks",
        events_ttl="toDateTime(emission_time) + INTERVAL 9 DAY",
    )
    history = scripts.load(names)
    statements = history.bootstrap.statements(Layout())
    statements += [s for version in history.versions for s in version.statements(Layout())]
    sql = "\n".join(statement.sql for statement in statements)
    for name in ("xapi_events_all", "`xapi`", "`openedx`", "`event_sink`", "`reporting`"):
        assert name not in sql
    assert Ref("state", "aspects_schema_versions") in history.schema.tables
    assert Ref("lrs", "statements_parsed") in history.schema.tables
    assert history.schema.tables[Ref("logs", "tracks")].ttl == "toDateTime(time) + INTERVAL 9 DAY"


@pytest.mark.filterwarnings("ignore:Revision 0000")
def test_a_broken_version_file_is_one_sentence(tmp_path: Path) -> None:
    shutil.copytree(scripts.HERE, tmp_path / "schema")
    target = tmp_path / "schema/versions/0002_raw_events.py"
    target.write_text(target.read_text("utf8").replace('"0001"', '"0000"'), "utf8")
    with pytest.raises(AspectsError, match="version files"):
        scripts.load(Names(), tmp_path / "schema")


def alembic(lab: Lab | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **(lab.job_environment() if lab else {})}
    return subprocess.run(
        [sys.executable, "-m", "alembic", "-c", str(scripts.HERE / "alembic.ini"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_alembic_upgrade_is_the_same_runner(start_lab: type[Lab]) -> None:
    lab = start_lab(shards=1)
    shown = alembic(lab, "upgrade", "0001", "--sql")
    assert (
        shown.returncode == 0
        and "CREATE TABLE" in shown.stdout
        and "event_sink`.`tag" not in (shown.stdout)
    )
    first = alembic(lab, "upgrade", "0001")
    assert first.returncode == 0, first.stderr
    assert "0001" in first.stderr and "0002" not in first.stderr
    assert lab.aspects("schema", "check", check=False).returncode == 1
    rest = alembic(lab, "upgrade", "head")
    assert rest.returncode == 0 and "0003" in rest.stderr
    lab.aspects("schema", "check")


def test_alembic_lists_but_does_not_undo() -> None:
    listed = alembic(None, "history")
    assert listed.returncode == 0 and "0001 -> 0002" in listed.stdout
    undone = alembic(None, "downgrade", "base")
    assert undone.returncode != 0 and "Traceback" not in undone.stderr
    assert "aspects schema status" in undone.stdout + undone.stderr


def test_alembic_says_one_sentence_when_there_is_no_server() -> None:
    failed = subprocess.run(
        [
            sys.executable,
            "-m",
            "alembic",
            "-c",
            str(scripts.HERE / "alembic.ini"),
            "upgrade",
            "head",
        ],
        env={
            "PATH": os.environ["PATH"],
            "ASPECTS_CLICKHOUSE_HOST": "127.0.0.1",
            "ASPECTS_CLICKHOUSE_NATIVE_PORT": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert failed.returncode != 0 and "Traceback" not in failed.stdout + failed.stderr
    assert "cannot be reached" in failed.stdout + failed.stderr


def test_a_new_version_file_is_made_by_alembic(tmp_path: Path) -> None:
    """`alembic revision` writes a file that loads, and that does nothing until it is filled in."""
    shutil.copytree(scripts.HERE, tmp_path / "schema")
    made = subprocess.run(
        [
            *(sys.executable, "-m", "alembic", "-c", str(tmp_path / "schema/alembic.ini")),
            *("revision", "-m", "more columns", "--rev-id", "0099"),
        ],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    history = scripts.load(Names(), tmp_path / "schema")
    assert history.head == "0099" and history.versions[-1].title == "more columns"
    assert history.versions[-1].statements(Layout()) == []
