"""The dashboards' queries (bench/marts/queries), at several sizes, on two shards."""

from __future__ import annotations

import json
import math
import re
import statistics
import time
import uuid
from pathlib import Path
from random import Random
from typing import Any

from bench.marts import events
from tests.lab.lab import Lab
from tests.lab.processes import LabError
from tutoraspects.access.courses import scope
from tutoraspects.events.stream import Generator

QUERIES = Path(__file__).parent / "queries"
_MIB = 1 << 20


def measure(lab: Lab, generator: Generator, sizes: list[int], samples: int) -> dict[str, Any]:
    """Milliseconds, rows and peak memory of every query at every size. Raises LabError."""
    events.say("storing the statements that copies are made of")
    events.keep_seed(lab, generator)
    events.publish(lab, generator)
    lab.aspects("dbt", "run")
    days = 365 / (sizes[-1] / generator.count) * 0.95
    found: dict[str, Any] = {"sizes": {}, "duplicates": {}}
    copies = 0
    for size in sizes:
        while copies * generator.count < size:
            events.copy(lab, copies, days)
            copies += 1
            events.say(f"{copies * generator.count:,} events stored")
        _refresh(lab)
        # Millions of events a minute keep both cores merging, a day's events do not.
        events.settle(lab)
        found["sizes"][str(size)] = _round(lab, samples)
        if not found["duplicates"]:
            found["duplicates"] = _duplicates(lab, days)
    return found


def _round(lab: Lab, samples: int) -> dict[str, Any]:
    courses = _courses(lab, samples)
    rows: dict[str, Any] = {}
    for file in sorted(QUERIES.glob("*.sql")):
        text = file.read_text(encoding="utf8")
        title, reason = (line.removeprefix("-- ") for line in text.splitlines()[:2])
        spent = {}
        for parameters in courses if "{course:String}" in text else courses[:1]:
            for _ in range(2 if "{course:String}" in text else 5):
                spent |= _run(lab, text, parameters)
        rows[file.stem] = {
            "title": title,
            "reason": reason,
            "p50_ms": statistics.median(spent.values()),
            "p95_ms": _p95(list(spent.values())),
            "max_ms": max(spent.values()),
            **_logged(lab, list(spent)),
        }
        events.say(f"{file.stem}: p95 {rows[file.stem]['p95_ms']:.0f} ms")
    everything = [row["p95_ms"] for row in rows.values()]
    return {"queries": rows, "slowest_p95_ms": max(everything)}


def _p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed, by nearest rank."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def _courses(lab: Lab, samples: int) -> list[dict[str, str]]:
    """Parameters of the queries: the largest course, and others by their share of the events."""
    found = lab.client().execute(
        "SELECT course_key, count() FROM xapi.xapi_events_all_parsed WHERE course_key != '' "
        "GROUP BY course_key ORDER BY 2 DESC"
    )
    keys, weights = zip(*found, strict=True)
    chosen = [keys[0], *Random(5).choices(keys, weights, k=samples - 1)]
    ten = json.dumps(list(keys[:10])).replace('"', "'")
    return [
        {
            "course": course,
            "courses": ten,
            "learner": _busiest(lab, course, "actor_id", "actor_id != ''"),
            "video": _busiest(lab, course, "block_id", "block_id LIKE '%%@video+block@%%'"),
        }
        for course in chosen
    ]


def _busiest(lab: Lab, course: str, column: str, condition: str) -> str:
    rows = lab.client().execute(
        f"SELECT {column} FROM xapi.xapi_events_all_parsed WHERE course_key = %(course)s "
        f"AND {condition} GROUP BY {column} ORDER BY count() DESC LIMIT 1",
        {"course": course},
    )
    return str(rows[0][0]) if rows else ""


def _run(lab: Lab, query: str, parameters: dict[str, str]) -> dict[str, float]:
    """The query's id in the servers' logs, with its milliseconds."""
    names = _parameters(query)
    given = {f"param_{name}": parameters[name] for name in names}
    # As a teacher of the course asks, where the query is about one.
    named = scope([parameters["course"]] if "course" in names else None)
    identity = str(uuid.uuid4())
    start = time.perf_counter()
    answer = lab.http(
        query,
        user="report",
        wait_end_of_query="1",
        query_id=identity,
        log_comment=named,
        **given,
    )
    spent = time.perf_counter() - start
    if answer.status != 200:
        raise LabError(f"{query}\n{answer[:800]}")
    return {identity: spent * 1000}


def _logged(lab: Lab, identities: list[str]) -> dict[str, float]:
    """The dearest of these queries: CPU and rows over all nodes, memory on one."""
    lab.on_nodes("SYSTEM FLUSH LOGS")
    found = [
        row
        for rows in lab.on_nodes(
            "SELECT initial_query_id, ProfileEvents['OSCPUVirtualTimeMicroseconds'] / 1000, "
            "ProfileEvents['SelectedRows'], memory_usage FROM system.query_log "
            "WHERE type = 'QueryFinish' AND initial_query_id IN %(identities)s",
            {"identities": identities},
        )
        for row in rows
    ]
    return {
        "cpu_ms": max(sum(row[1] for row in found if row[0] == one) for one in identities),
        "rows_read": max(sum(row[2] for row in found if row[0] == one) for one in identities),
        "memory_mib": max(row[3] for row in found) / _MIB,
    }


def _parameters(query: str) -> set[str]:
    """The parameters of a query, e.g. course of {course:String}."""
    return set(re.findall(r"\{(\w+):", query))


def _duplicates(lab: Lab, days: float) -> dict[str, int]:
    """The same answers after the newest events were sent again."""
    questions = {
        "enrolments": "SELECT count() FROM reporting.dim_most_recent_enrollment "
        "WHERE enrollment_status = 'registered'",
        "enrolment events": "SELECT sum(course_enrollment_mode_status_cnt) "
        "FROM reporting.fact_instance_enrollments",
        "video seconds": "SELECT sum(total_watched_seconds) FROM reporting.fact_video_watches",
    }
    before = {name: int(lab.client().execute(text)[0][0]) for name, text in questions.items()}
    client = lab.client(settings={"max_insert_block_size": 50_000})
    resent = client.execute(f"SELECT count() FROM {events.RAW} WHERE cityHash64(event_id) % 5 = 0")
    client.execute(
        f"INSERT INTO {events.RAW} (event_id, emission_time, event) SELECT event_id, "
        f"emission_time, event FROM {events.RAW} WHERE cityHash64(event_id) % 5 = 0"
    )
    after = {name: int(lab.client().execute(text)[0][0]) for name, text in questions.items()}
    if before != after:
        raise LabError(f"after {resent[0][0]} events were sent again: {before} became {after}")
    return {"sent again": int(resent[0][0]), **after}


def _refresh(lab: Lab) -> None:
    for node in range(len(lab.nodes)):
        client = lab.client(node)
        for database, view in client.execute("SELECT database, view FROM system.view_refreshes"):
            client.execute(f"SYSTEM REFRESH VIEW {database}.{view}")
            client.execute(f"SYSTEM WAIT VIEW {database}.{view}")
