"""Random streams of what one platform sends: statements, and rows of the event sinks.

A stream follows from its seed and from `now`, by which some learners were there lately. Each has
an org, learners and, but for those late visits, days of its own, so that many share a laboratory.
Time may stand still or go backwards, values may be missing, and who is told of need not be known.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

from tests.marts import people, places
from tests.marts.activity import Activities
from tests.marts.people import Person
from tests.marts.places import Course
from tests.marts.statements import EPOCH, Scribe, Statement

Row = dict[str, Any]
DAYS = 4
FIRST_DAY = datetime(2010, 1, 1, tzinfo=timezone.utc)
SEEDS = 1400  # as many have days of their own


@dataclass(frozen=True)
class Dump:
    """Rows that the LMS or CMS sends to one table in one request."""

    table: str
    rows: tuple[Row, ...]


@dataclass
class Stream:
    """Everything that one platform tells.

    `retired` are user ids, deleted after all dumps. `poison` are statements that are put aside when
    they arrive, because a value in them is not what xAPI has there.
    """

    seed: int
    org: str
    people: list[Person]
    courses: list[Course]
    statements: list[Statement] = field(default_factory=list)
    dumps: list[Dump] = field(default_factory=list)
    retired: list[int] = field(default_factory=list)
    poison: list[Statement] = field(default_factory=list)


def make(seed: int, now: datetime) -> Stream:
    """The stream of a seed. `now` is when its learners' latest visits are told from."""
    rng = Random(f"stream:{seed}")
    org = f"Stream{seed}"
    builder = places.Builder(rng, seed, org)
    stream = Stream(
        seed,
        org,
        people.make(rng, seed, rng.randint(2, 6)),
        [builder.course(number) for number in range(rng.randint(1, 3))],
    )
    start = FIRST_DAY + timedelta(days=DAYS * (seed % SEEDS))
    first = (start - EPOCH) // timedelta(microseconds=1)
    published = _publish(rng, stream, builder, start)
    stream.dumps += published
    stream.dumps += _profiles(rng, stream, start)
    stream.dumps += _tags(rng, stream, start)
    home = rng.choice(("http://localhost:18000", "https://learn.example.org"))
    scribe = Scribe(rng, seed, home)
    clock = Clock(rng, first, int(now.timestamp()) * 1_000_000)
    activities = Activities(rng, scribe, clock.tick, clock.recent)
    wanted = rng.choice((15, 60, 120, 240))
    while len(stream.statements) < wanted:
        stream.statements += activities.some(rng.choice(stream.people), rng.choice(stream.courses))
    stream.poison = [_poisoned(rng, scribe, one) for one in stream.statements[::9]]
    _retire(rng, stream)
    return stream


def _poisoned(rng: Random, scribe: Scribe, statement: Statement) -> Statement:
    """A copy under an identifier of its own, with something wrong in it."""
    wrong = rng.choice(
        (
            {"result": {"score": {"scaled": "most"}}},
            {"result": {"success": "perhaps"}},
            {"actor": {"objectType": "Agent"}},
            {"timestamp": "1999-12-31T23:59:59+00:00"},
        )
    )
    return {**statement, "id": scribe.identifier(), **wrong}


class Clock:
    """Moments in the stream's days, in microseconds: mostly later, at times equal or earlier."""

    def __init__(self, rng: Random, first: int, now: int) -> None:
        self.rng = rng
        self.first = first
        self.now = now
        self.last = first + rng.randrange(3_600_000_000)

    def tick(self) -> int:
        draw = self.rng.random()
        if draw < 0.12:
            return self.last  # the same microsecond
        if draw < 0.2:
            step = self.rng.choice((1, 10, 1000, 400_000))  # mostly within the same second
        elif draw < 0.3:
            step = -self.rng.randrange(7_200_000_000)
        else:
            step = self.rng.randrange(300_000_000)
        within = (DAYS * 86_400 - 60) * 1_000_000
        self.last = self.first + (self.last + step - self.first) % within
        return self.last

    def recent(self) -> int:
        """Days ago, but never so near to a week that the time of the test decides."""
        hours = self.rng.choice((self.rng.uniform(2, 160), self.rng.uniform(176, 600)))
        return self.now - int(hours * 3_600_000_000)


