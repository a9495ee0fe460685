"""Courses with a structure: chapters, sequentials, verticals and the blocks inside them.

A course is built from the seed and its number alone, so every event that names a block, and
the rows of `event_sink.course_blocks`, agree on keys, names and order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any

from tutoraspects.events import words
from tutoraspects.events.vocabulary import Activity

_ORGANISATIONS = (
    "CampusX", "UniNord", "Politecnico", "OpenLearn", "UdeSur", "TechInst", "KazMOOC",
    "SvU", "Ecole42", "HealthAcademy", "LawSchool", "IITx", "MuseumX", "CivicLab",
)  # fmt: skip
_RUNS = ("2025_T1", "2025_T3", "2026_Spring", "2026_Fall", "self-paced")
_EXAM_KINDS = ("timed", "practice", "proctored")


@dataclass(frozen=True)
class Question:
    """One question of a problem. `choices` is empty when the learner writes the answer."""

    response_type: str
    text: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """One XBlock. `iri` is its identifier in statements, `key` its usage key."""

    kind: str
    key: str
    iri: str
    name: str
    section: int
    subsection: int
    unit: int
    graded: bool = False
    length: float = 0.0  # seconds, of a video
    questions: tuple[Question, ...] = ()  # of a problem
    points: int = 0  # of a problem


@dataclass(frozen=True)
class Sequence:
    """A subsection: its own block, its units, and the kind of exam it is, if it is one."""

    block: Block
    units: tuple[tuple[Block, ...], ...]
    exam: str = ""

    @cached_property
    def problems(self) -> tuple[Block, ...]:
        return tuple(block for unit in self.units for block in unit if block.kind == "problem")


@dataclass
class Course:
    """One course run. `blocks` are in course order, the course block first."""

    key: str
    iri: str
    org: str
    name: str
    run: str
    language: str
    blocks: list[Block]
    sequences: list[Sequence]
    parents: list[dict[str, Any]]  # `contextActivities.parent` of its statements, shared
    threads: list[tuple[str, str]] = field(default_factory=list)  # forum: (id, title)


def build_course(seed: int, number: int, home_page: str) -> Course:
    """Course `number` (from 0) of a generator's catalogue."""
    rng = Random(f"{seed}:course:{number}")
    org = _ORGANISATIONS[number % len(_ORGANISATIONS)]
    subject = words.subject(rng)
    code = f"{subject[:3].upper()}{100 + number}"
    run = words.pick(rng, _RUNS)
    locator = f"{org}+{code}+{run}"
    key = f"course-v1:{locator}"
    name, language = words.course_name(rng, subject)
    iri = f"{home_page}/course/{key}"
    course = Course(key, iri, org, name, run, language, [], [], [])
    course.parents.append(
        {
            "id": iri,
            "objectType": "Activity",
            "definition": {"name": {"en-US": name}, "type": Activity.COURSE},
        }
    )
    builder = _Builder(rng, home_page, locator, course)
    builder.add("course", name, 0, 0, 0, block_id="course")
    for section in range(1, 4 + int(rng.random() * 7)):
        builder.chapter(section)
    course.threads.extend((words.hexadecimal(rng, 24), words.title(rng)) for _ in range(12))
    return course


@dataclass
class _Builder:
    rng: Random
    home_page: str
    locator: str
    course: Course

    def add(
        self,
        kind: str,
        name: str,
        section: int,
        subsection: int,
        unit: int,
        *,
        block_id: str = "",
        **more: Any,
    ) -> Block:
        block_id = block_id or words.hexadecimal(self.rng, 32)
        key = f"block-v1:{self.locator}+type@{kind}+block@{block_id}"
        iri = f"{self.home_page}/xblock/{key}"
        block = Block(kind, key, iri, name, section, subsection, unit, **more)
        self.course.blocks.append(block)
        return block

    def chapter(self, section: int) -> None:
        rng = self.rng
        self.add("chapter", f"{section}. {words.title(rng)}", section, 0, 0)
        for subsection in range(1, 2 + int(rng.random() * 4)):
            graded = rng.random() < 0.35
            exam = words.pick(rng, _EXAM_KINDS) if graded and rng.random() < 0.25 else ""
            block = self.add("sequential", words.title(rng), section, subsection, 0, graded=graded)
            units = tuple(
                self.unit(section, subsection, unit, graded)
                for unit in range(1, 2 + int(rng.random() * 7))
            )
            self.course.sequences.append(Sequence(block, units, exam))

    def unit(self, section: int, subsection: int, unit: int, graded: bool) -> tuple[Block, ...]:
        rng = self.rng
        self.add("vertical", words.title(rng), section, subsection, unit, graded=graded)
        return tuple(
            self.leaf(section, subsection, unit, graded) for _ in range(1 + int(rng.random() * 3))
        )

    def leaf(self, section: int, subsection: int, unit: int, graded: bool) -> Block:
        rng = self.rng
        draw = rng.random()
        if draw < (0.15 if graded else 0.42):
            length = round(30 + rng.random() ** 2 * 1500, 3 if rng.random() < 0.5 else 0)
            return self.add(
                "video", words.title(rng), section, subsection, unit, graded=graded, length=length
            )
        if draw < (0.85 if graded else 0.66):
            questions = tuple(_question(rng) for _ in range(_question_count(rng)))
            return self.add(
                "problem", words.title(rng), section, subsection, unit,
                graded=graded, questions=questions, points=len(questions),
            )  # fmt: skip
        kind = "html" if draw < 0.95 else "discussion"
        return self.add(kind, words.title(rng), section, subsection, unit, graded=graded)


def _question_count(rng: Random) -> int:
    return 1 if rng.random() < 0.85 else 2 + int(rng.random() * 3)


def _question(rng: Random) -> Question:
    text = words.sentence(rng, 6 + int(rng.random() * 14)) + "?"
    draw = rng.random()
    if draw < 0.6:
        kind = words.pick(rng, ("choiceresponse", "multiplechoiceresponse", "optionresponse"))
        choices = tuple(words.sentence(rng, 2 + int(rng.random() * 7)) for _ in range(4))
        return Question(kind, text, choices)
    kinds = ("numericalresponse", "stringresponse", "formularesponse", "customresponse")
    return Question(words.pick(rng, kinds), text, ())
