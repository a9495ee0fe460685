"""Promise: real statements land in the right marts with the right values.

The samples of event-routing-backends' own tests, and what that library makes of a tracking log.
Every value here is written by hand from the statements; see `real.py` for the course around them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.events import samples
from tests.lab.lab import Lab
from tests.marts.comparison import plain_row, read, same
from tests.marts.laboratory import REAL_SHARDS, Streams
from tests.marts.real import (
    CCX,
    CHECKBOXES,
    COURSE,
    DREAM,
    LESSON,
    LOGGED,
    SAMPLED,
    SEVERAL,
    WELCOME,
    key,
)
from tests.marts.reference.mart import Mart, Row

pytestmark = pytest.mark.parametrize("few", [REAL_SHARDS], indirect=True)

XBLOCK = "http://localhost:18000/xblock/"
DISCUSSION = "http://localhost:18000/api/discussion/v1/"
XP, XAPI = "course-v1:TestX+XP101+2023_T1", "course-v1:testX+XAPI101+2019_T2"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


ENROLLED = {"emission_time": at("2020-07-15 06:36:01"), "enrollment_status": "registered"}
SOLVED = "There is an implication that the strangeness to follow can be considered like a dream."
CHOSEN = '["a correct answer", "an incorrect answer"]'

# Mart -> the rows of one learner: the columns named here, whatever others there are.
SAMPLES: dict[str, list[Row]] = {
    "reporting.dim_most_recent_enrollment": [
        {"org": "edX", "course_key": COURSE, "enrollment_mode": "audit", **ENROLLED}
    ],
    "reporting.fact_enrollments": [
        {"course_name": "Demonstration Course", "course_run": "Demo_Course", "username": "sam",
         "enrollment_mode": mode, **ENROLLED}
        for mode in ("", "audit", "audit")
    ],
    "reporting.dim_learner_most_recent_course_grade": [
        {"course_key": COURSE, "course_grade": 1.0, "emission_time": at("2023-08-23 20:37:45")}
    ],
    "reporting.dim_learner_most_recent_course_state": [
        {"approving_state": "passed", "emission_time": at("2023-08-23 20:37:45")}
    ],
    "reporting.dim_learner_last_course_visit": [
        {"course_key": COURSE, "emission_time": at("2020-08-04 12:43:57")}
    ],
    "reporting.dim_student_status": [
        {"course_key": COURSE, "approving_state": "passed", "enrollment_mode": "audit",
         "enrollment_status": "registered", "course_grade": 1.0, "grade_bucket": "90-100%",
         "username": "sam", "name": "Sam Sample", "email": "sam@example.org",
         "enrolled_at": at("2020-07-15 06:36:01"), "last_visited": at("2020-08-04 12:43:57")}
    ],
    "reporting.at_risk_learners": [],
    "reporting.learner_performance_breakdown": [{"learner_status": "other"}],
    "reporting.fact_subsection_grades": [
        {"block_id": key("sequential", "a2184f8ebf9d478ba57edcc4f288854a"), "scaled_score": 0,
         "raw_score": 0, "max_score": 0, "emission_time": at("2023-08-23 20:37:44")}
    ],
    "reporting.dim_learner_last_response": [
        {"problem_id": key("problem", CHECKBOXES), "object_id": XBLOCK + key("problem", CHECKBOXES),
         "interaction_type": "other", "attempts": 10, "success": False, "scaled_score": 0,
         "responses": "A correct answer", "emission_time": at("2020-07-14 14:39:26"),
         "display_name_with_location": "1:1:1 - Checkboxes", "graded": True, "course_order": 5,
         "problem_link": f'<a href="{XBLOCK}{key("problem", CHECKBOXES)}" target="_blank">'
         "1:1:1 - Checkboxes</a>"},
        {"problem_id": key("problem", SEVERAL), "object_id": XBLOCK + key("problem", SEVERAL),
         "interaction_type": "other", "attempts": 0, "success": False, "scaled_score": 2 / 3,
         "responses": "", "emission_time": at("2023-08-03 06:31:39"),
         "display_name_with_location": "1:1:2 - Several <questions>", "graded": True,
         "course_order": 7,
         "problem_link": f'<a href="{XBLOCK}{key("problem", SEVERAL)}" target="_blank">'
         "1:1:2 - Several &lt;questions&gt;</a>"},
    ],
    "reporting.dim_learner_first_response": [
        {"problem_id": key("problem", CHECKBOXES), "interaction_type": "choice", "attempts": 10,
         "responses": CHOSEN, "emission_time": at("2020-07-14 14:39:26")},
        {"problem_id": key("problem", SEVERAL), "interaction_type": "other", "attempts": 0,
         "responses": "", "emission_time": at("2023-08-03 06:30:32")},
    ],
    "reporting.fact_learner_problem_attempts": [
        {"problem_id": key("problem", CHECKBOXES), "attempts": 10, "evaluations": 4,
         "success": False, "first_attempt_at": at("2020-07-14 14:39:26"),
         "last_attempt_at": at("2020-07-14 14:39:26")},
        {"problem_id": key("problem", SEVERAL), "attempts": 0, "evaluations": 2,
         "success": False, "first_attempt_at": at("2023-08-03 06:30:32"),
         "last_attempt_at": at("2023-08-03 06:31:39")},
    ],
    "reporting.dim_problem_results": [
        {"block_id_short": CHECKBOXES, "success": False, "attempts": 10,
         "problem_number": "01:01:01", "problem_name_location": "01:01:01 - Checkboxes"},
        {"block_id_short": SEVERAL, "success": False, "attempts": 0,
         "problem_number": "01:01:02", "problem_name_location": "01:01:02 - Several <questions>"},
    ],
    "reporting.dim_subsection_problem_results": [
        {"block_id_short": LESSON, "problem_id": key("problem", CHECKBOXES), "success": False,
         "scaled_score": 0, "subsection_number": "01:01:00",
         "subsection_with_name": "01:01:00 - Lesson 1", "problem_number": "01:01:01"},
        {"block_id_short": LESSON, "problem_id": key("problem", SEVERAL), "success": False,
         "scaled_score": 2 / 3, "subsection_number": "01:01:00",
         "subsection_with_name": "01:01:00 - Lesson 1", "problem_number": "01:01:02"},
    ],
    "reporting.fact_problem_hints": [
        {"problem_id": key("problem", CHECKBOXES), "help_type": "answer", "help_count": 1,
         "last_at": at("2020-07-15 06:07:37")}
    ],
    "reporting.fact_learner_page_visits": [
        {"block_id": key("vertical", "unit4"), "first_visited": at("2020-07-14 14:06:42"),
         "emission_time": at("2020-07-14 14:28:29")},
        {"block_id": key("vertical", "unit5"), "first_visited": at("2020-07-14 14:06:42"),
         "emission_time": at("2020-07-14 14:06:42")},
        {"block_id": key("vertical", "unit8"), "first_visited": at("2020-07-14 14:28:29"),
         "emission_time": at("2020-07-14 14:28:29")},
    ],
    "reporting.fact_navigation_completion": [
        {"visited_on": at("2020-07-14").date(), "block_id": key("vertical", f"unit{number}"),
         "page_count": 10, "section_with_name": "1:0:0 - Week 1",
         "subsection_with_name": "1:1:0 - Lesson 1", "email": "sam@example.org"}
        for number in (4, 5, 8)
    ],
    "reporting.fact_pageview_engagement": [
        {"content_level": level, "section_subsection_name": name, "items_touched": 3,
         "item_count": 10, "section_subsection_page_engagement": "At least one page viewed"}
        for level, name in (("section", "1:0:0 - Week 1"), ("subsection", "1:1:0 - Lesson 1"))
    ],
    "reporting.fact_problem_engagement": [
        {"content_level": level, "items_touched": 2, "item_count": 3,
         "section_subsection_problem_engagement": "At least one problem attempted"}
        for level in ("section", "subsection")
    ],
    "reporting.fact_video_engagement": [
        {"content_level": level, "items_touched": 0, "item_count": 1,
         "section_subsection_video_engagement": "No videos viewed yet"}
        for level in ("section", "subsection")
    ],
    "reporting.fact_video_plays": [
        {"course_key": CCX, "course_name": CCX, "course_run": "ccx@1",
         "video_id": f"ccx-block-v1:edX+DemoX+Demo_Course+ccx@1+type@video+block@{WELCOME}",
         "video_position": 0.033, "video_duration": 195, "emission_time": at("2020-07-15 06:52:55")}
    ],
    "reporting.fact_video_watch_intervals": [],
    "reporting.fact_video_watches": [],
    "reporting.fact_completions": [
        {"entity_id": key("problem", "7c54b16c8ed34f9f8772015178c7a175"), "scaled_progress": 1.0,
         "entity_name": "Demonstration Course", "entity_name_with_location": None,
         "completion_bucket": "90-100%", "emission_time": at("2023-08-22 20:16:25")}
    ],
    "reporting.fact_forum_interactions": [
        {"course_key": course, "object_id": DISCUSSION + thing, "verb_id": verb,
         "discussion_type": kind}
        for course, thing, verb, kind in (
            (XP, "comments/64d1df3c87e82a002b35a6fc", "acrossx/verbs/edited", ""),
            (XP, "comments/64d2308202808b0030b8afaf", "acrossx/verbs/posted", ""),
            (XP, "comments/64d2308202808b0030b8afaf", "acrossx/verbs/reported", ""),
            (XAPI, "comments/64b7b640e68f350033690932", "acrossx/verbs/posted", ""),
            (XAPI, "comments/64b7b640e68f350033690932", "dod-isd/verbs/deleted", ""),
            (XAPI, "comments/64b7bbaee68f350033690935", "acrossx/verbs/reported", ""),
            (XAPI, "comments/64b7bbaee68f350033690935", "openedx/verb/unreported", ""),
            (XAPI, "threads/64a817fce68f35002fd013c3", "openedx/verb/voted", "up"),
            (XAPI, "threads/64abcdfee68f35002fd013c6", "acrossx/verbs/posted", "discussion"),
            (XAPI, "threads/64abcdfee68f35002fd013c6", "dod-isd/verbs/deleted", ""),
            (XAPI, "threads/64b7b2bee68f35003369092d", "acrossx/verbs/reported", ""),
            (XAPI, "threads/64b7b2bee68f35003369092d", "openedx/verb/unreported", ""),
        )
        for verb in (f"https://w3id.org/xapi/{verb}",)
    ],
}  # fmt: skip
TRANSFORMED: dict[str, list[Row]] = {
    "reporting.dim_most_recent_enrollment": [],
    "reporting.dim_learner_most_recent_course_grade": [
        {"course_key": COURSE, "course_grade": 0.03, "emission_time": at("2023-05-23 13:53:13")}
    ],
    "reporting.dim_learner_most_recent_course_state": [
        {"approving_state": "failed", "emission_time": at("2023-05-23 14:12:19")}
    ],
    "reporting.fact_subsection_grades": [
        {"block_id": key("sequential", LESSON), "scaled_score": 1.0, "raw_score": 3.0,
         "max_score": 3.0, "emission_time": at("2023-05-23 14:12:19")}
    ],
    "reporting.dim_learner_last_response": [
        {"problem_id": key("problem", DREAM), "interaction_type": "choice", "attempts": 3,
         "success": True, "scaled_score": 1.0, "responses": SOLVED,
         "emission_time": at("2023-05-23 14:12:17")}
    ],
    "reporting.dim_problem_results": [
        {"block_id_short": DREAM, "success": True, "attempts": 3,
         "problem_name_location": "01:01:03 - Perchance to Dream"}
    ],
    "reporting.dim_problem_coursewide_avg": [
        {"avg_correct_attempts_coursewide": 3, "avg_incorrect_attempts_coursewide": 0,
         "coursewide_percent_correct": 1, "correct_attempts_by_learner": 3,
         "incorrect_attempts_by_learner": 0, "selected_learner_percent_correct": 1,
         "selected_learner_percent_incorrect": 0}
    ],
    "reporting.fact_problem_engagement": [
        {"content_level": level, "items_touched": 1, "item_count": 3,
         "section_subsection_problem_engagement": "At least one problem attempted"}
        for level in ("section", "subsection")
    ],
    "reporting.fact_enrollments": [],
    "reporting.fact_video_plays": [],
    "reporting.fact_forum_interactions": [],
}  # fmt: skip


def rows_of(lab: Lab, mart: str, actor: str, columns: list[str]) -> list[Row]:
    """Some columns of the learner's rows."""
    found = read(lab, Mart(mart, (), lambda _: ()))
    chosen = [
        {column: row[column] for column in columns} for row in found if row["actor_id"] == actor
    ]
    return sorted(chosen, key=by_texts)


