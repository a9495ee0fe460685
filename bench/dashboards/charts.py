"""Every chart's own query through Superset's API, uncached, as those ask who look at it."""

from __future__ import annotations

import itertools
import json
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.dashboards.installation import Installation
from bench.marts import events
from tests.lab.processes import LabError
from tests.superset.client import Answer, Client
from tutoraspects.access.courses import scope
from tutoraspects.dashboards.catalogue import Catalogue
from tutoraspects.dashboards.charts import Chart
from tutoraspects.dashboards.check import load
from tutoraspects.dashboards.compile import editions
from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.queries import payload
from tutoraspects.dashboards.target import Target

# Who looks at the dashboards of each role, among the people of the LMS' double.
PEOPLE = {"instructor": "anna", "operator": "dean"}
NO_DATA = "no data"


@dataclass(frozen=True)
class Case:
    """A chart on the first dashboard that shows it, and Superset's numbers for it."""

    dashboard: str
    chart: Chart
    uuid: str
    person: str
    body: dict[str, Any]
    database: str

    @property
    def name(self) -> str:
        return f"{self.dashboard}/{self.chart.chart}"


@dataclass
class Found:
    """What a chart gave: milliseconds of every sample, and of the database alone."""

    case: Case
    rows: int = 0
    ms: list[float] = field(default_factory=list)
    database_ms: list[float] = field(default_factory=list)
    error: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.ms) if self.ms else 0.0

    @property
    def database(self) -> float:
        return statistics.median(self.database_ms) if self.database_ms else 0.0


def cases(installation: Installation, locale: str = "en") -> Iterator[Case]:
    """Every chart of every dashboard, once."""
    catalogue = load()
    target = Target.from_environment(
        {**installation.lab.job_environment(), **installation.environment}
    )
    edition = next(one for one in editions(catalogue, target) if one.locale == locale)
    charts = {row["uuid"]: row for row in rows_of(installation.admin, "chart")}
    boards = {row["slug"]: row["id"] for row in rows_of(installation.admin, "dashboard")}
    seen: set[str] = set()
    for dashboard in edition.dashboards():
        for slug, chart in edition.catalogue.shown(dashboard):
            uuid = edition.chart_uuid(slug, chart)
            if uuid in seen or not edition.has(slug, chart):
                continue
            seen.add(uuid)
            row, board = charts[uuid], boards[edition.slug(dashboard.dashboard)]
            person = PEOPLE[dashboard.roles[0]]
            body = request(edition, chart, row, board)
            database = edition.catalogue.datasets[chart.dataset].database
            yield Case(dashboard.dashboard, chart, uuid, person, body, database)


def request(edition: Edition, chart: Chart, row: dict[str, Any], board: int) -> dict[str, Any]:
    """The body of POST /api/v1/chart/data, uncached; `row` is the chart in Superset's list."""
    catalogue: Catalogue = edition.catalogue
    form = {
        **json.loads(row["params"]),
        "slice_id": row["id"],
        "dashboardId": board,
        "datasource": f"{row['datasource_id']}__table",
    }
    return {
        **payload(catalogue, chart, row["datasource_id"]),
        "force": True,
        "form_data": form,
    }


def measure(installation: Installation, samples: int) -> list[Found]:
    """Ask for every chart `samples` times."""
    found = []
    sessions: dict[str, Client] = {}
    for case in cases(installation):
        if case.person not in sessions:
            sessions[case.person] = installation.login(case.person)
        one = Found(case)
        found.append(one)
        for _ in range(samples):
            _ask(installation, sessions[case.person], one)
            if one.error:
                events.say(f"{case.name}: {one.error}")
                break
        else:
            events.say(f"{case.name}: {one.median:.0f} ms, database {one.database:.0f} ms")
    return found


def _ask(installation: Installation, session: Client, one: Found) -> None:
    start = time.perf_counter()
    answer = session.post("/api/v1/chart/data", one.case.body)
    spent = (time.perf_counter() - start) * 1000
    one.error = error_of(answer)
    if one.error:
        return
    one.ms.append(spent)
    results = answer.json["result"]
    one.rows = sum(len(result["data"]) for result in results)
    values = (value for result in results for row in result["data"] for value in row.values())
    if all(value in (None, 0, "") for value in values):
        one.error = NO_DATA
        return
    if one.case.database == "clickhouse":
        one.database_ms.append(_directly(installation, one.case, results))


def _directly(installation: Installation, case: Case, results: list[dict[str, Any]]) -> float:
    """Milliseconds of the same statements sent to ClickHouse, as Superset sends them."""
    teaches = installation.courses[:1] if case.person == "anna" else None
    start = time.perf_counter()
    for result in results:
        said = installation.lab.http(
            result["query"].rstrip().rstrip(";"),
            user="report",
            wait_end_of_query="1",
            log_comment=scope(teaches),
        )
        if said.status != 200:
            raise LabError(f"{case.name}: {said[:400]}")
    return (time.perf_counter() - start) * 1000


def error_of(answer: Answer) -> str:
    """What went wrong, or ''."""
    if answer.status != 200:
        return f"HTTP {answer.status} {' '.join(answer.text.split())[:400]}"
    said = [result.get("error") for result in answer.json["result"] if result.get("error")]
    return str(said[0])[:400] if said else ""


# Superset computes slowly what else it lists, such as addresses of thumbnails.
_COLUMNS = {
    "chart": "id,uuid,params,datasource_id,changed_on_utc",
    "dashboard": "id,uuid,slug,changed_on_utc",
    "dataset": "id,uuid,changed_on_utc",
}


def rows_of(client: Client, kind: str) -> list[dict[str, Any]]:
    """Everything of a kind that Superset has: ids, and what `request` needs."""
    found: list[dict[str, Any]] = []
    for page in itertools.count():
        query = f"(columns:!({_COLUMNS[kind]}),page:{page},page_size:100)"
        rows = client.get(f"/api/v1/{kind}/?q={query}").json["result"]
        found += rows
        if len(rows) < 100:
            break
    return found


def stored(admin: Client) -> set[tuple[str, int, str, str]]:
    """Kind, id, uuid and time of change of everything."""
    return {
        (kind, row["id"], row["uuid"], row["changed_on_utc"])
        for kind in _COLUMNS
        for row in rows_of(admin, kind)
    }


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed, by nearest rank."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]
