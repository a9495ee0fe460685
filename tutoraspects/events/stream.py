"""The stream of statements: sessions of many learners, merged by time.

    generator = Generator(seed=1, count=20_000, courses=100, learners=2_000)
    for statement in generator:            # dictionaries
        ...
    for line in generator.lines():         # the same ones, serialized
        ...

The same arguments give the same bytes, on every machine and Python version, and iterating
again starts anew. A replay at another time therefore carries the same identifiers.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from random import Random
from typing import Any

from tutoraspects.errors import AspectsError
from tutoraspects.events import clock, words
from tutoraspects.events.courses import Course, build_course
from tutoraspects.events.learners import IDENTIFIERS, Enrolment, Learner, Zipf, build_learner
from tutoraspects.events.sessions import Session, Step
from tutoraspects.events.statements import Scene, Statement, format_time


def _dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


# Beside Tutor the `jobs` extra may be absent: the same bytes, at half the speed.
with contextlib.suppress(ImportError):
    from orjson import dumps as _dumps  # type: ignore[assignment]


#: Where a generator's window begins when nothing else is said: a Monday.
DEFAULT_START = datetime(2026, 3, 2, tzinfo=timezone.utc)

# Statements in a session: a few are very short, most are some dozens.
_SHORTEST_SESSION = 2
_MEAN_SESSION = 28


@dataclass(frozen=True)
class Generator:
    """An iterable of exactly `count` statements in order of time.

    Sessions begin within the window of `days` days from `start` (UTC) by a daily curve with
    its busiest hour at `peak_hour`; the last ones may end shortly after the window. `courses`
    and `learners` are the sizes of two Zipf-distributed populations. `identifier` is one of
    `learners.IDENTIFIERS`. `home_page` is the address of the LMS, without a slash at its end.

    Raises AspectsError for a number or a word that cannot be.
    """

    seed: int = 1
    count: int = 1000
    courses: int = 200
    learners: int = 20_000
    start: datetime = DEFAULT_START
    days: float = 1.0
    peak_hour: int = 19
    identifier: str = "external_id"
    home_page: str = "https://courses.campus.example.org"

    def __post_init__(self) -> None:
        for name in ("count", "courses", "learners", "days"):
            if getattr(self, name) <= 0:
                raise AspectsError(
                    f"The event generator needs {name} above 0, not {getattr(self, name)}: "
                    f"give a larger --{name}."
                )
        if self.identifier not in IDENTIFIERS:
            raise AspectsError(
                f"The event generator knows no actor identifier {self.identifier!r}: "
                f"use one of {', '.join(IDENTIFIERS)}."
            )
        if self.start.tzinfo is None:
            raise AspectsError("The event generator's start needs a time zone: append +00:00.")

    def __iter__(self) -> Iterator[Statement]:
        return _Run(self).statements()

    def lines(self) -> Iterator[bytes]:
        """The statements as compact JSON in UTF-8, without line ends."""
        for statement in self:
            yield _dumps(statement)

    def course(self, number: int) -> Course:
        """Course `number`, counted from 0 in order of popularity."""
        return build_course(self.seed, number, self.home_page)

    def learner(self, number: int) -> Learner:
        """Learner `number`, counted from 0 in order of activity, as the window begins."""
        return build_learner(self.seed, number, self.home_page, self.identifier, self._catalogue)

    def population(self) -> Iterator[Learner]:
        """All learners, as the window begins."""
        return (self.learner(number) for number in range(self.learners))

    @cached_property
    def _catalogue(self) -> Zipf:
        return Zipf(self.courses, exponent=1.0, shift=1.5)


class _Run:
    """One iteration over a generator, with what changes on the way."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self.activity = Zipf(generator.learners, exponent=0.7, shift=4.0)
        self.courses: dict[int, Course] = {}
        self.learners: dict[int, Learner] = {}

    def statements(self) -> Iterator[Statement]:
        left = self.generator.count
        for statement in self._merge():
            yield statement
            left -= 1
            if not left:
                return

    def _merge(self) -> Iterator[Statement]:
        """Statements of all sessions by time, from a heap of the sessions under way."""
        arrivals = self._arrivals()
        arrival = next(arrivals, None)
        active: list[tuple[int, int, _Sitting, Step]] = []
        while active or arrival is not None:
            if arrival is not None and (not active or arrival[0] <= active[0][0]):
                moment, number, length = arrival
                sitting = self._sitting(number, moment, length)
                step = sitting.next()
                if step is not None:
                    at = moment + int(step[0] * clock.MICROSECOND)
                    heapq.heappush(active, (at, number, sitting, step))
                arrival = next(arrivals, None)
                continue
            moment, number, sitting, step = active[0]
            yield from sitting.tell(moment, step)
            following = sitting.next()
            if following is None:
                heapq.heappop(active)
            else:
                at = moment + int(following[0] * clock.MICROSECOND)
                heapq.heapreplace(active, (at, number, sitting, following))

    def _arrivals(self) -> Iterator[tuple[int, int, int]]:
        """When each session begins, its number, and how many statements it may make."""
        generator = self.generator
        # The lengths are drawn twice from the same seed: once to know how many sessions it
        # takes, once to use them, so that millions need not be kept.
        wanted, sessions = generator.count, 0
        for length in _lengths(generator.seed):
            sessions += 1
            wanted -= length
            if wanted <= 0:
                break
        window = timedelta(days=generator.days)
        moments = clock.starts(
            Random(f"{generator.seed}:arrivals"),
            sessions,
            generator.start,
            window,
            generator.peak_hour,
        )
        # A few sessions end early, when a learner leaves the course: more follow the window.
        after = itertools.count(clock.to_microseconds(generator.start + window), clock.MICROSECOND)
        chained = itertools.chain(moments, after)
        numbered = enumerate(zip(chained, _lengths(generator.seed), strict=False))
        return ((moment, number, length) for number, (moment, length) in numbered)

    def _sitting(self, number: int, moment: int, length: int) -> _Sitting:
        generator = self.generator
        rng = Random(f"{generator.seed}:session:{number}")
        learner, enrolment = self._who(rng)
        course = self.courses.get(enrolment.course)
        if course is None:
            course = self.courses[enrolment.course] = generator.course(enrolment.course)
        session = Session(rng, generator.home_page, course, enrolment, moment)
        return _Sitting(learner, course, words.hexadecimal(rng, 32), length, session)

    def _who(self, rng: Random) -> tuple[Learner, Enrolment]:
        """An active learner who is still enrolled somewhere, and the course to sit down for."""
        while True:
            number = self.activity.draw(rng)
            learner = self.learners.get(number)
            if learner is None:
                learner = self.generator.learner(number)
                self.learners[number] = learner
            enrolments = [one for one in learner.enrolments if not one.left]
            if enrolments:
                # The first course of a learner takes more of the time than the others.
                return learner, enrolments[int(rng.random() ** 1.5 * len(enrolments))]
            # All left: enrol again where the learner was before.
            learner.enrolments[0].left = False
            learner.enrolments[0].known = False


def _lengths(seed: int) -> Iterator[int]:
    rng = Random(f"{seed}:lengths")
    while True:
        spread = rng.random() * rng.random() * 4  # mean 1, a few long ones
        yield _SHORTEST_SESSION + int(spread * (_MEAN_SESSION - _SHORTEST_SESSION))


class _Sitting:
    """A session under way: the steps left and the statements they become."""

    def __init__(
        self, learner: Learner, course: Course, session: str, length: int, walk: Session
    ) -> None:
        self.learner = learner
        self.course = course
        self.session = session
        self.left = length
        self.steps = walk.steps()

    def next(self) -> Step | None:
        if self.left <= 0:
            return None
        self.left -= 1
        return next(self.steps, None)

    def tell(self, moment: int, step: Step) -> Iterator[Statement]:
        # Identifiers are made from verb, actor and time: no two statements of a learner may
        # share a microsecond, or two different statements would share an identifier.
        moment = max(moment, self.learner.clock + 1)
        self.learner.clock = moment
        scene = Scene(self.learner, self.course, self.session, moment, format_time(moment))
        made = step[1](scene, *step[2])
        if isinstance(made, list):
            yield from made
        else:
            yield made
