"""Small dashboards for these tests: datasets of several kinds, a chart of each."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from dataclasses import dataclass
from typing import Any

import yaml

from tests.superset.client import Client, multipart
from tutoraspects.superset.provision import UUIDS

NAMESPACE = uuid.UUID("6a2f8c4e-5f0a-4d36-9d0e-0b6d8ad0c0de")
REPORTS, SERVERS = "OpenedX Clickhouse", "ClickHouse Servers"
DATABASES = {name: str(UUIDS[name]) for name in (REPORTS, SERVERS)}


@dataclass(frozen=True)
class Dataset:
    """What a chart of the same name counts the rows of, by the first of its columns."""

    name: str
    columns: tuple[str, ...]
    sql: str | None = None
    database: str = REPORTS
    schema: str = "reporting"


@dataclass(frozen=True)
class Dashboard:
    slug: str
    title: str
    uuid: str
    role: str
    datasets: tuple[Dataset, ...]


COURSE = Dashboard(
    "course-dashboard",
    "Course Dashboard",
    "c0e64194-33d1-4d5a-8c10-4f51530c5ee9",
    "Instructor",
    (
        Dataset("fact_enrollments", ("course_key", "org", "actor_id")),
        Dataset(
            "enrollments_virtual",
            ("course_key", "org", "actor_id"),
            "SELECT org, course_key, actor_id FROM reporting.fact_enrollments",
        ),
        # What somebody may write who has not heard of row filters: no course column in the result.
        Dataset(
            "enrollments_blind",
            ("org", "n"),
            "SELECT org, count() AS n FROM reporting.fact_enrollments GROUP BY org",
        ),
    ),
)
COURSE_EN = Dashboard(  # the copy in a language, with upstream's id for it
    "course-dashboard-en",
    "Course Dashboard",
    str(uuid.uuid5(uuid.uuid5(uuid.UUID(COURSE.uuid), "superset"), "en")),
    "Instructor - en",
    COURSE.datasets,
)
OPERATOR = Dashboard(
    "operator-dashboard",
    "Operator Dashboard",
    "02c0121c-40e9-4d8a-b86a-6b996a1cc6fe",
    "Operator",
    (
        Dataset(
            "server_state",
            ("name", "node"),
            "SELECT hostName() AS node, metric AS name "
            "FROM clusterAllReplicas('aspects', system.metrics) WHERE metric = 'Query'",
            SERVERS,
            "system",
        ),
    ),
)
DASHBOARDS = (COURSE, COURSE_EN, OPERATOR)
DASHBOARD, SLUG = COURSE.uuid, COURSE.slug


def ident(name: str) -> str:
    return str(uuid.uuid5(NAMESPACE, name))


def chart_name(dataset: str) -> str:
    return f"Rows of {dataset}"


def bundle() -> bytes:
    """A zip as POST /api/v1/assets/import/ takes it."""
    files: dict[str, Any] = {
        "metadata.yaml": {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00"},
    }
    for database, ident_ in DATABASES.items():
        files[f"databases/{database.replace(' ', '_')}.yaml"] = {
            "database_name": database,
            "sqlalchemy_uri": "clickhousedb+connect://ch_any:XXXXXXXXXX@clickhouse:8123/x",
            "uuid": ident_,
            "version": "1.0.0",
            "extra": {},
        }
    for dashboard in DASHBOARDS:
        files[f"dashboards/{dashboard.slug}.yaml"] = {
            "dashboard_title": dashboard.title,
            "slug": dashboard.slug,
            "uuid": dashboard.uuid,
            "published": True,
            "position": _position(dashboard),
            "metadata": {},
            "version": "1.0.0",
        }
        for dataset in dashboard.datasets:
            files[f"datasets/{dataset.name}.yaml"] = _dataset(dataset)
            files[f"charts/{dataset.name}.yaml"] = _chart(dataset)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, content in files.items():
            archive.writestr(f"bundle/{path}", yaml.safe_dump(content))
    return made.getvalue()


def _dataset(dataset: Dataset) -> dict[str, Any]:
    return {
        "table_name": dataset.name,
        "schema": dataset.schema,
        "sql": dataset.sql,
        "uuid": ident(dataset.name),
        "database_uuid": DATABASES[dataset.database],
        "version": "1.0.0",
        "source_db_engine": "clickhousedb",
        "columns": [{"column_name": column, "type": "STRING"} for column in dataset.columns],
        "metrics": [{"metric_name": "rows", "expression": "count()"}],
    }


def _chart(dataset: Dataset) -> dict[str, Any]:
    return {
        "slice_name": chart_name(dataset.name),
        "viz_type": "table",
        "uuid": ident(f"chart {dataset.name}"),
        "dataset_uuid": ident(dataset.name),
        "version": "1.0.0",
        "params": {
            "query_mode": "aggregate",
            "groupby": list(dataset.columns[:1]),
            "metrics": ["rows"],
        },
    }


def _position(dashboard: Dashboard) -> dict[str, Any]:
    row = {
        "type": "ROW", "id": "ROW-1", "children": [], "parents": ["ROOT_ID", "GRID_ID"],
        "meta": {"background": "BACKGROUND_TRANSPARENT"},
    }  # fmt: skip
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": ["ROW-1"], "parents": ["ROOT_ID"]},
        "ROW-1": row,
    }
    for number, dataset in enumerate(dashboard.datasets):
        position["ROW-1"]["children"].append(f"CHART-{number}")
        position[f"CHART-{number}"] = {
            "type": "CHART", "id": f"CHART-{number}", "children": [],
            "parents": ["ROOT_ID", "GRID_ID", "ROW-1"],
            "meta": {
                "chartId": 1000 + number, "uuid": ident(f"chart {dataset.name}"), "width": 4,
                "height": 50, "sliceName": chart_name(dataset.name),
            },
        }  # fmt: skip
    return position


def install(admin: Client, passwords: dict[str, str]) -> dict[str, dict[str, int]]:
    """Import, give the dashboards their roles; ids of dataset, chart and dashboard by dataset."""
    data, kind = multipart(
        {
            "passwords": json.dumps(
                {
                    f"databases/{name.replace(' ', '_')}.yaml": passwords[role]
                    for name, role in ((REPORTS, "report"), (SERVERS, "health"))
                }
            )
        },
        "bundle",
        bundle(),
    )
    answer = admin.post("/api/v1/assets/import/", data, **{"Content-Type": kind})
    assert answer.status == 200, answer.text
    known = {
        role["name"]: role["id"]
        for role in admin.get("/api/v1/security/roles/?q=(page_size:100)").json["result"]
    }
    charts = {
        entry["slice_name"]: entry
        for entry in admin.get("/api/v1/chart/?q=(page_size:100)").json["result"]
    }
    ids = {}
    for dashboard in DASHBOARDS:
        found = admin.get(f"/api/v1/dashboard/{dashboard.slug}").json["result"]
        body = {"roles": [known[dashboard.role]]}
        changed = admin.request("PUT", f"/api/v1/dashboard/{found['id']}", body)
        assert changed.status == 200, changed.text
        for dataset in dashboard.datasets:
            chart = charts[chart_name(dataset.name)]
            in_it = {
                "dataset": chart["datasource_id"],
                "chart": chart["id"],
                "dashboard": found["id"],
            }
            ids.setdefault(dataset.name, in_it)
    return ids


def query(ids: dict[str, int], columns: list[str], **more: Any) -> dict[str, Any]:
    """The body of POST /api/v1/chart/data as a dashboard sends it."""
    form = {
        "slice_id": ids["chart"],
        "dashboardId": ids["dashboard"],
        "datasource": f"{ids['dataset']}__table",
        "viz_type": "table",
        "query_mode": "aggregate",
        "groupby": columns,
        "metrics": ["rows"],
    }
    return {
        "datasource": {"id": ids["dataset"], "type": "table"},
        "force": False,
        "queries": [{"columns": columns, "metrics": ["rows"], "row_limit": 100, **more}],
        "form_data": form,
        "result_format": "json",
        "result_type": "full",
    }
