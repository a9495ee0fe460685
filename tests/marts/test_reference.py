"""The reference itself, on cases whose answer is plain to see."""

from __future__ import annotations

from typing import Any

import pytest

from tests.marts.reference import (
    activity,
    courses,
    instance,
    learners,
    pages,
    problems,
    videos,
    world,
)
from tests.marts.samples import ADA, BOB, Case, key
from tutoraspects.events.vocabulary import Extension

POSITION = Extension.TIME


@pytest.fixture
def case() -> Case:
    return Case()


def only(rows: Any, *columns: str) -> Any:
    """The values of some columns of the one row there is."""
    (row,) = rows
    return row[columns[0]] if len(columns) == 1 else tuple(row[column] for column in columns)


def watch(case: Case, *steps: tuple[Any, ...], length: float | None = 100.0) -> None:
    for word, *positions in steps:
        if word == "seeked":
            result = {Extension.TIME_FROM: positions[0], Extension.TIME_TO: positions[1]}
        else:
            result = {POSITION: positions[0]}
        case.tell("video", word, case.block("v"), result, length)


def spans(case: Case) -> list[tuple[int, int]]:
    rows = videos.watch_intervals(case.world())
    return [(row["start_second"], row["end_second"]) for row in rows]


def test_copies_count_once(case: Case) -> None:
    case.tell("enrolment", "registered", "audit")
    case.statements *= 3
    assert len(list(learners.enrollments(case.world()))) == 1
    count = only(learners.instance_enrollments(case.world()), "course_enrollment_mode_status_cnt")
    assert count == 1


def test_the_latest_is_by_time_not_by_arrival(case: Case) -> None:
    case.tell("enrolment", "registered", "audit", at=20)
    case.tell("enrolment", "unregistered", "audit", at=10)
    row = only(
        learners.most_recent_enrollment(case.world()), "enrollment_status", "enrollment_mode"
    )
    assert row == ("registered", "audit")


def test_of_two_in_the_same_microsecond_the_second_half_of_the_id_decides(case: Case) -> None:
    for identifier, mode in (
        ("ffffffff-ffff-5fff-8000-000000000001", "audit"),
        ("00000000-0000-5000-8000-000000000002", "verified"),
    ):
        case.tell("enrolment", "registered", mode, at=5)["id"] = identifier
    assert only(learners.most_recent_enrollment(case.world()), "enrollment_mode") == "verified"


def test_a_grade_without_a_score_is_none(case: Case) -> None:
    case.tell("enrolment", "registered", "audit")
    case.tell("course_grade", 0.7, "Pass")
    case.tell("course_grade", None, "Fail")
    row = only(learners.student_status(case.world()), "course_grade", "approving_state")
    assert row == (0.7, "failed")


@pytest.mark.parametrize(
    ("share", "name"),
    [(0, "0-9%"), (0.0999, "0-9%"), (0.1, "10-19%"), (0.7, "70-79%"), (0.9, "90-100%"),
     (1.2, "90-100%")],
)  # fmt: skip
def test_buckets(share: float, name: str) -> None:
    assert world.bucket(share) == name


def test_a_visit_more_than_a_week_ago_is_a_risk(case: Case) -> None:
    week = 7 * 86_400
    for person, ago in ((ADA, week + 60), (BOB, week - 60)):
        case.tell("enrolment", "registered", "audit", who=person)
        case.tell("moved", case.block("s"), 1, None, who=person, at=-ago)
    assert only(learners.at_risk(case.world()), "actor_id") == ADA.actor_id
    statuses = {
        row["actor_id"]: row["learner_status"] for row in learners.performance(case.world())
    }
    assert statuses == {ADA.actor_id: "at-risk", BOB.actor_id: "active"}


def test_a_retired_learner_is_nowhere_but_in_numbers(case: Case) -> None:
    case.tell("enrolment", "registered", "audit")
    case.tell("enrolment", "registered", "audit", who=BOB)
    gone = case.world(retired=[ADA.user_id])
    assert only(learners.student_status(gone), "actor_id") == BOB.actor_id
    assert only(learners.instance_enrollments(gone), "course_enrollment_mode_status_cnt") == 2
    assert only(instance.actors(gone), "actors_cnt") == 2


