"""A course and learners small enough to know by heart, for cases made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from random import Random
from typing import Any

from tests.marts.people import Person
from tests.marts.places import Block, Course, outline, overview
from tests.marts.reference import World
from tests.marts.reference.mart import Row
from tests.marts.statements import EPOCH, Scribe, Statement

DUMP = "6b6a1c3e-8a54-4d9e-9f10-2b1f5a0c7d11"
PUBLISHED = datetime(2026, 1, 1, tzinfo=timezone.utc)
DAY = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
ADA = Person(1, "ada", "Ada", "ada@example.org", "11111111-1111-4111-8111-111111111111", "mbox")
BOB = Person(2, "bob", "Bob", "bob@example.org", "22222222-2222-4222-8222-222222222222",
             "external_id")  # fmt: skip


def key(kind: str, name: str) -> str:
    return f"block-v1:Org+C+R+type@{kind}+block@{name}"


def block(kind: str, name: str, *children: Block, graded: bool = False) -> Block:
    return Block(kind, key(kind, name), name, graded, children=list(children))


def course() -> Course:
    """1:1:1 has a problem and a video, 1:1:2 another problem; 1:2 is empty; 2:1:1 has a video."""
    problem, second = block("problem", "p", graded=True), block("problem", "q", graded=True)
    first = block("vertical", "one", problem, block("video", "v"))
    sequential = block("sequential", "s", first, block("vertical", "two", second), graded=True)
    other = block("sequential", "t", block("vertical", "three", block("video", "w")))
    root = block(
        "course", "course",
        block("chapter", "A", sequential, block("sequential", "empty")),
        block("chapter", "B", other),
    )  # fmt: skip
    places = {"A": (1, 0, 0), "s": (1, 1, 0), "one": (1, 1, 1), "p": (1, 1, 1), "v": (1, 1, 1),
              "two": (1, 1, 2), "q": (1, 1, 2), "empty": (1, 2, 0), "B": (2, 0, 0), "t": (2, 1, 0),
              "three": (2, 1, 1), "w": (2, 1, 1)}  # fmt: skip
    made = Course("course-v1:Org+C+R", "Org", "modern", "The course", root)
    for one in root.walk():
        one.section, one.subsection, one.unit = places.get(one.name, (0, 0, 0))
        made.ever[one.name] = one
    return made


class Case:
    """Statements told one after another, a second apart unless said otherwise."""

    def __init__(self) -> None:
        self.scribe = Scribe(Random(0), 0, "http://localhost:18000")
        self.course = course()
        self.statements: list[Statement] = []
        self.seconds = 0.0

    def at(self, seconds: float | None) -> int:
        self.seconds = self.seconds + 1 if seconds is None else seconds
        return (DAY - EPOCH).days * 86_400_000_000 + 43_200_000_000 + int(self.seconds * 1_000_000)

    def tell(
        self, shape: str, *arguments: Any, who: Person = ADA, at: float | None = None, **named: Any
    ) -> Statement:
        """One statement by the scribe's method of that name, about this course."""
        write = getattr(self.scribe, shape)
        first: tuple[Any, ...] = (who, self.at(at), self.course)
        if shape in ("enrolment", "course_state", "video", "forum"):
            word, *rest = arguments
            statement: Statement = write(word, *first, *rest, **named)
        else:
            statement = write(*first, *arguments, **named)
        self.statements.append(statement)
        return statement

    def block(self, name: str) -> Block:
        return self.course.ever[name]

    def rows(self) -> list[tuple[str, Row]]:
        """One publish of the course, and what the LMS knows of both learners."""
        published = [("course_blocks", row) for row in outline(self.course, PUBLISHED, DUMP)]
        people = [
            pair
            for person in (ADA, BOB)
            for pair in (
                ("user_profile", person.profile(PUBLISHED, DUMP, person.name)),
                ("external_id", person.external(PUBLISHED, DUMP)),
            )
        ]
        return [
            ("course_overviews", overview(self.course, PUBLISHED, DUMP, [])),
            *published,
            *people,
        ]

    def world(self, retired: Iterable[int] = (), *, pii: bool = False) -> World:
        return World(self.statements, self.rows(), retired, pii=pii, now=DAY)
