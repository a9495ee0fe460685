"""Enrolment, grades, passing and visits: where each learner of a course stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone

from tests.marts.reference.mart import Mart, Row
from tests.marts.reference.world import (
    COURSE,
    Key,
    World,
    bucket,
    group,
    kind_of,
    second,
)

LEARNER = ("org", "course_key", "actor_id")


def learner(event: Row) -> Key:
    return tuple(event[column] for column in LEARNER)


def who(event: Row) -> Row:
    return {column: event[column] for column in LEARNER}


def last(events: Iterable[Row]) -> dict[Key, Row]:
    """The latest statement of each learner in each course; `events` are in order."""
    return {learner(event): event for event in events}


def enrolments(world: World) -> dict[Key, Row]:
    return last(world.told("registered", "unregistered"))


def grades(world: World) -> dict[Key, Row]:
    return last(
        event
        for event in world.told("earned")
        if event["object_type"] == COURSE and event["score_scaled"] is not None
    )


def states(world: World) -> dict[Key, str]:
    words = {"Pass": "passed", "Fail": "failed"}
    found = {}
    for event in world.told("earned", "passed", "failed"):
        if event["object_type"] != COURSE:
            continue
        state = event["verb"]
        if state == "earned":
            if event["grade_classification"] not in words:
                continue
            state = words[event["grade_classification"]]
        found[learner(event)] = (state, event)
    return {key: {"state": state, "event": event} for key, (state, event) in found.items()}


def visits(world: World) -> dict[Key, Row]:
    return last(world.told("navigated"))


def most_recent_enrollment(world: World) -> Iterator[Row]:
    for event in enrolments(world).values():
        yield {
            **who(event),
            "enrollment_mode": event["enrollment_mode"],
            "enrollment_status": event["verb"],
            "emission_time": second(event["emission_time"]),
        }


def most_recent_grade(world: World) -> Iterator[Row]:
    for event in grades(world).values():
        yield {
            **who(event),
            "course_grade": event["score_scaled"],
            "emission_time": second(event["emission_time"]),
        }


def most_recent_state(world: World) -> Iterator[Row]:
    for found in states(world).values():
        yield {
            **who(found["event"]),
            "approving_state": found["state"],
            "emission_time": second(found["event"]["emission_time"]),
        }


def last_visit(world: World) -> Iterator[Row]:
    for event in visits(world).values():
        yield {**who(event), "emission_time": second(event["emission_time"])}


def student_status(world: World) -> Iterator[Row]:
    known_grades, known_states, known_visits = grades(world), states(world), visits(world)
    for key, event in enrolments(world).items():
        graded, visited = known_grades.get(key), known_visits.get(key)
        grade = graded["score_scaled"] if graded else 0
        yield {
            **who(event),
            **world.course(event["course_key"]),
            "approving_state": known_states[key]["state"] if key in known_states else "failed",
            "enrollment_mode": event["enrollment_mode"],
            "enrollment_status": event["verb"],
            "course_grade": grade,
            "grade_bucket": bucket(grade),
            **world.person(event["actor_id"]),
            "enrolled_at": second(event["emission_time"]),
            "last_visited": second(visited["emission_time"]) if visited else None,
        }


def enrollments(world: World) -> Iterator[Row]:
    for event in world.told("registered", "unregistered"):
        yield {
            "event_id": event["event_id"],
            "emission_time": second(event["emission_time"]),
            **who(event),
            **world.course(event["course_key"]),
            "enrollment_mode": event["enrollment_mode"],
            "enrollment_status": event["verb"],
            **world.person(event["actor_id"]),
        }


def instance_enrollments(world: World) -> Iterator[Row]:
    """Retired learners count, for nobody can be told from these numbers."""
    counts = Counter(
        (
            event["emission_time"].astimezone(timezone.utc).date(),
            event["org"],
            event["course_key"],
            event["enrollment_mode"],
            event["verb"],
        )
        for event in world.events
        if event["verb"] in ("registered", "unregistered")
        and event["actor_id"]
        and event["course_key"]
    )
    columns = ("emission_day", "org", "course_key", "enrollment_mode", "enrollment_status")
    for key, count in counts.items():
        yield {**dict(zip(columns, key, strict=True)), "course_enrollment_mode_status_cnt": count}


def summary(world: World) -> Iterator[Row]:
    for row in student_status(world):
        yield {**row, "emission_time": row["enrolled_at"]}


def _week_ago(world: World) -> datetime:
    return second(world.now) - timedelta(days=7)


def _at_risk(world: World, row: Row) -> bool:
    return (
        row["approving_state"] == "failed"
        and row["enrollment_status"] == "registered"
        and row["last_visited"] is not None
        and row["last_visited"] < _week_ago(world)
    )


def at_risk(world: World) -> Iterator[Row]:
    return (row for row in student_status(world) if _at_risk(world, row))


def performance(world: World) -> Iterator[Row]:
    for row in student_status(world):
        status = "other"
        if _at_risk(world, row):
            status = "at-risk"
        elif row["last_visited"] is not None and row["last_visited"] >= _week_ago(world):
            status = "active"
        columns = (*LEARNER, "course_name", "course_run", "approving_state")
        yield {**{column: row[column] for column in columns}, "learner_status": status}


def subsection_grades(world: World) -> Iterator[Row]:
    found = group(
        (event for event in world.told("earned") if kind_of(event["block_id"]) == "sequential"),
        lambda event: (*learner(event), event["block_id"]),
    )
    for events in found.values():
        event = events[-1]
        yield {
            **who(event),
            "block_id": event["block_id"],
            "scaled_score": event["score_scaled"] or 0,
            "raw_score": event["score_raw"] or 0,
            "max_score": event["score_max"] or 0,
            "emission_time": second(event["emission_time"]),
        }


MARTS = (
    Mart("reporting.dim_most_recent_enrollment", LEARNER, most_recent_enrollment),
    Mart("reporting.dim_learner_most_recent_course_grade", LEARNER, most_recent_grade),
    Mart("reporting.dim_learner_most_recent_course_state", LEARNER, most_recent_state),
    Mart("reporting.dim_learner_last_course_visit", LEARNER, last_visit),
    Mart("reporting.dim_student_status", LEARNER, student_status),
    Mart("reporting.fact_enrollments", ("event_id",), enrollments),
    Mart(
        "reporting.fact_instance_enrollments",
        ("emission_day", "course_key", "enrollment_mode", "enrollment_status"),
        instance_enrollments,
    ),
    Mart("reporting.learner_summary", LEARNER, summary),
    Mart("reporting.at_risk_learners", LEARNER, at_risk),
    Mart("reporting.learner_performance_breakdown", LEARNER, performance),
    Mart("reporting.fact_subsection_grades", (*LEARNER, "block_id"), subsection_grades),
)