def test_people_are_known_by_each_of_their_names(case: Case) -> None:
    case.tell("enrolment", "registered", "audit")
    known = case.world(pii=True)
    assert only(learners.student_status(known), "username", "name") == ("ada", "Ada")
    ways = {row["actor_id"] for row in courses.dim_user_pii(known) if row["username"] == "ada"}
    assert {ADA.external_id, "ada", "mailto:ada@example.org"} < ways
    assert len(ways) == 5
    assert only(learners.student_status(case.world()), "username", "name") == ("", "")


# Pages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "names"),
    [
        (1, "next unit", {"one", "two"}),
        (2, "previous unit", {"one", "two"}),
        (2, "next unit", {"two"}),
        (1, 2, {"one", "two"}),
        (1, None, {"one"}),
        (9, 1, {"one"}),
        (0, 2, set()),
        (None, 2, set()),
    ],
)
def test_the_pages_of_a_move(case: Case, start: Any, end: Any, names: set[str]) -> None:
    case.tell("moved", case.block("s"), start, end)
    found = {row["block_id"] for row in pages.page_visits(case.world())}
    assert found == {key("vertical", name) for name in names}


def test_a_link_to_a_page_is_a_visit_and_to_a_subsection_is_none(case: Case) -> None:
    case.tell("jumped", key("vertical", "three"), False)
    case.tell("jumped", key("sequential", "s"), True)
    assert only(pages.page_visits(case.world()), "block_id") == key("vertical", "three")


def test_engagement_in_pages(case: Case) -> None:
    case.tell("enrolment", "registered", "audit", who=BOB)
    case.tell("moved", case.block("s"), 1, "next unit")
    found = {
        (row["actor_id"], row["section_subsection_name"]): (
            row["items_touched"], row["item_count"], row["section_subsection_page_engagement"],
        )
        for row in pages.pageview_engagement(case.world())
    }  # fmt: skip
    none = "No pages viewed yet"
    assert found == {
        (ADA.actor_id, "1:0:0 - A"): (2, 2, "All pages viewed"),
        (ADA.actor_id, "1:1:0 - s"): (2, 2, "All pages viewed"),
        (ADA.actor_id, "2:0:0 - B"): (0, 1, none),
        (ADA.actor_id, "2:1:0 - t"): (0, 1, none),
        (BOB.actor_id, "1:0:0 - A"): (0, 2, none),
        (BOB.actor_id, "1:1:0 - s"): (0, 2, none),
        (BOB.actor_id, "2:0:0 - B"): (0, 1, none),
        (BOB.actor_id, "2:1:0 - t"): (0, 1, none),
    }


# Problems ---------------------------------------------------------------------------------------


def solve(case: Case, attempt: int | None, success: bool | None, response: str = "x") -> None:
    case.tell(
        "evaluated", case.block("p"), attempt=attempt, success=success, response=response,
        scaled=None, interaction="choice",
    )  # fmt: skip


def test_attempts_are_those_of_the_first_success(case: Case) -> None:
    solve(case, 1, False)
    solve(case, 2, True)
    solve(case, 3, True)
    row = only(problems.results(case.world()), "success", "attempts", "problem_name_location")
    assert row == (True, 2, "01:01:01 - p")
    last = only(problems.last_responses(case.world()), "attempts", "display_name_with_location")
    assert last == (3, "1:1:1 - p")
    assert only(problems.attempts(case.world()), "evaluations") == 3


def test_averages_are_over_the_learners_of_the_problem(case: Case) -> None:
    solve(case, 4, True)
    case.tell(
        "evaluated", case.block("p"), attempt=2, success=False, response="", scaled=0,
        interaction="choice", who=BOB,
    )  # fmt: skip
    rows = list(problems.coursewide(case.world()))
    columns = (
        "avg_correct_attempts_coursewide",
        "avg_incorrect_attempts_coursewide",
        "coursewide_percent_correct",
    )
    assert [tuple(row[column] for column in columns) for row in rows] == [(2, 1, 0.5)] * 2
    assert [row["correct_attempts_by_learner"] for row in rows] == [4, 0]


