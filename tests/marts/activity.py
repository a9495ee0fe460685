"""What learners do, a few statements at a time, likely or not."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.marts.people import Person
from tests.marts.places import Block, Course
from tests.marts.statements import Scribe, Statement
from tutoraspects.events.vocabulary import Activity, Extension

_MODES = ("audit", "verified", "honor", None)
_RESPONSES = (
    "blue", "42", "", None, "[]", "[1, 2]", '["a piano", "a guitar"]', '["a", "a"]', '["only"]',
    '["broken", ', "{'x_2_1': ['choice_0']}", "  spaced\n ", "naïve “quotes”",
    '["<div>a</div>", "b "]', '<div class="x">one</div>',
    "two<choicehint selected=\"true\">No\nlook</choicehint>",
    '["p<optionhint>h</optionhint>", "[q]"]', '["", "x"]', '"text"', "null",
    '[["nested"]]', '["a \\"b\\"", "\\u00e9"]',
)  # fmt: skip
_INTERACTIONS = ("choice", "fill-in", "numeric", "other")
_FORUM = ("posted", "edited", "deleted", "reported", "unreported", "voted", "viewed")


class Activities:
    """Draws what a learner does next. `tick` gives the time of the next statement."""

    def __init__(
        self,
        rng: Random,
        scribe: Scribe,
        tick: Callable[[], int],
        recent: Callable[[], int],
    ) -> None:
        self.rng = rng
        self.scribe = scribe
        self.tick = tick
        self.recent = recent
        self.weighted: tuple[Callable[[Person, Course], list[Statement]], ...] = (
            self.enrols, self.enrols, self.grades, self.grades, self.solves, self.solves,
            self.solves, self.solves, self.watches, self.watches, self.watches, self.watches,
            self.moves, self.moves, self.moves, self.jumps, self.completes, self.completes,
            self.talks, self.sits, self.visits_lately,
        )  # fmt: skip

    def some(self, person: Person, course: Course) -> list[Statement]:
        return self.rng.choice(self.weighted)(person, course)

    def _block(self, course: Course, *kinds: str) -> Block | None:
        """One of a few blocks, so that the same is met again; now and then one nobody knows."""
        found = [block for kind in kinds for block in course.blocks(kind)]
        return self.rng.choice(found) if found else None

    def enrols(self, person: Person, course: Course) -> list[Statement]:
        rng = self.rng
        word = rng.choice(("registered", "registered", "unregistered"))
        mode = rng.choice(_MODES)
        return [self.scribe.enrolment(word, person, self.tick(), course, mode)]

    def grades(self, person: Person, course: Course) -> list[Statement]:
        rng, draw = self.rng, self.rng.random()
        if draw < 0.3:
            word = rng.choice(("passed", "failed"))
            return [self.scribe.course_state(word, person, self.tick(), course)]
        if draw < 0.7:
            grade = rng.choice((None, 0.0, 0.1, 0.3, 0.57, 0.7, 0.9, 0.999, 1.0, rng.random()))
            letter = rng.choice(("Pass", "Fail", None))
            return [self.scribe.course_grade(person, self.tick(), course, grade, letter)]
        block = self._block(course, "sequential")
        if block is None:
            return []
        earned = rng.choice((0.0, 1.0, 2.5))
        score: dict[str, Any] | None = {"scaled": earned / 3, "raw": earned, "min": 0, "max": 3.0}
        if rng.random() < 0.2:
            score = rng.choice((None, {"raw": earned}, {"scaled": 0.5}))
        return [self.scribe.subsection_grade(person, self.tick(), course, block, score)]

    # Problems -------------------------------------------------------------------------------------

    def solves(self, person: Person, course: Course) -> list[Statement]:
        rng, scribe = self.rng, self.scribe
        block = self._block(course, "problem")
        if block is None:
            return []
        draw = rng.random()
        if draw < 0.1:
            return [scribe.attempted(person, self.tick(), course, block)]
        if draw < 0.3:
            hint = rng.choice((None, None, 0, 1))
            return [scribe.asked(person, self.tick(), course, block, hint)]
        attempt = rng.choice((None, 1, 1, 2, 2, 3, 7))
        success = rng.choice((None, True, False, False))
        scaled = rng.choice((None, 0, 0.5, 1, 2 / 3))
        if block.questions == 1:
            return [
                scribe.evaluated(
                    person, self.tick(), course, block, attempt=attempt, success=success,
                    response=rng.choice(_RESPONSES), scaled=scaled,
                    interaction=rng.choice(_INTERACTIONS),
                )
            ]  # fmt: skip
        at = self.tick()
        group = scribe.evaluated_group(
            person, at, course, block, success=success, scaled=scaled,
            attempt=attempt if rng.random() < 0.2 else None,
        )  # fmt: skip
        questions = [
            scribe.evaluated_question(
                group, person, at, course, number, response=rng.choice(_RESPONSES),
                success=rng.choice((None, True, False)), interaction=rng.choice(_INTERACTIONS),
            )
            for number in range(block.questions)
        ]  # fmt: skip
        return questions if rng.random() < 0.1 else [group, *questions]

    # Videos ---------------------------------------------------------------------------------------

    def watches(self, person: Person, course: Course) -> list[Statement]:
        """One sitting: mostly as players tell it, at times in any order."""
        rng = self.rng
        block = self._block(course, "video")
        if block is None:
            return []
        sitting = Sitting(self, person, course, block)
        for _ in range(rng.randint(1, 7)):
            if rng.random() < 0.15:
                sitting.anything()
            else:
                sitting.go_on()
        return sitting.told

    # Pages ----------------------------------------------------------------------------------------

    def moves(self, person: Person, course: Course) -> list[Statement]:
        rng = self.rng
        block = self._block(course, "sequential", "sequential", "sequential", "vertical", "html")
        if block is None:
            return []
        start = rng.choice((None, 0, 1, 1, 2, 2, 3, 4))
        end = rng.choice(
            (None, "next unit", "next unit", "previous unit", 0, 1, 2, 3, 9, "2", "-1", "9" * 12)
        )
        return [self.scribe.moved(person, self.tick(), course, block, start, end)]

    def jumps(self, person: Person, course: Course) -> list[Statement]:
        rng = self.rng
        block = self._block(course, "chapter", "sequential", "vertical")
        target = block.key if block and rng.random() < 0.8 else "https://example.org/elsewhere"
        nobody = rng.random() < 0.05
        who = None if nobody else person
        return [self.scribe.jumped(who, self.tick(), course, target, rng.random() < 0.5)]

    def visits_lately(self, person: Person, course: Course) -> list[Statement]:
        block = self._block(course, "sequential")
        if block is None or self.rng.random() < 0.4:
            return []
        return [self.scribe.moved(person, self.recent(), course, block, 1, "next unit")]

    # The rest -------------------------------------------------------------------------------------

    def completes(self, person: Person, course: Course) -> list[Statement]:
        rng = self.rng
        block = self._block(course, "video", "problem", "html", "vertical")
        if rng.random() < 0.15:
            block = None
        percent = rng.choice((None, 0, 0.0, 35.5, 70, 100.0, 100))
        return [self.scribe.progressed(person, self.tick(), course, block, percent)]

    def talks(self, person: Person, course: Course) -> list[Statement]:
        rng = self.rng
        word = rng.choice(_FORUM)
        mode = {"voted": rng.choice(("up", "down")), "posted": rng.choice(("question", None))}
        place = rng.choice(("threads", "comments"))
        thing = f"{place}/{rng.randrange(4):024x}"
        kind = Activity.LINK if rng.random() < 0.05 else Activity.DISCUSSION
        whose = None if rng.random() < 0.05 else course
        who = None if rng.random() < 0.05 else person
        return [self.scribe.forum(word, who, self.tick(), whose, thing, mode.get(word), kind)]

    def sits(self, person: Person, course: Course) -> list[Statement]:
        """An exam: `initialized` and `terminated`, but no video."""
        block = self._block(course, "sequential")
        if block is None:
            return []
        word = self.rng.choice(("initialized", "terminated"))
        return [self.scribe.exam(word, person, self.tick(), course, block)]


class Sitting:
    """A learner at a video: where the player is, and what it has told so far."""

    def __init__(
        self, activities: Activities, person: Person, course: Course, block: Block
    ) -> None:
        self.rng = activities.rng
        self.scribe = activities.scribe
        self.tick = activities.tick
        self.person, self.course, self.block = person, course, block
        self.length = block.length
        self.position = 0.0
        self.playing = False
        self.told: list[Statement] = []

    def tell(self, word: str, result: dict[str, Any] | None) -> None:
        rng = self.rng
        length: float | None = self.length
        if rng.random() < 0.1:
            length = rng.choice((None, 0.0, self.length / 2, self.length + 3.3))
        arguments = (word, self.person, self.tick(), self.course, self.block, result, length)
        self.told.append(self.scribe.video(*arguments))

    def ahead(self) -> float:
        """Where the player is after a while, at most at the end."""
        end = self.length or 40.0
        return min(end, round(self.position + self.rng.uniform(0, end), self.rng.choice((0, 3))))

    def go_on(self) -> None:
        rng, draw = self.rng, self.rng.random()
        if not self.playing:
            if draw < 0.1:
                return self.tell("initialized", None)
            at_end = self.length and self.position >= self.length
            shown = self.position
            self.tell("played", {Extension.TIME: shown})
            self.position = 0.0 if at_end else self.position
            self.playing = True
            return None
        before = self.ahead()
        if draw < 0.3:
            after = rng.choice((0.0, round(rng.uniform(0, self.length or 40), 3), self.length))
            self.tell("seeked", {Extension.TIME_FROM: before, Extension.TIME_TO: after})
            self.position = after
        elif draw < 0.6:
            self.tell("paused", {Extension.TIME: before})
            self.position, self.playing = before, False
        elif draw < 0.8:
            self.tell("completed", {Extension.TIME: self.length})
            self.position, self.playing = self.length, False
        elif draw < 0.92:
            self.tell("terminated", {Extension.TIME: before})
            self.position, self.playing = before, False
        else:  # the window was closed: no stop is told
            self.position, self.playing = before, False
        return None

    def anything(self) -> None:
        rng = self.rng
        word = rng.choice(("played", "paused", "seeked", "completed", "terminated", "initialized",
                           "interacted"))  # fmt: skip
        far = 1e9 if rng.random() < 0.05 else self.length + 7
        position = rng.choice((None, 0, 0.033, 5, self.length, far, -1, rng.uniform(0, 70)))
        if word == "seeked":
            target = rng.choice((None, 0, self.length, rng.uniform(0, 70)))
            self.tell(word, {Extension.TIME_FROM: position, Extension.TIME_TO: target})
        else:
            self.tell(word, {Extension.TIME: position} if word != "initialized" else None)
