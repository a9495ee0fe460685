"""What a learner does in one sitting: a walk through units, videos, problems and the forum.

A session is an iterator of steps. A step is the pause in seconds since the step before, the
function of `statements` that tells it, and that function's arguments after the scene. The walk
is what makes the load realistic: videos are played before they are completed, a problem is
submitted before it is graded, a subsection's grade follows from its problems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tutoraspects.events import statements, words
from tutoraspects.events.courses import Block, Course, Sequence
from tutoraspects.events.learners import Enrolment

Step = tuple[float, Callable[..., Any], tuple[Any, ...]]

_SPEEDS = ("0.75x", "1.0x", "1.25x", "1.50x", "2.0x")
_PASSING_GRADE = 0.5


class Session:
    """One sitting of one learner in one course. `started` is in microseconds since 1970."""

    def __init__(
        self, rng: Random, home_page: str, course: Course, enrolment: Enrolment, started: int
    ) -> None:
        self.rng = rng
        self.home_page = home_page
        self.course = course
        self.enrolment = enrolment
        self.clock = float(started)

    def steps(self) -> Iterator[Step]:
        """Endless while the learner stays enrolled; the caller decides when the sitting ends."""
        for step in self._walk():
            self.clock += step[0] * 1_000_000
            yield step

    def _walk(self) -> Iterator[Step]:
        rng, enrolment = self.rng, self.enrolment
        if not enrolment.known:
            enrolment.known = True
            yield 0.0, statements.enrolment, ("registered", enrolment.mode)
        draw = rng.random()
        if draw < 0.006 and enrolment.mode == "audit":
            enrolment.mode = "verified"
            yield self._pause(40), statements.enrolment, ("registered", enrolment.mode)
        elif draw > 0.993:
            enrolment.left = True
            yield self._pause(20), statements.enrolment, ("unregistered", enrolment.mode)
            return
        while True:
            sequence = self._sequence()
            yield self._arrival(sequence)
            if sequence.exam and sequence.problems:
                yield from self._exam(sequence)
            else:
                yield from self._study(sequence)
            if sequence.block.graded and sequence.problems:
                yield from self._grades(sequence)
            enrolment.position += 1
            if rng.random() < 0.12:
                yield from self._forum()

    def _pause(self, mean: float) -> float:
        """A human pause in seconds: never nothing, sometimes long."""
        return mean * (0.15 + 1.7 * self.rng.random() ** 2)

    def _sequence(self) -> Sequence:
        """The next subsection, or now and then an earlier one again."""
        sequences = self.course.sequences
        position = self.enrolment.position
        if self.rng.random() < 0.2:
            position = int(self.rng.random() * (position + 1))
        return sequences[position % len(sequences)]

    def _arrival(self, sequence: Sequence) -> Step:
        draw = self.rng.random()
        pause = self._pause(12)
        if draw < 0.5:
            return pause, statements.outline_selected, (self.home_page, sequence.block)
        if draw < 0.62:
            return pause, statements.link_clicked, (self.home_page, sequence.block)
        return pause, statements.sequence_moved, (sequence, len(sequence.units), "next unit")

    def _study(self, sequence: Sequence) -> Iterator[Step]:
        rng = self.rng
        for number, unit in enumerate(sequence.units, start=1):
            for block in unit:
                if block.kind == "video":
                    yield from self._watch(block)
                elif block.kind == "problem":
                    yield from self._solve(block)
                elif block.kind == "discussion" and rng.random() < 0.5:
                    yield from self._forum()
                else:
                    yield self._pause(35), statements.progressed, (block,)
            if number < len(sequence.units):
                draw = rng.random()
                end: int | str = "next unit" if draw < 0.7 else 1 + int(rng.random() * number)
                if draw > 0.94:
                    end = "previous unit"
                yield self._pause(8), statements.sequence_moved, (sequence, number, end)

    def _watch(self, block: Block) -> Iterator[Step]:
        rng = self.rng
        length, position = block.length, 0.0
        yield self._pause(3), statements.video_loaded, (block,)
        if rng.random() < 0.12:
            return
        if rng.random() < 0.1:
            speeds = words.pick(rng, _SPEEDS), words.pick(rng, _SPEEDS)
            yield self._pause(3), statements.video_speed, (block, *speeds)
        wait = self._pause(4)
        while True:
            if rng.random() < 0.06:
                shown = rng.random() < 0.6
                yield wait, statements.video_captions, (block, position, shown)
                wait = self._pause(2)
            yield wait, statements.video, ("played", block, position)
            watched = min(length - position, 5 + rng.random() * max(40.0, length * 0.8))
            position = round(position + watched, 3)
            if position >= length - 0.5:
                yield watched, statements.video, ("completed", block, length)
                yield 0.02, statements.progressed, (block,)
                yield 0.3, statements.video, ("terminated", block, length)
                return
            draw = rng.random()
            if draw < 0.3:
                after = round(rng.random() * length, 3)
                yield watched, statements.video_seeked, (block, position, after)
                position, wait = after, 0.4
                continue
            yield watched, statements.video, ("paused", block, position)
            if draw > 0.82:
                yield self._pause(5), statements.video, ("terminated", block, position)
                return
            wait = self._pause(25)

    def _solve(self, block: Block) -> Iterator[Step]:
        rng, enrolment = self.rng, self.enrolment
        if rng.random() < 0.08:
            yield self._pause(30), statements.asked_hint, (block, int(rng.random() * 3))
        for _ in range(1 + int(rng.random() * 2.4)):
            attempt = enrolment.attempts[block.key] = enrolment.attempts.get(block.key, 0) + 1
            chance = 0.35 + 0.5 * enrolment.pace + 0.1 * attempt
            responses = [self._answer(question, chance) for question in block.questions]
            earned = sum(right for _, right in responses)
            yield self._pause(45), statements.attempted, (block,)
            yield self._instant(), statements.submitted, (block, earned)
            yield self._instant(), statements.evaluated, (block, attempt, responses)
            if attempt == 1:
                yield self._instant(), statements.progressed, (block,)
            if earned == block.points:
                return
        if rng.random() < 0.3:
            yield self._pause(10), statements.asked_answer, (block,)

    def _instant(self) -> float:
        """The server's own delay between events of one request."""
        return 0.004 + 0.09 * self.rng.random()

    def _answer(self, question: Any, chance: float) -> tuple[str, bool]:
        rng = self.rng
        right = rng.random() < chance
        if question.response_type == "choiceresponse":
            chosen = [choice for choice in question.choices if rng.random() < 0.5]
            # Lists are sent as their JSON text, as the sender makes them.
            return "[" + ", ".join(f'"{choice}"' for choice in chosen) + "]", right
        if question.choices:
            return words.pick(rng, question.choices), right
        if question.response_type == "numericalresponse":
            return f"{rng.random() * 1000:.{int(rng.random() * 4)}f}", right
        return words.sentence(rng, 1 + int(rng.random() * 12)), right

    def _grades(self, sequence: Sequence) -> Iterator[Step]:
        rng, enrolment = self.rng, self.enrolment
        possible = float(sum(block.points for block in sequence.problems))
        earned = float(sum(rng.random() < 0.4 + enrolment.pace / 2 for _ in range(int(possible))))
        yield 1 + rng.random() * 3, statements.subsection_grade, (sequence.block, earned, possible)
        weight = 1.5 / (1 + sum(1 for one in self.course.sequences if one.block.graded))
        enrolment.grade = round(min(1.0, enrolment.grade + weight * earned / possible), 4)
        passed = enrolment.grade >= _PASSING_GRADE
        letter = "Pass" if passed else "Fail"
        yield self._instant(), statements.course_grade, (enrolment.grade, letter)
        # The LMS says so after every calculation, and once more the first time.
        yield self._instant(), statements.course_state, ("passed" if passed else "failed",)
        if passed and not enrolment.passed:
            enrolment.passed = True
            yield self._instant(), statements.course_state, ("passed",)

    def _exam(self, sequence: Sequence) -> Iterator[Step]:
        attempt = words.hexadecimal(self.rng, 32).upper()
        code = f"{attempt[:8]}-{attempt[8:12]}-{attempt[12:16]}-{attempt[16:20]}-{attempt[20:]}"
        number = 1 + int(self.rng.random() * 90_000)
        yield self._pause(15), statements.exam, (sequence, code, number, 0, False)
        began = int(self.clock)
        for block in sequence.problems:
            yield from self._solve(block)
        yield self._pause(60), statements.exam, (sequence, code, number, began, True)

    def _forum(self) -> Iterator[Step]:
        rng, home, threads = self.rng, self.home_page, self.course.threads
        thread = words.pick(rng, threads)
        yield self._pause(20), statements.forum_thread, ("viewed", home, thread)
        draw = rng.random()
        if draw < 0.2:
            thread = (words.hexadecimal(rng, 24), words.title(rng))
            threads[int(rng.random() * len(threads))] = thread
            mode = "discussion" if rng.random() < 0.6 else "question"
            yield self._pause(120), statements.forum_thread, ("posted", home, thread, mode)
        if draw < 0.4:
            verb, mode = _reaction(rng)
            yield self._pause(15), statements.forum_thread, (verb, home, thread, mode)
        if draw > 0.25:
            # A response or a comment: both are called comments where they are kept.
            reply = words.hexadecimal(rng, 24)
            yield self._pause(90), statements.forum_reply, ("posted", home, thread[0], reply)
            if draw > 0.55:
                verb, mode = _reaction(rng)
                args = (verb, home, thread[0], reply, mode)
                yield self._pause(30), statements.forum_reply, args


def _reaction(rng: Random) -> tuple[str, str]:
    """What is done to a post once it is there: a verb, and the direction of a vote."""
    draw = rng.random()
    if draw < 0.5:
        return "voted", "up" if draw < 0.4 else "down"
    if draw < 0.7:
        return "edited", ""
    return words.pick(rng, ("deleted", "reported", "unreported")), ""
