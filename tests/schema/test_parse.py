"""Statements become typed columns: every verb, every kind of learner and course."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.scenarios import extraction
from tests.schema.insert import insert, parsed, quarantined, row

STATEMENTS = Path(__file__).parents[1] / "data/statements.jsonl"
COURSE = "http://adlnet.gov/expapi/activities/course"
HOST = "https://learn.example.org"


def statements() -> list[dict[str, Any]]:
    """One or more statements of every verb, written for this test."""
    return [json.loads(line) for line in STATEMENTS.read_text("utf8").splitlines()]


def test_statements_cover_the_verbs_of_open_edx() -> None:
    verbs = {statement["verb"]["id"].rsplit("/", 1)[1] for statement in statements()}
    expected = (
        "registered unregistered attempted evaluated completed passed failed earned progressed "
        "navigated initialized terminated played paused seeked interacted asked posted edited "
        "deleted reported unreported voted launched experienced"
    )
    assert set(expected.split()) <= verbs


@pytest.mark.parametrize("database", ["xapi", "openedx"])
def test_verb_by_column(node: Lab, database: str) -> None:
    """Every column of every statement is what plain Python reads in it."""
    insert(node, map(row, statements()), database)
    rows = parsed(node)
    assert quarantined(node) == {}
    wrong = [
        f"{statement['verb']['id']} x {column}: {rows[statement['id']][column]!r} != {value!r}"
        for statement in statements()
        for column, value in extraction.columns(statement).items()
        if rows[statement["id"]][column] != value
    ]
    assert wrong == []


def test_every_column_is_filled(node: Lab) -> None:
    """A column that no statement fills would have been compared with nothing."""
    insert(node, map(row, statements()))
    empty = {name for item in parsed(node).values() for name in item}
    for item in parsed(node).values():
        empty -= {name for name, value in item.items() if value not in ("", None)}
    assert empty == set()


def test_absent_is_not_zero(node: Lab) -> None:
    by_id = {statement["id"]: statement for statement in statements()}
    insert(node, map(row, by_id.values()))
    rows = parsed(node)
    zero = [i for i, s in by_id.items() if s.get("result", {}).get("score", {}).get("scaled") == 0]
    none = [i for i, s in by_id.items() if "result" not in s]
    assert zero and none
    assert {rows[i]["score_scaled"] for i in zero} == {0.0}
    assert {rows[i]["score_scaled"] for i in none} == {None}
    assert {rows[i]["success"] for i in none} == {None}


def course_statement(course: str, object_id: str = f"{HOST}/x", number: int = 1) -> dict[str, Any]:
    parents = [{"id": course, "definition": {"type": COURSE}}] if course else []
    return {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "actor": {"account": {"name": "a", "homePage": HOST}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": object_id},
        "context": {"contextActivities": {"parent": parents}},
        "timestamp": "2026-10-01T10:00:00+00:00",
    }


KEYS = [
    # course address, object, key, organisation
    (f"{HOST}/course/course-v1:Org+C+R", "", "course-v1:Org+C+R", "Org"),
    (f"{HOST}/courses/course-v1:Org+C+R/", "", "course-v1:Org+C+R", "Org"),
    (f"{HOST}/courses/course-v1:Org+C+R/info?x=1", "", "course-v1:Org+C+R", "Org"),
    (f"{HOST}/course/course-v1:A.B-c_d~e%C3%A9+C+R", "", "course-v1:A.B-c_d~e%C3%A9+C+R", None),
    (f"{HOST}/course/ccx-v1:Org+C+R+ccx@1", "", "ccx-v1:Org+C+R+ccx@1", "Org"),
    (f"{HOST}/course/Org/C/2013_Fall", "", "Org/C/2013_Fall", "Org"),
    (f"{HOST}/prefix/course/Org/C/2013_Fall/", "", "Org/C/2013_Fall", "Org"),
    ("course-v1:Org+C+R", "", "course-v1:Org+C+R", "Org"),
    ("", f"{HOST}/xblock/block-v1:Org+C+R+type@video+block@v", "course-v1:Org+C+R", "Org"),
    ("", "ccx-block-v1:Org+C+R+ccx@1+type@html+block@h", "ccx-v1:Org+C+R+ccx@1", "Org"),
    ("", f"{HOST}/courses/course-v1:Org+C+R/jump_to/x", "course-v1:Org+C+R", "Org"),
    ("", "https://example.com/anything/at/all", "", ""),
    ("", "urn:uuid:1", "", ""),
]


def test_course_keys_and_organisations(node: Lab) -> None:
    made = [
        course_statement(course, thing or f"{HOST}/x", number)
        for number, (course, thing, _, _) in enumerate(KEYS)
    ]
    insert(node, map(row, made))
    rows = parsed(node)
    for statement, (course, _, key, org) in zip(made, KEYS, strict=True):
        found = rows[statement["id"]]
        wanted = "A.B-c_d~e%C3%A9" if org is None else org
        assert (found["course_id"], found["course_key"], found["org"]) == (course, key, wanted)


def test_a_course_is_found_in_grouping_and_object(node: Lab) -> None:
    grouped = course_statement("", number=1)
    activity = {"id": f"{HOST}/course/course-v1:O+C+R", "definition": {"type": COURSE}}
    grouped["context"]["contextActivities"] = {"grouping": [activity]}
    itself = course_statement("", number=2)
    itself["object"] = activity
    insert(node, [row(grouped), row(itself)])
    assert [item["course_key"] for item in parsed(node).values()] == ["course-v1:O+C+R"] * 2
    assert {item["grouping_id"] for item in parsed(node).values()} == {""}


def test_duplicates_meet_whichever_way_they_came(node: Lab) -> None:
    for _ in range(2):
        insert(node, map(row, statements() * 2))
        insert(node, map(row, statements()), "openedx")
    [(count, distinct)] = node.client().execute(
        "SELECT count(), uniqExact(event_id) FROM xapi.xapi_events_all_parsed FINAL"
    )
    assert count == distinct == len(statements())


def test_numbers_keep_their_last_digit(node: Lab) -> None:
    values = [0.1, 2 / 3, 1e-7, 123456789.12345679, 1e300, -0.0, 5e-324]
    made = []
    for number, value in enumerate(values):
        statement = course_statement("", number=number)
        statement["result"] = {"score": {"scaled": value, "raw": str(value)}}
        made.append(statement)
    insert(node, map(row, made))
    rows = parsed(node)
    assert [rows[s["id"]]["score_scaled"] for s in made] == values
    assert [rows[s["id"]]["score_raw"] for s in made] == values