def test_a_question_of_several_is_no_problem_of_its_own(case: Case) -> None:
    group = case.tell("evaluated_group", case.block("q"), success=True, scaled=1, attempt=None)
    for number in range(2):
        case.statements.append(
            case.scribe.evaluated_question(
                group, ADA, case.at(None), case.course, number, response="[]", success=True,
                interaction="choice",
            )
        )  # fmt: skip
    assert only(problems.attempts(case.world()), "problem_id", "evaluations") == (
        key("problem", "q"),
        1,
    )
    questions = {row["question_id"] for row in problems.responses(case.world())}
    assert questions == {f"{key('problem', 'q')}_{number}_1" for number in (2, 3)}


@pytest.mark.parametrize(
    ("response", "answers"),
    [
        ('["a", "b", "a"]', {"a", "b"}),
        ("[]", {""}),
        ("[1, 2]", {"[1, 2]"}),
        ('["broken', {'["broken'}),
        ("two<choicehint x>No\nlook</choicehint> ", {"two"}),
        ('["<div class=x>a</div>"]', {"a"}),
    ],
)
def test_answers(response: str, answers: set[str]) -> None:
    assert problems.answers(response) == answers


def test_hints_and_answers_asked_for(case: Case) -> None:
    for hint in (None, 0, 1):
        case.tell("asked", case.block("p"), hint)
    counts = {row["help_type"]: row["help_count"] for row in problems.hints(case.world())}
    assert counts == {"answer": 1, "hint": 2}


# Videos -----------------------------------------------------------------------------------------


def test_a_pause_ends_an_interval(case: Case) -> None:
    watch(case, ("played", 0), ("paused", 9.2), ("played", 9.2), ("completed", 100))
    assert spans(case) == [(0, 10), (10, 100)]
    assert only(videos.watches(case.world()), "watched_seconds", "watched_share") == (100, 1)


def test_a_seek_goes_on_from_where_it_led(case: Case) -> None:
    watch(case, ("played", 10), ("seeked", 20, 5), ("terminated", 25))
    assert spans(case) == [(10, 20), (5, 25)]
    counts = {row["watched_segment"]: row["watch_count"] for row in videos.segments(case.world())}
    assert counts == {**dict.fromkeys(range(6, 26), 1), **dict.fromkeys(range(11, 21), 2)}


def test_a_seek_while_it_stands_still_is_nothing(case: Case) -> None:
    watch(case, ("paused", 3), ("seeked", 3, 50), ("paused", 60))
    assert spans(case) == []


def test_a_play_without_a_stop_is_nothing(case: Case) -> None:
    watch(case, ("played", 0), ("played", 50), ("paused", 60))
    assert spans(case) == [(50, 60)]


def test_a_play_at_the_end_begins_anew(case: Case) -> None:
    watch(case, ("played", 100), ("paused", 7))
    assert spans(case) == [(0, 7)]


def test_without_a_length_there_is_no_share(case: Case) -> None:
    watch(case, ("played", 0), ("paused", 30), length=None)
    assert only(videos.watches(case.world()), "watched_seconds", "watched_share") == (30, 0)


def test_positions_beyond_the_video_are_cut(case: Case) -> None:
    watch(case, ("played", -4), ("paused", 700))
    assert spans(case) == [(0, 100)]


# The rest ---------------------------------------------------------------------------------------


def test_completion_without_a_number_is_none(case: Case) -> None:
    case.tell("progressed", case.block("p"), 70)
    case.tell("progressed", case.block("p"), None)
    case.tell("progressed", None, 50, who=BOB)
    found = [
        (row["entity_name"], row["entity_name_with_location"], row["completion_bucket"])
        for row in activity.completions(case.world())
    ]
    assert found == [("p", "1:1:1 - p", "70-79%"), ("The course", None, "50-59%")]


def test_parts_of_the_outline(case: Case) -> None:
    rows = {row["block_name"]: row for row in courses.blocks(case.world())}
    assert rows["q"]["subsection_with_name"] == "1:1:0 - s"
    assert rows["t"]["section_block_id"] == key("chapter", "B")
    assert rows["A"]["block_type"] == "section"
    items = {
        (row["block_type"], row["subsection_number"]): row["item_count"]
        for row in courses.subsection_items(case.world())
    }
    assert items == {
        ("unit", "1:1:0"): 2, ("problem", "1:1:0"): 2, ("video", "1:1:0"): 1,
        ("unit", "2:1:0"): 1, ("video", "2:1:0"): 1,
    }  # fmt: skip
