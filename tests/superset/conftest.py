"""A real Superset on a laboratory of two shards with the marts, for all tests of this folder."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest

from tests.lab.lab import Lab
from tests.lab.superset import Superset
from tests.superset import assets
from tests.superset.client import Answer, Client, through_lms, with_password
from tutoraspects.events.stream import Generator

ROWS = "SELECT course_key, count() FROM reporting.fact_enrollments GROUP BY 1 ORDER BY 1"


@dataclass
class World:
    """The running system. `rows` are the rows of fact_enrollments by course, as ClickHouse's
    administrator counts them; `ids` those of the test dashboard."""

    superset: Superset
    lab: Lab
    rows: dict[str, int]
    ids: dict[str, dict[str, int]] = field(default_factory=dict)
    admin: Client = field(default_factory=lambda: Client(""))

    @property
    def courses(self) -> list[str]:
        return list(self.rows)

    def database(self, name: str) -> int:
        """The number of a database in Superset."""
        found = self.admin.get("/api/v1/database/?q=(page_size:100)").json["result"]
        return next(int(one["id"]) for one in found if one["database_name"] == name)

    def login(self, name: str) -> Client:
        """Somebody of the LMS, logged in."""
        client, page = through_lms(self.superset.url, name)
        assert client.get("/api/v1/me/").status == 200, page.url
        return client


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with Lab(shards=2, schema=True) as lab:
        start = datetime.now(timezone.utc) - timedelta(days=3)
        events = list(Generator(seed=5, count=4000, courses=4, learners=200, start=start))
        from tests.scenarios import steps

        assert steps.through_vector(lab, events).status == 200
        lab.aspects("dbt", "run")
        rows = {key: count for key, count in lab.client(gateway=True).execute(ROWS) if key}
        assert len(rows) >= 3
        superset = Superset(lab)
        try:
            superset.start()
            made = World(superset, lab, rows)
            names = made.courses
            superset.tell_lms(
                teaches={"anna": names[:1], "bert": names[1:2], "both": names[:2], "none": []}
            )
            made.admin = with_password(
                superset.url,
                superset.settings["admin"]["username"],
                superset.secrets["SUPERSET_ADMIN_PASSWORD"],
            )
            made.ids = assets.install(made.admin, superset.rendering.passwords)
            superset.provision()
            yield made
        except subprocess.CalledProcessError as error:
            raise AssertionError(error.stderr) from error
        finally:
            superset.close()


def sql_lab(
    client: Client, sql: str, database: int = 1, schema: str | None = "reporting"
) -> Answer:
    return client.post(
        "/api/v1/sqllab/execute/",
        {
            "database_id": database,
            "sql": sql,
            "schema": schema,
            "runAsync": False,
            "client_id": uuid.uuid4().hex[:11],
            "queryLimit": 100,
        },
    )
