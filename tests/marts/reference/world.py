"""What is known: distinct statements as typed values, the newest sink rows, who is retired."""

from __future__ import annotations

import hashlib
import json
import math
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from tests.marts.reference.mart import Row
from tests.scenarios import extraction

Statement = dict[str, Any]
Key = tuple[Any, ...]
T = TypeVar("T")

NOBODY = "00000000-0000-0000-0000-000000000000"
COURSE = "http://adlnet.gov/expapi/activities/course"
_ADL = "http://adlnet.gov/expapi/verbs/"
_TINCAN = "http://id.tincanapi.com/verb/"
_DOD = "https://w3id.org/xapi/dod-isd/verbs/"
_ACROSSX = "https://w3id.org/xapi/acrossx/verbs/"
_VIDEO = "https://w3id.org/xapi/video/verbs/"
_OPENEDX = "https://w3id.org/xapi/openedx/verb/"
VERBS = {
    **{_ADL + word: word for word in (
        "registered", "passed", "failed", "attempted", "asked", "completed", "initialized",
        "terminated", "interacted", "progressed",
    )},
    **{_TINCAN + word: word for word in ("unregistered", "earned")},
    **{_DOD + word: word for word in ("navigated", "deleted")},
    **{_ACROSSX + word: word for word in ("evaluated", "posted", "edited", "reported")},
    **{_VIDEO + word: word for word in ("played", "paused", "seeked")},
    **{_OPENEDX + word: word for word in ("unreported", "voted")},
}  # fmt: skip


class Block(NamedTuple):
    """The newest row of a block."""

    location: str
    course_key: str
    org: str
    name: str
    kind: str
    section: int
    subsection: int
    unit: int
    graded: bool
    order: int
    dump_id: str
    time_last_dumped: str
    current: bool  # in the newest publish of its course

    @property
    def place(self) -> str:
        return f"{self.section}:{self.subsection}:{self.unit}"

    @property
    def title(self) -> str:
        return f"{self.place} - {self.name}"

    @property
    def number(self) -> str:
        """The place with numbers of two digits, so that texts sort as numbers do."""
        return f"{self.section:02}:{self.subsection:02}:{self.unit:02}"


def order(event: Row) -> tuple[datetime, int, int]:
    """By time, then by identifier as ClickHouse compares them: second half first."""
    number = uuid.UUID(event["event_id"]).int
    return event["emission_time"], number & (2**64 - 1), number >> 64


def second(moment: datetime) -> datetime:
    """A moment as the marts show it: UTC without a zone, in whole seconds."""
    return moment.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None)


def group(events: Iterable[T], key: Callable[[T], Key]) -> dict[Key, list[T]]:
    found: dict[Key, list[T]] = defaultdict(list)
    for event in events:
        found[key(event)].append(event)
    return found


def bucket(share: float) -> str:
    if share >= 0.9:
        return "90-100%"
    low = max(0, math.floor(share * 10))
    return f"{low * 10}-{low * 10 + 9}%" if low else "0-9%"


def run_of(course_key: str) -> str:
    return course_key.replace("/", "+").rpartition("+")[2]


def kind_of(location: str) -> str:
    if location.startswith("i4x://"):
        return location.split("/")[4]
    return location.rpartition("+type@")[2].partition("+block@")[0]