def _dump_id(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _moments(rng: Random, start: datetime, count: int) -> list[datetime]:
    """Rising times of dumps, now and then a microsecond apart."""
    found = [start - timedelta(days=1, microseconds=rng.randrange(10**9))]
    for _ in range(count - 1):
        step = rng.choice((timedelta(microseconds=1), timedelta(hours=rng.uniform(1, 40))))
        found.append(found[-1] + step)
    return found


def _publish(rng: Random, stream: Stream, builder: places.Builder, start: datetime) -> list[Dump]:
    dumps = []
    for number, course in enumerate(stream.courses):
        publishes = rng.choice((0, 1, 1, 2, 3))
        bare = rng.random() < 0.1  # the overview never came
        for at in _moments(rng, start, publishes) if publishes else ():
            dump = _dump_id(rng)
            tags = [stream.seed * 10 + n for n in range(3) if rng.random() < 0.4]
            if not bare:
                row = places.overview(course, at, dump, tags)
                dumps.append(Dump("course_overviews", (row,)))
            dumps.append(Dump("course_blocks", tuple(places.outline(course, at, dump))))
            builder.change(course)
        if number == 0 and publishes == 0 and rng.random() < 0.5:
            row = places.overview(course, start, _dump_id(rng), [])
            dumps.append(Dump("course_overviews", (row,)))
    return dumps


def _profiles(rng: Random, stream: Stream, start: datetime) -> list[Dump]:
    dumps = []
    for person in stream.people:
        draw = rng.random()
        if draw > 0.15:
            for number, at in enumerate(_moments(rng, start, rng.randint(1, 3))):
                name = person.name + "*" * number
                email = person.former if number == 0 and rng.random() < 0.3 else None
                row = person.profile(at, _dump_id(rng), name, email)
                dumps.append(Dump("user_profile", (row,)))
        if draw < 0.85:
            for at in _moments(rng, start, rng.randint(1, 2)):
                dumps.append(Dump("external_id", (person.external(at, _dump_id(rng)),)))
    return dumps


def _tags(rng: Random, stream: Stream, start: datetime) -> list[Dump]:
    dumps = []
    for at in _moments(rng, start, rng.randint(1, 2)):
        stamp = {"dump_id": _dump_id(rng), "time_last_dumped": str(at)}
        taxonomy = stream.seed * 10 + rng.randrange(2)
        dumps.append(
            Dump("taxonomy", ({"id": taxonomy, "name": f"Subjects {rng.random():.3f}", **stamp},))
        )
        for number in range(3):
            identifier = stream.seed * 10 + number
            tag = {
                "id": identifier, "taxonomy": taxonomy, "parent": 0,
                "value": f"Tag {number} {rng.random():.3f}", "external_id": "",
                "lineage": f'["Root", "Tag {number}"]', **stamp,
            }  # fmt: skip
            dumps.append(Dump("tag", (tag,)))
        thing = {
            "id": stream.seed * 10, "object_id": stream.courses[0].key, "taxonomy": taxonomy,
            "tag": stream.seed * 10, "_value": "Tag 0", "_export_id": "", "lineage": '["Tag 0"]',
            **stamp,
        }  # fmt: skip
        dumps.append(Dump("object_tag", (thing,)))
    return dumps


def _retire(rng: Random, stream: Stream) -> None:
    known = {
        row["user_id"]
        for dump in stream.dumps
        if dump.table in ("user_profile", "external_id")
        for row in dump.rows
    }
    stream.retired = [
        person.user_id
        for person in stream.people
        if person.user_id in known and rng.random() < 0.15
    ]
