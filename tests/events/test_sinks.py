"""Rows of the event sinks: exact columns, the sinks' CSV, and the stream's own things."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from typing import Any

import pytest

from tutoraspects.events import sinks
from tutoraspects.events.stream import Generator

GENERATOR = Generator(count=5000, courses=5, learners=200)


@pytest.fixture(scope="module")
def rows() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for table, batch in sinks.dumps(GENERATOR):
        found[table] += batch
    return found


def test_every_row_has_the_columns_of_its_table(rows: dict[str, list[dict[str, Any]]]) -> None:
    assert set(rows) == set(sinks.FIELDS)
    for table, batch in rows.items():
        assert {tuple(row) for row in batch} == {sinks.FIELDS[table]}


def test_repeatable(rows: dict[str, list[dict[str, Any]]]) -> None:
    again: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for table, batch in sinks.dumps(GENERATOR):
        again[table] += batch
    assert again == rows


def test_csv_quotes_all_but_numbers() -> None:
    body = sinks.to_csv([{"id": 7, "name": 'say "hi", é', "active": True, "note": ""}])
    assert body == '7,"say ""hi"", é",True,""\r\n'.encode()


def test_csv_reads_back(rows: dict[str, list[dict[str, Any]]]) -> None:
    body = sinks.to_csv(rows["course_blocks"]).decode()
    read = list(csv.reader(io.StringIO(body)))
    assert [line[2] for line in read] == [row["location"] for row in rows["course_blocks"]]


def test_statements_are_about_known_courses_blocks_and_learners(
    rows: dict[str, list[dict[str, Any]]],
) -> None:
    blocks = {row["location"] for row in rows["course_blocks"]}
    courses = {row["course_key"]: row["display_name"] for row in rows["course_overviews"]}
    learners = {row["external_user_id"] for row in rows["external_id"]}
    seen = set()
    for statement in GENERATOR:
        thing = statement["object"]["id"]
        if "/xblock/" in thing:
            key = thing.partition("/xblock/")[2].partition("/")[0]
            key = key if key in blocks else key.rsplit("_", 2)[0]  # a question of a problem
            assert key in blocks
            seen.add(key)
        elif "/course/" in thing:
            name = statement["object"]["definition"]["name"]["en"]
            assert courses[thing.partition("/course/")[2]] == name
        assert statement["actor"]["account"]["name"] in learners
    assert len(seen) > 100


def test_an_enrolment_is_known_or_told(rows: dict[str, list[dict[str, Any]]]) -> None:
    """A learner is active where the dump says so, or after the statement that says so."""
    user = {row["external_user_id"]: row["user_id"] for row in rows["external_id"]}
    enrolled = {(row["user_id"], row["course_key"]) for row in rows["course_enrollment"]}
    for statement in GENERATOR:
        verb = statement["verb"]["display"]["en"]
        learner = user[statement["actor"]["account"]["name"]]
        if verb == "registered":
            enrolled.add((learner, statement["object"]["id"].partition("/course/")[2]))
        elif "contextActivities" in statement["context"]:
            activities = statement["context"]["contextActivities"]
            course = (activities.get("grouping", []) + activities["parent"])[-1]["id"]
            if "statement" in statement["context"]:
                course = activities["grouping"][0]["id"]
            assert (learner, course.partition("/course/")[2]) in enrolled


def test_blocks_are_in_course_order(rows: dict[str, list[dict[str, Any]]]) -> None:
    courses: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows["course_blocks"]:
        courses[row["course_key"]].append(row)
    for batch in courses.values():
        assert [row["order"] for row in batch] == list(range(1, len(batch) + 1))
        places = [json.loads(row["xblock_data_json"]) for row in batch]
        order = [(one["section"], one["subsection"], one["unit"]) for one in places]
        assert order == sorted(order)
        assert len({row["dump_id"] for row in batch}) == 1
