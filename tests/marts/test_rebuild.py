"""Making and remaking the marts on two shards: again, after a kill, under load, after retention."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.schema.insert import insert, row
from tutoraspects.dbt_runner import Project
from tutoraspects.errors import AspectsError
from tutoraspects.resources import resource_path

BUILT = re.compile(r"_v[0-9a-f]{10}")
COURSE = "course-v1:Rebuild+R1+run"
ENROLLED = "SELECT count() FROM reporting.dim_most_recent_enrollment"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(shards=2, schema=True) as made:
        yield made


def objects(lab: Lab) -> dict[tuple[int, str], str]:
    """(node, name) -> identity, of everything that dbt has made.

    A table that is refreshed gets another identity each time: there, the view that refreshes it
    stands for it.
    """
    query = (
        "SELECT concat(database, '.', name), if(engine = 'MergeTree', '', toString(uuid)) "
        "FROM system.tables "
        "WHERE database IN ('reporting', 'xapi', 'event_sink') "
        r"AND (match(name, '_v[0-9a-f]{10}') OR match(comment, '\\[[0-9a-f]{10}\\]$'))"
    )
    return {
        (node, name): identity
        for node, rows in enumerate(lab.on_nodes(query))
        for name, identity in rows
    }


def enrolments(count: int, day: int = 1) -> list[dict[str, str]]:
    return [
        row(
            {
                "id": str(uuid.uuid4()),
                "timestamp": f"2026-10-{day:02d}T10:00:00Z",
                "actor": {"account": {"name": f"learner-{uuid.uuid4()}", "homePage": "http://x"}},
                "verb": {"id": "http://adlnet.gov/expapi/verbs/registered"},
                "object": {
                    "id": f"http://x/course/{COURSE}",
                    "definition": {
                        "type": "http://adlnet.gov/expapi/activities/course",
                        "extensions": {"https://w3id.org/xapi/acrossx/extensions/type": "audit"},
                    },
                },
            }
        )
        for _ in range(count)
    ]


def watching(learner: str, verb: str, second: int, day: int) -> dict[str, str]:
    """A statement about one video, at this second of it."""
    return row(
        {
            "id": str(uuid.uuid4()),
            "timestamp": f"2026-10-{day:02d}T10:00:{second:02d}Z",
            "actor": {"account": {"name": learner, "homePage": "http://x"}},
            "verb": {"id": f"https://w3id.org/xapi/video/verbs/{verb}"},
            "object": {"id": "http://x/xblock/block-v1:Rebuild+R1+run+type@video+block@v"},
            "result": {"extensions": {"https://w3id.org/xapi/video/extensions/time": second}},
        }
    )


def watched(lab: Lab) -> list[tuple[str, int]]:
    return lab.client().execute(
        "SELECT actor_id, watched_seconds FROM reporting.fact_video_watches ORDER BY actor_id"
    )


def enrolled(lab: Lab) -> int:
    return int(lab.client().execute(ENROLLED)[0][0])


def kill_when(lab: Lab, enough: Callable[[int], bool]) -> None:
    """Start a run and kill it as soon as `enough` holds for the number of objects."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from tutoraspects.cli.job import main; main()", "dbt", "run"],
        env={**lab.job_environment(), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None and not enough(len(objects(lab))):
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def project(lab: Lab, folder: Path, *changes: tuple[str, str, str]) -> Project:
    """A copy of the project with (file, text, other text) changed."""
    shutil.copytree(resource_path("dbt"), folder)
    for name, before, after in changes:
        text = (folder / name).read_text(encoding="utf8")
        assert before in text, f"{name} does not say {before!r}"
        (folder / name).write_text(text.replace(before, after), encoding="utf8")
    made = Project.from_environment(lab.job_environment(), None)
    return replace(made, folder=folder, environment={**made.environment, "PATH": "/usr/bin:/bin"})


CHANGED = (
    "models/intermediate/int_learner_course.sql",
    "GROUP BY org, course_key, actor_id\n",
    "AND verb_id != '' GROUP BY org, course_key, actor_id\n",
)


def test_a_killed_run_completes_and_a_second_changes_nothing(lab: Lab) -> None:
    insert(lab, enrolments(50))
    kill_when(lab, lambda count: count > 3)
    kill_when(lab, lambda count: count > 60)
    lab.aspects("dbt", "run")
    made = objects(lab)
    names = {name for _, name in made}
    assert all(((0, name) in made) and ((1, name) in made) for name in names)
    built = [BUILT.sub("", name) for name in names if BUILT.search(name)]
    assert len(built) == len(set(built)), "a killed run left tables behind"
    assert enrolled(lab) == 50
    again = lab.aspects("dbt", "run")
    assert objects(lab) == made
    assert " OK created" in again.stdout and "[OK in" not in again.stdout


def test_a_changed_model_is_rebuilt_alone_while_events_arrive(lab: Lab, tmp_path: Path) -> None:
    lab.aspects("dbt", "run")
    before = objects(lab)
    stop = threading.Event()
    counts = {"sent": enrolled(lab), "stored": enrolled(lab)}
    wrong: list[str] = []

    def arrive() -> None:
        while not stop.is_set():
            events = enrolments(7)
            counts["sent"] += len(events)
            insert(lab, events)
            counts["stored"] += len(events)

    def look() -> None:
        client = lab.client(node=1)
        while not stop.is_set():
            stored = counts["stored"]
            found = int(client.execute(ENROLLED)[0][0])
            if not stored <= found <= counts["sent"]:
                wrong.append(f"{found} not in {stored}..{counts['sent']}")

    threads = [threading.Thread(target=work) for work in (arrive, look)]
    for thread in threads:
        thread.start()
    try:
        project(lab, tmp_path / "dbt", CHANGED).call("run")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong
    assert enrolled(lab) == counts["stored"] > 50
    after = objects(lab)
    changed = {BUILT.sub("", name) for _, name in before.items() ^ after.items() for name in [_[1]]}
    assert changed == {
        "reporting.int_learner_course",
        "reporting.int_learner_course_mv",
        "reporting.int_learner_course_local",
    }


def test_a_backfill_that_is_not_proven_changes_nothing(
    lab: Lab, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lab.aspects("dbt", "run")
    before = enrolled(lab)
    broken = project(
        lab,
        tmp_path / "dbt",
        (CHANGED[0], CHANGED[1], CHANGED[1].replace("\n", ", verb_id = ''\n")),
        ("macros/materializations/fed_tables.sql", "'toYYYYMM(emission_time) = '", "'1 = '"),
        ("models/intermediate/int_learner_course.sql", "    carry=", "    ignored="),
    )
    with pytest.raises(AspectsError, match="dbt run failed"):
        broken.call("run", "--select", "int_learner_course")
    assert "the backfill has 0 rows" in capfd.readouterr().out
    assert enrolled(lab) == before
    lab.aspects("dbt", "run")
    assert enrolled(lab) == before


CHANGED_VIDEOS = (
    "models/intermediate/int_video_statements.sql",
    "GROUP BY org, course_key, block_id, actor_id\n",
    "AND verb_id != '' GROUP BY org, course_key, block_id, actor_id\n",
)


def test_a_rebuild_keeps_what_retention_has_deleted(
    lab: Lab, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lab.aspects("dbt", "run")
    insert(lab, enrolments(20, day=9))
    insert(lab, [watching("ann", "played", 0, day=1), watching("ann", "paused", 10, day=1)])
    insert(lab, [watching("ann", "played", 20, day=9), watching("ann", "paused", 25, day=9)])
    insert(lab, [watching("bob", "played", 0, day=1), watching("bob", "paused", 7, day=1)])
    before = enrolled(lab)
    assert watched(lab) == [("ann", 15), ("bob", 7)]
    for node in range(2):
        lab.client(node=node).execute(
            "ALTER TABLE xapi.xapi_events_all_parsed_local DELETE "
            "WHERE emission_time < '2026-10-05' SETTINGS mutations_sync = 2"
        )
    project(lab, tmp_path / "one", CHANGED, CHANGED_VIDEOS).call("run")
    assert enrolled(lab) == before
    assert watched(lab) == [("ann", 15), ("bob", 7)]

    strict = project(lab, tmp_path / "two", (CHANGED[0], "    carry=", "    ignored="))
    with pytest.raises(AspectsError, match="dbt run failed"):
        strict.call("run", "--select", "int_learner_course")
    assert "--accept-expired" in capfd.readouterr().out
    assert enrolled(lab) == before
    strict.call("run", "--select", "int_learner_course", "--vars", "{accept_expired: true}")
    assert enrolled(lab) == 20
