"""Rows that the LMS sends to `event_sink`, for the generator's own courses and learners.

The contract is platform-plugin-aspects (`sinks/`, serializers): one CSV body for each dump,
`csv.QUOTE_NONNUMERIC`, no column list, so order and number of fields are the table's. The rows
tell the state as the generator's window begins, as a full dump just before it would.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Any
from uuid import UUID

from tutoraspects.events import words
from tutoraspects.events.courses import Block, Course
from tutoraspects.events.learners import Learner
from tutoraspects.events.stream import Generator

Row = dict[str, Any]

#: Table to its fields, in the order of the CSV.
FIELDS = MappingProxyType(
    {
        "course_overviews": (
            "org", "course_key", "display_name", "course_start", "course_end",
            "enrollment_start", "enrollment_end", "self_paced", "course_data_json", "created",
            "modified", "dump_id", "time_last_dumped",
        ),
        "course_blocks": (
            "org", "course_key", "location", "display_name", "xblock_data_json", "order",
            "edited_on", "dump_id", "time_last_dumped",
        ),
        "user_profile": (
            "id", "user_id", "name", "username", "email", "meta", "courseware", "language",
            "location", "year_of_birth", "gender", "level_of_education", "mailing_address",
            "city", "country", "state", "goals", "bio", "profile_image_uploaded_at",
            "phone_number", "dump_id", "time_last_dumped",
        ),
        "external_id": (
            "external_user_id", "external_id_type", "username", "user_id", "dump_id",
            "time_last_dumped",
        ),
        "course_enrollment": (
            "id", "course_key", "created", "is_active", "mode", "username", "user_id",
            "dump_id", "time_last_dumped",
        ),
    }
)  # fmt: skip


def dumps(generator: Generator) -> Iterator[tuple[str, list[Row]]]:
    """Yield (table, rows) for every POST that a full dump makes.

    A course's overview is followed by all its blocks in one body, as a publish does; learners'
    rows come one by one, as each save does.
    """
    for number in range(generator.courses):
        course = generator.course(number)
        stamp = _Stamp(generator, f"course:{number}")
        yield "course_overviews", [_overview(course, stamp)]
        yield (
            "course_blocks",
            [
                _block(course, block, order, stamp)
                for order, block in enumerate(course.blocks, start=1)
            ],
        )
    keys: dict[int, str] = {}
    enrolment_id = 0
    for learner in generator.population():
        stamp = _Stamp(generator, f"learner:{learner.number}")
        yield "user_profile", [_profile(learner, stamp)]
        yield "external_id", [_external_id(learner, stamp)]
        for enrolment in learner.enrolments:
            enrolment_id += 1
            if enrolment.course not in keys:
                keys[enrolment.course] = generator.course(enrolment.course).key
            if enrolment.known:
                key = keys[enrolment.course]
                row = _enrolment(learner, enrolment_id, key, enrolment.mode, stamp)
                yield "course_enrollment", [row]


def to_csv(rows: Iterable[Row]) -> bytes:
    """One dump's body, with the quoting of the sinks."""
    output = io.StringIO()
    csv.writer(output, quoting=csv.QUOTE_NONNUMERIC).writerows(row.values() for row in rows)
    return output.getvalue().encode()


class _Stamp:
    """What one dump writes into each of its rows, and its source of invented values."""

    def __init__(self, generator: Generator, name: str) -> None:
        self.rng = Random(f"{generator.seed}:dump:{name}")
        # Text of an aware datetime, as the serializers make it: with a space, not a `T`.
        moment = generator.start - timedelta(seconds=60 + self.rng.random() * 86_400)
        self.moment = moment
        self.fields: Row = {
            "dump_id": str(UUID(int=self.rng.getrandbits(128), version=4)),
            "time_last_dumped": str(moment),
        }

    def days_ago(self, days: float) -> datetime:
        return self.moment - timedelta(days=days)


def _iso(moment: datetime) -> str:
    """A model's own date field, as Django REST framework writes it."""
    return moment.isoformat().replace("+00:00", "Z")


def _overview(course: Course, stamp: _Stamp) -> Row:
    data = {
        "advertised_start": None,
        "announcement": None,
        "lowest_passing_grade": 0.5,
        "invitation_only": False,
        "max_student_enrollments_allowed": None,
        "effort": None,
        "enable_proctored_exams": any(one.exam == "proctored" for one in course.sequences),
        "entrance_exam_enabled": False,
        "external_id": None,
        "language": course.language,
        "tags": "[]",
    }
    return {
        "org": course.org,
        "course_key": course.key,
        "display_name": course.name,
        "course_start": str(stamp.days_ago(40)),
        "course_end": str(stamp.days_ago(-60)),
        "enrollment_start": "",
        "enrollment_end": "",
        "self_paced": course.run == "self-paced",
        "course_data_json": json.dumps(data),
        "created": _iso(stamp.days_ago(300)),
        "modified": _iso(stamp.days_ago(1)),
        **stamp.fields,
    }


def _block(course: Course, block: Block, order: int, stamp: _Stamp) -> Row:
    data = {
        "course": course.key.split("+")[1],
        "run": course.run,
        "block_type": block.kind,
        "detached": 0,
        "graded": int(block.graded),
        "completion_mode": _completion_mode(block),
        "section": block.section,
        "subsection": block.subsection,
        "unit": block.unit,
        "tags": "[]",
    }
    return {
        "org": course.org,
        "course_key": course.key,
        "location": block.key,
        "display_name": block.name,
        "xblock_data_json": json.dumps(data),
        "order": order,
        "edited_on": str(stamp.days_ago(2)),
        **stamp.fields,
    }


def _completion_mode(block: Block) -> str:
    if block.kind in ("course", "chapter", "sequential", "vertical"):
        return "aggregator"
    return "excluded" if block.kind == "discussion" else "completable"


def _profile(learner: Learner, stamp: _Stamp) -> Row:
    rng = stamp.rng
    row: Row = dict.fromkeys(FIELDS["user_profile"], "")
    return row | {
        "id": learner.number + 1,
        "user_id": learner.user_id,
        "name": learner.name,
        "username": learner.username,
        "email": learner.email,
        "courseware": "course.xml",
        "year_of_birth": learner.year_of_birth,
        "gender": words.pick(rng, ("f", "m", "o", "")),
        "level_of_education": words.pick(rng, ("b", "m", "hs", "p", "")),
        "country": learner.country,
        "bio": words.sentence(rng, 12) if rng.random() < 0.1 else "",
        **stamp.fields,
    }


def _external_id(learner: Learner, stamp: _Stamp) -> Row:
    return {
        "external_user_id": learner.external_id,
        "external_id_type": "xapi",
        "username": learner.username,
        "user_id": learner.user_id,
        **stamp.fields,
    }


def _enrolment(learner: Learner, number: int, key: str, mode: str, stamp: _Stamp) -> Row:
    return {
        "id": number,
        "course_key": key,
        "created": _iso(stamp.days_ago(1 + stamp.rng.random() * 90)),
        "is_active": True,
        "mode": mode,
        "username": learner.username,
        "user_id": learner.user_id,
        **stamp.fields,
    }