def by_texts(row: Row) -> list[str]:
    return [f"{column}={row[column]}" for column in sorted(row) if not is_fraction(row[column])]


def is_fraction(value: Any) -> bool:
    return isinstance(value, float)


def assert_rows(lab: Lab, mart: str, actor: str, expected: list[Row]) -> None:
    columns = sorted(expected[0]) if expected else []
    got = rows_of(lab, mart, actor, columns)
    wanted = sorted((plain_row(row) for row in expected), key=by_texts)
    assert len(got) == len(wanted), got
    for mine, other in zip(wanted, got, strict=True):
        wrong = {
            column: (mine[column], other[column])
            for column in columns
            if not same(mine[column], other[column])
        }
        assert not wrong, f"{mart}: expected and got {wrong}"


@pytest.mark.parametrize("mart", SAMPLES)
def test_samples(few: tuple[Lab, Streams], mart: str) -> None:
    samples.folder()
    assert_rows(few[0], mart, SAMPLED.actor_id, SAMPLES[mart])


@pytest.mark.parametrize("mart", TRANSFORMED)
def test_a_transformed_tracking_log(few: tuple[Lab, Streams], mart: str) -> None:
    assert_rows(few[0], mart, LOGGED, TRANSFORMED[mart])


def test_answers_to_real_questions(few: tuple[Lab, Streams]) -> None:
    """Each question's first answers, one row for each; nobody is named."""
    samples.folder()
    lab, _ = few
    found = {
        (row["question_id"].rpartition("@")[2], row["response"]): (
            row["success"], row["response_count"], row["problem_name_location"],
        )
        for row in read(lab, Mart("reporting.dim_problem_responses", (), lambda _: ()))
        if row["course_key"] == COURSE
    }  # fmt: skip
    several = "01:01:02 - Several <questions>"
    checkboxes = "01:01:01 - Checkboxes"
    assert found == {
        (CHECKBOXES, "a correct answer"): (False, 1, checkboxes),
        (CHECKBOXES, "an incorrect answer"): (False, 1, checkboxes),
        (f"{SEVERAL}_2_1", "yellow"): (False, 1, several),
        (f"{SEVERAL}_3_1", "a bookshelf"): (False, 1, several),
        (f"{SEVERAL}_4_1", "a window"): (False, 1, several),
        (DREAM, SOLVED): (True, 1, "01:01:03 - Perchance to Dream"),
    }
