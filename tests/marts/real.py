"""The real statements as one more stream: those that are at hand, and those of a tracking log.

`tests/data/transformed.jsonl` is what event-routing-backends makes of a tracking log
(`transform.py`). The statements of that library's own tests are not part of this repository
(`tests/events/samples.py`); without them the stream is shorter.
"""

from __future__ import annotations

import copy
import json
from datetime import datetime, timezone
from random import Random

from tests.events import samples
from tests.marts.people import Person
from tests.marts.places import Block, Builder, Course, outline, overview
from tests.marts.statements import Statement
from tests.marts.streams import Dump, Stream

TRANSFORMED = samples.REPOSITORY / "tests/data/transformed.jsonl"
SAMPLED = Person(
    9_000_001, "sam", "Sam Sample", "sam@example.org", "32e08e30-f8ae-4ce2-94a8-c2bfe38a70cb",
    "external_id",
)  # fmt: skip
LOGGED = "ba0ca313-1e10-5a6c-8087-145f6a5d26d1"
COURSE = "course-v1:edX+DemoX+Demo_Course"
CCX = "ccx-v1:edX+DemoX+Demo_Course+ccx@1"
LESSON = "19a30717eff543078a5d94ae9d6c18a5"
CHECKBOXES = "3fc5461f86764ad7bdbdf6cbdde61e66"
SEVERAL = "a0effb954cca4759994f1ac9e9434bf4"
DREAM = "932e6f2ce8274072a355a94560216d1a"
WELCOME = "0b9e39477cf34507a7a48f74be381fdd"
PUBLISHED = datetime(2023, 9, 1, tzinfo=timezone.utc)
DUMP = "8f7c1d6e-51c2-4b7e-9a52-5e9f5c1f0a11"


def key(kind: str, name: str) -> str:
    return f"block-v1:edX+DemoX+Demo_Course+type@{kind}+block@{name}"


def sampled() -> list[Statement]:
    """The samples. Several share an identifier: here each has its own, in the files' order."""
    statements, known = [], {}
    for number, (_, original) in enumerate(samples.real(), start=1):
        statement = copy.deepcopy(original)
        made = f"5a3e0000-0000-5000-8000-{number:012x}"
        known[statement["id"]] = made
        statement["id"] = made
        if "statement" in statement["context"]:
            statement["context"]["statement"]["id"] = known[statement["context"]["statement"]["id"]]
        statements.append(statement)
    return statements


def transformed() -> list[Statement]:
    return [json.loads(line) for line in TRANSFORMED.read_text(encoding="utf8").splitlines()]


def course() -> Course:
    """One section with a lesson of ten units; the first four hold a problem or the video."""

    def block(kind: str, identifier: str, name: str, *children: Block) -> Block:
        return Block(kind, key(kind, identifier), name, True, children=list(children))

    inside = {
        1: [block("problem", CHECKBOXES, "Checkboxes")],
        2: [block("problem", SEVERAL, "Several <questions>")],
        3: [block("problem", DREAM, "Perchance to Dream")],
        4: [block("video", WELCOME, "Welcome!")],
    }
    units = [
        block("vertical", f"unit{number}", f"Unit {number}", *inside.get(number, ()))
        for number in range(1, 11)
    ]
    chapter = block("chapter", "week1", "Week 1", block("sequential", LESSON, "Lesson 1", *units))
    made = Course(COURSE, "edX", "modern", "Demonstration Course", Block("course", "", "", False))
    made.root = block("course", "course", "Demonstration Course", chapter)
    Builder(Random(0), 0, "edX").number(made)
    return made


def stream() -> Stream:
    """Everything at hand, one publish of the course, and who the samples' learner is."""
    made = course()
    return Stream(
        seed=-1,
        org="edX",
        people=[SAMPLED],
        courses=[made],
        statements=[*(sampled() if samples.place().is_dir() else ()), *transformed()],
        dumps=[
            Dump("course_overviews", (overview(made, PUBLISHED, DUMP, []),)),
            Dump("course_blocks", tuple(outline(made, PUBLISHED, DUMP))),
            Dump("user_profile", (SAMPLED.profile(PUBLISHED, DUMP, SAMPLED.name),)),
            Dump("external_id", (SAMPLED.external(PUBLISHED, DUMP),)),
        ],
    )
