"""A shard that is added, and a node that lost its disk: the answers stay."""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import StartLab
from tests.lab.lab import Lab
from tests.schema.insert import Row, insert, row
from tutoraspects.events.stream import Generator

DATABASES = ("xapi", "openedx", "event_sink", "reporting")
QUESTIONS = (
    "SELECT * FROM reporting.dim_student_status ORDER BY ALL",
    "SELECT * FROM reporting.fact_enrollments ORDER BY ALL",
    "SELECT * FROM reporting.fact_video_watches ORDER BY ALL",
    "SELECT * FROM reporting.dim_learner_last_response ORDER BY ALL",
    "SELECT * FROM reporting.fact_completions ORDER BY ALL",
    "SELECT * FROM reporting.dim_problem_responses ORDER BY ALL",
    "SELECT emission_day, uniqCombinedMerge(events_cnt) FROM xapi.fact_instance_events "
    "GROUP BY emission_day ORDER BY ALL",
)


def rows(count: int) -> list[Row]:
    generator = Generator(seed=4, count=count, courses=3, learners=40)
    return [row(json.loads(line)) for line in generator.lines()]


def answers(lab: Lab, node: int = 0) -> list[Any]:
    client = lab.client(node=node)
    found = [client.execute(question) for question in QUESTIONS]
    assert all(found), "a question without an answer shows nothing"
    return found


def empty(lab: Lab, node: int) -> None:
    """What a new node has: no database of ours."""
    for database in DATABASES:
        lab.client(node=node).execute(f"DROP DATABASE {database} SYNC")


def test_an_added_shard_changes_no_answer(start_lab: StartLab) -> None:
    lab = start_lab(shards=3, schema=True)
    lab.aspects("dbt", "run")
    events = rows(1_500)
    # As two shards would have them: the third is there already, and gets none.
    for node in (0, 1):
        chosen = [event for number, event in enumerate(events) if number % 2 == node]
        body = "\n".join(json.dumps(event) for event in chosen)
        answer = lab.http(
            "INSERT INTO xapi.xapi_events_all_local FORMAT JSONEachRow",
            body,
            node=node,
            date_time_input_format="best_effort",
        )
        assert answer.status == 200, answer
    before = answers(lab)

    empty(lab, 2)
    checked = lab.aspects("schema", "check", check=False)
    assert checked.returncode == 1 and "reporting.dim_student_status: missing" in checked.stdout
    lab.aspects("schema", "sync")
    lab.aspects("schema", "check")
    assert [answers(lab, node) for node in range(3)] == [before] * 3

    # The same events again: now each goes to one of three shards, mostly to another than before.
    insert(lab, events)
    stored = lab.on_nodes("SELECT count() FROM xapi.xapi_events_all_parsed_local")
    assert all(count[0][0] for count in stored), "every shard must hold events"
    assert [answers(lab, node) for node in range(3)] == [before] * 3


def test_a_node_that_lost_its_disk_gets_its_marts_before_its_events(start_lab: StartLab) -> None:
    lab = start_lab(shards=2, schema=True)
    lab.aspects("dbt", "run")
    events = rows(1_000)
    insert(lab, events)
    before = answers(lab)
    lab.erase_node(1)
    lab.start_node(1)
    told = lab.aspects("schema", "sync", "--dry-run", "--json")
    [node] = [node for node in json.loads(told.stdout) if node["statements"]]
    statements = node["statements"]
    feeds = [at for at, text in enumerate(statements) if "_mv" in text and "reporting." in text]
    parsing = [at for at, text in enumerate(statements) if "xapi_events_all_ralph_mv" in text]
    assert feeds and parsing and max(feeds) < min(parsing)
    lab.aspects("schema", "sync")
    lab.aspects("schema", "check")
    # The laboratory replicates nothing: the events come again, as from the archive.
    insert(lab, events)
    assert [answers(lab, node) for node in range(2)] == [before] * 2
