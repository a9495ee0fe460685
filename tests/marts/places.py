"""Courses of a stream and how they change from one publish to the next.

Keys come in the three kinds that an LMS has: today's, those of custom courses (CCX), and the
slashes of old courses.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

Row = dict[str, Any]

_NAMES = (
    "Limits", "Light & dark", 'The "cell"', "Água", "A <b>bold</b> claim", "Quiz", "Intro 'one'",
    "第一课", "", "Forces",
)  # fmt: skip
_LEAVES = ("video", "video", "problem", "problem", "problem", "html", "discussion")


@dataclass
class Block:
    """One block as the course has it at some publish. Numbers follow from its place."""

    kind: str
    key: str
    name: str
    graded: bool = False
    length: float = 0.0
    questions: int = 1
    children: list[Block] = field(default_factory=list)
    section: int = 0
    subsection: int = 0
    unit: int = 0

    def walk(self) -> Iterator[Block]:
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass
class Course:
    """A course run. `ever` holds every block that some publish had; `root` the newest outline."""

    key: str
    org: str
    kind: str  # modern | ccx | legacy
    name: str
    root: Block
    ever: dict[str, Block] = field(default_factory=dict)

    def blocks(self, kind: str) -> list[Block]:
        return [block for block in self.ever.values() if block.kind == kind]


class Builder:
    """Draws the courses of one stream."""

    def __init__(self, rng: Random, seed: int, org: str) -> None:
        self.rng = rng
        self.seed = seed
        self.org = org

    def course(self, number: int) -> Course:
        rng = self.rng
        kind = rng.choice(("modern", "modern", "modern", "ccx", "legacy"))
        locator = f"{self.org}+C{number}+{rng.choice(('2026_T1', 'self-paced', 'r.1'))}"
        if kind == "modern":
            key = f"course-v1:{locator}"
        elif kind == "ccx":
            key = f"ccx-v1:{locator}+ccx@{number + 1}"
        else:
            key = locator.replace("+", "/")
        course = Course(
            key, self.org, kind, f"Course {number}: {rng.choice(_NAMES)}", Block("", "", "")
        )
        course.root = self.block(course, "course")
        for _ in range(rng.randint(1, 3)):
            course.root.children.append(self.chapter(course))
        if rng.random() < 0.3:  # outside of every section, as static tabs and the like are
            course.root.children.append(
                self.block(course, rng.choice(("html", "problem", "video")))
            )
        self.number(course)
        return course

    def block(self, course: Course, kind: str, graded: bool = False) -> Block:
        rng = self.rng
        name = "course" if kind == "course" else f"{rng.getrandbits(64):016x}"
        if course.kind == "legacy":
            run = course.key.split("/")
            name = run[2] if kind == "course" else name
            key = f"i4x://{run[0]}/{run[1]}/{kind}/{name}"
        else:
            locator = course.key.split(":", 1)[1]
            prefix = "ccx-block-v1" if course.kind == "ccx" else "block-v1"
            key = f"{prefix}:{locator}+type@{kind}+block@{name}"
        block = Block(kind, key, rng.choice(_NAMES), graded)
        if kind == "video":
            block.length = rng.choice((0.0, 1.0, 10.0, 12.5, 30.0, 61.04, 195.0))
        if kind == "problem":
            block.questions = rng.choice((1, 1, 1, 2, 3))
        return block

    def chapter(self, course: Course) -> Block:
        rng = self.rng
        chapter = self.block(course, "chapter")
        for _ in range(rng.randint(1, 2)):
            chapter.children.append(self.sequential(course))
        return chapter

    def sequential(self, course: Course) -> Block:
        rng = self.rng
        graded = rng.random() < 0.5
        sequential = self.block(course, "sequential", graded)
        for _ in range(rng.randint(0, 4)):
            sequential.children.append(self.vertical(course, graded))
        return sequential

    def vertical(self, course: Course, graded: bool) -> Block:
        rng = self.rng
        vertical = self.block(course, "vertical", graded)
        for _ in range(rng.randint(0, 3)):
            vertical.children.append(self.block(course, rng.choice(_LEAVES), graded))
        return vertical

    def number(self, course: Course) -> None:
        """Give every block its place, as platform-plugin-aspects counts, and remember it."""
        section = 0
        for child in course.root.children:
            if child.kind != "chapter":
                for block in child.walk():
                    block.section = block.subsection = block.unit = 0
                continue
            section += 1
            child.section, child.subsection, child.unit = section, 0, 0
            for subsection, sequential in enumerate(child.children, start=1):
                sequential.section, sequential.subsection = section, subsection
                sequential.unit = 0
                for unit, vertical in enumerate(sequential.children, start=1):
                    for block in vertical.walk():
                        block.section, block.subsection, block.unit = section, subsection, unit
        for block in course.root.walk():
            course.ever[block.key] = copy.copy(block)

    def change(self, course: Course) -> None:
        """What an author does between two publishes: rename, remove, add, move, grade."""
        rng = self.rng
        for chapter in course.root.children:
            if rng.random() < 0.2:
                chapter.name = rng.choice(_NAMES)
            if chapter.kind != "chapter":
                continue
            if rng.random() < 0.2:
                chapter.children.append(self.sequential(course))
            if rng.random() < 0.2 and len(chapter.children) > 1:
                chapter.children.pop(rng.randrange(len(chapter.children)))
            for sequential in chapter.children:
                self._change_sequential(course, sequential)
        if rng.random() < 0.2:
            rng.shuffle(course.root.children)
        if rng.random() < 0.3:
            course.name += "!"
        self.number(course)

    def _change_sequential(self, course: Course, sequential: Block) -> None:
        rng = self.rng
        if rng.random() < 0.2:
            rng.shuffle(sequential.children)
        if rng.random() < 0.2 and sequential.children:
            sequential.children.pop()
        if rng.random() < 0.2:
            sequential.children.append(self.vertical(course, sequential.graded))
        if rng.random() < 0.2:
            graded = not sequential.graded
            for block in sequential.walk():
                block.graded = graded
        for vertical in sequential.children:
            if rng.random() < 0.2 and vertical.children:
                vertical.children.pop(0)
            for block in vertical.walk():
                if rng.random() < 0.15:
                    block.name = rng.choice(_NAMES)


def overview(course: Course, at: datetime, dump: str, tags: list[int]) -> Row:
    """A row of `course_overviews`."""
    data = {"language": "en", "lowest_passing_grade": 0.5, "tags": json.dumps(tags)}
    return {
        "org": course.org,
        "course_key": course.key,
        "display_name": course.name,
        "course_start": str(at),
        "course_end": "",
        "enrollment_start": "",
        "enrollment_end": "",
        "self_paced": False,
        "course_data_json": json.dumps(data),
        "created": at.isoformat(),
        "modified": at.isoformat(),
        "dump_id": dump,
        "time_last_dumped": str(at),
    }


def outline(course: Course, at: datetime, dump: str) -> list[Row]:
    """The rows of `course_blocks` that a publish makes."""
    rows = []
    for order, block in enumerate(course.root.walk(), start=1):
        data = {
            "block_type": block.kind,
            "detached": 0,
            "graded": int(block.graded),
            "completion_mode": "completable",
            "section": block.section,
            "subsection": block.subsection,
            "unit": block.unit,
        }
        rows.append(
            {
                "org": course.org,
                "course_key": course.key,
                "location": block.key,
                "display_name": block.name,
                "xblock_data_json": json.dumps(data),
                "order": order,
                "edited_on": str(at),
                "dump_id": dump,
                "time_last_dumped": str(at),
            }
        )
    return rows
