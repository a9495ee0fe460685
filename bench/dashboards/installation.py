"""An installation to look at: marts with events, and Superset with the dashboards."""

from __future__ import annotations

import csv
import io
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import cached_property
from types import TracebackType
from typing import Any, TypeVar

from bench.marts import events
from tests.lab import asynchronous_metrics
from tests.lab.lab import Lab
from tests.lab.superset import Superset
from tests.superset.client import Client, through_lms, with_password
from tutoraspects.events.sinks import FIELDS, dumps
from tutoraspects.events.stream import Generator

# Learners are known by name, and events stay for as long as the generator goes back.
SETTINGS: dict[str, Any] = {"ASPECTS_ENABLE_PII": True, "ASPECTS_RETENTION_DAYS": 730}
DAYS = 120.0
T = TypeVar("T")


class Installation:
    """Two shards with `generator`'s events and Superset with our dashboards. Starts on entry.

    `seconds` tells how long each step took. People of the LMS' double: `anna` teaches the largest
    course, `both` (whose language is French) the two largest, `dean` is global staff.
    """

    def __init__(self, generator: Generator, *, locales: tuple[str, ...] = ("en",)) -> None:
        self.generator = generator
        self.locales = locales
        self.lab = Lab(
            2, schema=True, settings={**SETTINGS, "SUPERSET_DASHBOARD_LOCALES": list(locales)}
        )
        self.seconds: dict[str, float] = {}
        self.superset: Superset

    def __enter__(self) -> Installation:
        self.timed("two shards with the schema", self.lab.start)
        try:
            self.superset = Superset(self.lab, worker=True)
            self._fill()
            self.timed("Superset with an empty database", self.superset.start)
            self.superset.tell_lms(
                teaches={"anna": self.courses[:1], "both": self.courses[:2], "none": []}
            )
            self.timed("import of the dashboards", self.import_dashboards)
            self.timed("roles, row filters, embedding", self.superset.provision)
        except BaseException:
            self._close(failed=True)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close(failed=error is not None)

    def _close(self, failed: bool) -> None:
        self.lab.failed = self.lab.failed or failed
        if hasattr(self, "superset"):
            self.superset.close()
        self.lab.close()

    # -- what somebody does ------------------------------------------------------------------------

    def dashboards(self, *arguments: str, check: bool = True, **environment: str) -> str:
        """`aspects dashboards ...`, in the environment of the init task."""
        done = self.lab.aspects(
            "dashboards", *arguments, check=check, **{**self.environment, **environment}
        )
        return done.stdout + done.stderr

    def import_dashboards(self) -> str:
        return self.dashboards("import")

    @cached_property
    def environment(self) -> dict[str, str]:
        """What the init task adds to the environment of every job."""
        return {
            "ASPECTS_SUPERSET_URL": self.superset.url,
            "ASPECTS_SUPERSET_PASSWORD": self.superset.secrets["SUPERSET_ADMIN_PASSWORD"],
        }

    @cached_property
    def admin(self) -> Client:
        return with_password(
            self.superset.url,
            self.superset.settings["admin"]["username"],
            self.superset.secrets["SUPERSET_ADMIN_PASSWORD"],
        )

    def login(self, name: str) -> Client:
        """Somebody of the LMS, logged in."""
        client, page = through_lms(self.superset.url, name)
        assert client.get("/api/v1/me/").status == 200, page.url
        return client

    # -- events ------------------------------------------------------------------------------------

    @cached_property
    def courses(self) -> list[str]:
        """Keys of the courses, those with the most events first."""
        rows = self.lab.client().execute(
            "SELECT course_key FROM xapi.xapi_events_all_parsed WHERE course_key != '' "
            "GROUP BY course_key ORDER BY count() DESC"
        )
        return [row[0] for row in rows]

    def _fill(self) -> None:
        self.timed("courses and learners", lambda: publish(self.lab, self.generator))
        self.timed("marts", lambda: self.lab.aspects("dbt", "run"))
        self.timed(f"{self.generator.count:,} events", self._store)
        self.timed("outline of the courses", lambda: refresh(self.lab))
        asynchronous_metrics.provide(self.lab)
        self.lab.on_nodes("SYSTEM FLUSH LOGS")  # before that there is no system.query_log

    def _store(self) -> None:
        for body in events.bodies(self.generator, self.generator.count):
            events.insert(self.lab, events.RAW, body)

    def timed(self, step: str, work: Callable[[], T]) -> T:
        """Do it, and note and say how long it took."""
        start = time.monotonic()
        done = work()
        self.seconds[step] = time.monotonic() - start
        events.say(f"{step}: {self.seconds[step]:.0f} s")
        return done


def generator(count: int, courses: int, learners: int, seed: int = 11) -> Generator:
    """Statements of the last months, up to now."""
    start = datetime.now(timezone.utc) - timedelta(days=DAYS)
    return Generator(
        seed=seed, count=count, courses=courses, learners=learners, start=start, days=DAYS
    )


def publish(lab: Lab, generator: Generator) -> None:
    """Courses, their blocks and who the learners are, on every node, as the LMS sends them."""
    tables = ("course_overviews", "course_blocks", "user_profile", "external_id")
    texts: Mapping[str, io.StringIO] = {table: io.StringIO() for table in tables}
    counted: Counter[str] = Counter()
    for table, rows in dumps(generator):
        if table in texts:
            counted[table] += len(rows)
            writer = csv.writer(texts[table], quoting=csv.QUOTE_NONNUMERIC)
            writer.writerows([row[name] for name in FIELDS[table]] for row in rows)
    for node in range(len(lab.nodes)):
        for table, text in texts.items():
            answer = lab.http(
                f"INSERT INTO event_sink.{table} FORMAT CSV", text.getvalue(), node=node
            )
            assert answer.status == 200, answer


def refresh(lab: Lab) -> None:
    """Dictionaries and views that are computed every few minutes, now."""
    for node in range(len(lab.nodes)):
        client = lab.client(node)
        for database, view in client.execute("SELECT database, view FROM system.view_refreshes"):
            client.execute(f"SYSTEM REFRESH VIEW {database}.{view}")
            client.execute(f"SYSTEM WAIT VIEW {database}.{view}")
        client.execute("SYSTEM RELOAD DICTIONARIES")