class World:
    """Built from statements (copies do no harm) and (table, row) pairs in any order.

    `ever` are the rows of user_profile and external_id that were there at some time, `rows` what
    is there now; `now` is the moment of the query.
    """

    def __init__(
        self,
        statements: Iterable[Statement],
        rows: Iterable[tuple[str, Row]],
        retired: Iterable[int] = (),
        *,
        pii: bool = False,
        now: datetime | None = None,
    ) -> None:
        distinct = {statement["id"]: statement for statement in statements}
        self.events = sorted((parsed(one) for one in distinct.values()), key=order)
        self.pii_enabled = pii
        self.now = now or datetime.now(timezone.utc)
        self.gone = set(retired)
        self.ever: dict[str, list[Row]] = defaultdict(list)
        for table, row in rows:
            self.ever[table].append(row)

    # Sinks --------------------------------------------------------------------------------------

    def newest(self, table: str, *key: str) -> list[Row]:
        """The newest row of each key; nothing of retired users."""
        found: dict[Key, Row] = {}
        for row in self.ever[table]:
            name = tuple(row[column] for column in key)
            if name not in found or version(row) > version(found[name]):
                found[name] = row
        return [row for row in found.values() if row.get("user_id") not in self.gone]

    @cached_property
    def overviews(self) -> dict[str, Row]:
        return {row["course_key"]: row for row in self.newest("course_overviews", "course_key")}

    @cached_property
    def blocks(self) -> dict[Key, Block]:
        """(course_key, location) to the newest row of every block that there ever was."""
        rows = self.newest("course_blocks", "course_key", "location")
        publishes: dict[str, datetime] = {}
        for row in rows:
            key = row["course_key"]
            publishes[key] = max(version(row), publishes.get(key, version(row)))
        return {
            (row["course_key"], row["location"]): _block(row, publishes[row["course_key"]])
            for row in rows
        }

    @cached_property
    def current(self) -> dict[Key, Block]:
        """The same, of the blocks in the newest publish of their course."""
        return {key: block for key, block in self.blocks.items() if block.current}

    def named(self, course_key: str, block_id: str) -> Block | None:
        """The block that gives an event its names: a removed one keeps those that it had last."""
        return self.blocks.get((course_key, block_id))

    @cached_property
    def chapters(self) -> dict[Key, Block]:
        return {
            (block.course_key, block.section): block
            for block in self.current.values()
            if block.kind == "chapter"
        }

    @cached_property
    def sequentials(self) -> dict[Key, Block]:
        return {
            (block.course_key, block.section, block.subsection): block
            for block in self.current.values()
            if block.kind == "sequential"
        }

    def section_of(self, block: Block | None) -> Block | None:
        return self.chapters.get((block.course_key, block.section)) if block else None

    def subsection_of(self, block: Block | None) -> Block | None:
        if block is None or not block.subsection:
            return None
        return self.sequentials.get((block.course_key, block.section, block.subsection))

    def course(self, course_key: str) -> Row:
        """The columns that tell a course's name."""
        name = self.overviews.get(course_key, {}).get("display_name")
        return {"course_name": name or course_key, "course_run": run_of(course_key)}

    # Learners -----------------------------------------------------------------------------------

    @cached_property
    def retired(self) -> set[str]:
        """Every way in which a statement may name a retired learner."""
        return {
            way
            for table in ("user_profile", "external_id")
            for row in self.ever[table]
            if row["user_id"] in self.gone
            for way in ways(row)
        }

    @cached_property
    def people(self) -> list[Row]:
        """The rows of user_pii."""
        if not self.pii_enabled:
            return []
        profiles = {row["user_id"]: row for row in self.newest("user_profile", "id")}
        ids = self.newest("external_id", "external_user_id")
        without = {"username": "", "name": "", "email": ""}
        found = [
            {
                "user_id": row["user_id"],
                "external_user_id": row["external_user_id"],
                **_person({**without, "username": row["username"]}),
                **_person(profiles.get(row["user_id"], {**without, "username": row["username"]})),
            }
            for row in ids
        ]
        known = {row["user_id"] for row in ids}
        return found + [
            {"user_id": user, "external_user_id": NOBODY, **_person(row)}
            for user, row in profiles.items()
            if user not in known
        ]

    @cached_property
    def pii(self) -> dict[str, Row]:
        """Who a statement's actor_id is."""
        return {way: row for row in self.people for way in ways(row)}

    def person(self, actor_id: str) -> Row:
        known = self.pii.get(actor_id)
        return _person(known) if known else {"username": "", "name": "", "email": ""}

    # Statements ---------------------------------------------------------------------------------

    @cached_property
    def learning(self) -> list[Row]:
        """Statements of a learner in a course, nothing of retired learners, in order."""
        return [
            event
            for event in self.events
            if event["actor_id"] and event["course_key"] and event["actor_id"] not in self.retired
        ]

    def told(self, *verbs: str) -> Iterator[Row]:
        return (event for event in self.learning if event["verb"] in verbs)


def parsed(statement: Statement) -> Row:
    event = extraction.columns(statement)
    return event | {"verb": VERBS.get(event["verb_id"], "")}


def version(row: Row) -> datetime:
    return datetime.fromisoformat(row["time_last_dumped"])


def ways(row: Row) -> Iterator[str]:
    """How statements may name the learner of a row of user_profile, external_id or user_pii."""
    if row.get("external_user_id", NOBODY) != NOBODY:
        yield row["external_user_id"]
    if row.get("username"):
        yield row["username"]
    if row.get("email"):
        mailbox = f"mailto:{row['email']}"
        yield mailbox
        yield hashlib.sha1(row["email"].encode()).hexdigest()
        yield hashlib.sha1(mailbox.encode()).hexdigest()


def _person(row: Row) -> Row:
    return {column: row[column] for column in ("username", "name", "email")}


def _block(row: Row, newest: datetime) -> Block:
    data = json.loads(row["xblock_data_json"])
    return Block(
        location=row["location"],
        course_key=row["course_key"],
        org=row["org"],
        name=row["display_name"],
        kind=kind_of(row["location"]),
        section=data["section"],
        subsection=data["subsection"],
        unit=data["unit"],
        graded=bool(data["graded"]),
        order=row["order"],
        dump_id=row["dump_id"],
        time_last_dumped=row["time_last_dumped"],
        current=version(row) == newest,
    )
