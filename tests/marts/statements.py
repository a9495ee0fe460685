"""Statements as event-routing-backends shapes them, with what real life leaves out of them.

Unlike the load generator's, two of them may share learner, verb and microsecond: the identifiers
are drawn, not made from those. A value that is None is left out of the statement.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

from tests.marts.people import Person
from tests.marts.places import Block, Course
from tutoraspects.events.vocabulary import Activity, Extension, verb_object

Statement = dict[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def activity(iri: str, kind: str, **definition: Any) -> dict[str, Any]:
    return {"id": iri, "objectType": "Activity", "definition": {"type": kind, **definition}}


def given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def extended(pairs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in pairs.items() if value is not None}


class Scribe:
    """Writes the statements of one stream. Times are microseconds since 1970."""

    def __init__(self, rng: Random, seed: int, home: str) -> None:
        self.rng = rng
        self.seed = seed
        self.home = home
        self.count = 0

    # What all have in common ----------------------------------------------------------------------

    def statement(
        self,
        word: str,
        person: Person | None,
        at: int,
        thing: dict[str, Any],
        course: Course | None = None,
        *,
        result: dict[str, Any] | None = None,
        extensions: dict[str, Any] | None = None,
        grouping: list[dict[str, Any]] | None = None,
    ) -> Statement:
        activities: dict[str, Any] = {}
        if course is not None:
            activities["parent"] = [self.parent(course)]
        if grouping is not None:
            activities["grouping"] = grouping
        actor = person.actor(self.home) if person else {"objectType": "Group", "member": []}
        return given(
            id=self.identifier(),
            result=result,
            version="1.0.3",
            actor=actor,
            verb=verb_object(word),
            object=thing,
            timestamp=self.timestamp(at),
            context={
                **({"contextActivities": activities} if activities else {}),
                "extensions": {
                    Extension.TRANSFORMER: "event-routing-backends@9.3.8",
                    Extension.SESSION: f"{self.rng.getrandbits(128):032x}",
                    **extended(extensions or {}),
                },
            },
        )

    def identifier(self) -> str:
        self.count += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.seed}:{self.count}"))

    def timestamp(self, at: int) -> str:
        """The same moment as the LMS writes it, or as others might."""
        moment = EPOCH + timedelta(microseconds=at)
        draw = self.rng.random()
        if draw < 0.1:
            return moment.isoformat().replace("+00:00", "Z")
        if draw < 0.2:
            return moment.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()
        return moment.isoformat()

    def parent(self, course: Course) -> dict[str, Any]:
        return activity(self.course_iri(course), Activity.COURSE, name={"en-US": course.name})

    def course_iri(self, course: Course) -> str:
        return f"{self.home}/course/{course.key}"

    def block_iri(self, block: Block) -> str:
        return f"{self.home}/xblock/{block.key}"

    # Enrolment and grades -------------------------------------------------------------------------

    def enrolment(
        self, word: str, person: Person, at: int, course: Course, mode: str | None
    ) -> Statement:
        thing = activity(self.course_iri(course), Activity.COURSE, name={"en": course.name})
        thing["definition"]["extensions"] = extended({Extension.MODE: mode})
        return self.statement(word, person, at, thing)

    def course_state(self, word: str, person: Person, at: int, course: Course) -> Statement:
        thing = activity(self.course_iri(course), Activity.COURSE, name={"en": course.name})
        return self.statement(word, person, at, thing)

    def course_grade(
        self, person: Person, at: int, course: Course, grade: float | None, letter: str | None
    ) -> Statement:
        thing = activity(self.course_iri(course), Activity.COURSE, name={"en": course.name})
        score = given(scaled=grade, raw=grade, min=0.0, max=1.0)
        result = {"score": score, "extensions": extended({Extension.GRADE: letter})}
        return self.statement("earned", person, at, thing, course, result=result)

    def subsection_grade(
        self, person: Person, at: int, course: Course, block: Block, score: dict[str, Any] | None
    ) -> Statement:
        thing = activity(self.block_iri(block), Activity.RESOURCE)
        result = given(score=score, success=None if score is None else True)
        return self.statement("earned", person, at, thing, course, result=result)

    # Problems -------------------------------------------------------------------------------------

    def attempted(self, person: Person, at: int, course: Course, block: Block) -> Statement:
        thing = activity(self.block_iri(block), Activity.INTERACTION, interactionType="other")
        return self.statement("attempted", person, at, thing, course)

    def evaluated(
        self,
        person: Person,
        at: int,
        course: Course,
        block: Block,
        *,
        attempt: int | None,
        response: str | None,
        success: bool | None,
        scaled: float | None,
        interaction: str,
    ) -> Statement:
        """A problem of one question."""
        thing = activity(self.block_iri(block), Activity.INTERACTION, interactionType=interaction)
        thing["definition"]["extensions"] = extended({Extension.ATTEMPT: attempt})
        score = given(scaled=scaled, raw=scaled, min=0, max=1)
        result = given(score=score, success=success, response=response)
        return self.statement("evaluated", person, at, thing, course, result=result)

    def evaluated_group(
        self,
        person: Person,
        at: int,
        course: Course,
        block: Block,
        *,
        success: bool | None,
        scaled: float | None,
        attempt: int | None,
    ) -> Statement:
        """A problem of several questions as a whole."""
        thing = activity(self.block_iri(block), Activity.INTERACTION, name={"en-US": block.name})
        thing["objectType"] = "GroupActivity"
        thing["definition"]["interactionType"] = "other"
        if attempt is not None:
            thing["definition"]["extensions"] = {Extension.ATTEMPT: attempt}
        result = given(score=given(scaled=scaled, min=0, max=3), success=success)
        return self.statement("evaluated", person, at, thing, course, result=result)

    def evaluated_question(
        self,
        group: Statement,
        person: Person,
        at: int,
        course: Course,
        number: int,
        *,
        response: str | None,
        success: bool | None,
        interaction: str,
    ) -> Statement:
        """One question of several: its parent is the problem, its group the course."""
        thing = activity(
            f"{group['object']['id']}_{number + 2}_1",
            Activity.INTERACTION,
            interactionType=interaction,
            description={"en-US": f"Question {number}"},
        )
        statement = self.statement(
            "evaluated", person, at, thing, grouping=[self.parent(course)],
            result=given(response=response, success=success),
        )  # fmt: skip
        statement["context"]["contextActivities"]["parent"] = [group["object"]]
        statement["context"]["statement"] = {"id": group["id"], "objectType": "StatementRef"}
        return statement

    def asked(
        self, person: Person, at: int, course: Course, block: Block, hint: int | None
    ) -> Statement:
        """For the answer, or for a hint by its number."""
        if hint is None:
            thing = activity(f"{self.block_iri(block)}/answer", Activity.SOLUTION)
        else:
            thing = activity(f"{self.block_iri(block)}/hint/{hint}", Activity.HINT)
        return self.statement("asked", person, at, thing, course)

    # Videos ---------------------------------------------------------------------------------------

    def video(
        self,
        word: str,
        person: Person,
        at: int,
        course: Course,
        block: Block,
        result: dict[str, Any] | None,
        length: float | None,
    ) -> Statement:
        """`result` maps extensions to values; `length` is what the player believed."""
        thing = activity(self.block_iri(block), Activity.VIDEO)
        told = {"extensions": extended(result)} if result is not None else None
        if told is not None and word == "completed":
            told |= {"completion": True, "duration": "PT01M00S"}
        extensions = {Extension.LENGTH: length}
        return self.statement(word, person, at, thing, course, result=told, extensions=extensions)

    # Navigation, completion, forum, exams ---------------------------------------------------------

    def moved(
        self,
        person: Person,
        at: int,
        course: Course,
        block: Block,
        start: int | None,
        end: int | str | None,
    ) -> Statement:
        """Next, previous and tab in a sequence."""
        thing = activity(self.block_iri(block), Activity.RESOURCE)
        thing["definition"]["extensions"] = {Extension.TOTAL_ITEMS: 10}
        extensions = {Extension.STARTING_POSITION: start, Extension.ENDING_POINT: end}
        return self.statement("navigated", person, at, thing, course, extensions=extensions)

    def jumped(
        self, person: Person | None, at: int, course: Course, target: str, outline: bool
    ) -> Statement:
        """A link, or a line of the outline; `target` is a block's key or an address."""
        iri = target if "://" in target[:9] and not target.startswith("i4x") else ""
        iri = iri or f"{self.home}/courses/{course.key}/jump_to/{target}"
        thing = activity(iri, Activity.MODULE if outline else Activity.LINK)
        return self.statement("navigated", person, at, thing, course)

    def progressed(
        self, person: Person, at: int, course: Course, block: Block | None, percent: float | None
    ) -> Statement:
        """Of a block, or of the course when there is none."""
        if block is None:
            thing = activity(self.course_iri(course), Activity.COURSE, name={"en": course.name})
        else:
            thing = activity(self.block_iri(block), Activity.RESOURCE)
        result = {
            "completion": percent == 100,
            "extensions": extended({Extension.PROGRESS: percent}),
        }
        return self.statement("progressed", person, at, thing, course, result=result)

    def forum(
        self,
        word: str,
        person: Person | None,
        at: int,
        course: Course | None,
        thing_id: str,
        mode: str | None,
        kind: str = Activity.DISCUSSION,
    ) -> Statement:
        thing = activity(f"{self.home}/api/discussion/v1/{thing_id}", kind)
        return self.statement(word, person, at, thing, course, extensions={Extension.MODE: mode})

    def exam(self, word: str, person: Person, at: int, course: Course, block: Block) -> Statement:
        """An exam's attempt: about a subsection, with the verbs of videos."""
        kind = Activity.EXAM["timed"]
        thing = activity(block.key, kind, extensions={Extension.TIME_LIMIT: 60})
        about = activity("438AD672-DE2C-4F0B-8876-35444E7DD746", Activity.ATTEMPT)
        about["definition"]["extensions"] = {Extension.ATTEMPT: 1, Extension.DURATION: 12.5}
        return self.statement(word, person, at, thing, course, grouping=[about])


def text(statement: Statement) -> str:
    return json.dumps(statement, ensure_ascii=False)
