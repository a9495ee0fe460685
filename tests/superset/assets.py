"""A small dashboard for these tests: a physical and a virtual dataset, a chart of each."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any

import yaml

from tests.superset.client import Client, multipart

NAMESPACE = uuid.UUID("6a2f8c4e-5f0a-4d36-9d0e-0b6d8ad0c0de")
CLICKHOUSE = "21174b6c-4d40-4958-8161-d6c3cf5e77b6"
DASHBOARD = "c0e64194-33d1-4d5a-8c10-4f51530c5ee9"  # the course dashboard's
SLUG = "course-dashboard"
DATASETS = {
    "fact_enrollments": None,
    "enrollments_virtual": "SELECT org, course_key, actor_id FROM reporting.fact_enrollments",
    # What somebody may write who has not heard of row filters: no course column in the result.
    "enrollments_blind": "SELECT org, count() AS n FROM reporting.fact_enrollments GROUP BY org",
}


def ident(name: str) -> str:
    return str(uuid.uuid5(NAMESPACE, name))


def chart_name(dataset: str) -> str:
    return f"Rows of {dataset}"


def bundle() -> bytes:
    """A zip as POST /api/v1/assets/import/ takes it."""
    files: dict[str, Any] = {
        "metadata.yaml": {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00"},
        "databases/clickhouse.yaml": {
            "database_name": "OpenedX Clickhouse",
            "sqlalchemy_uri": "clickhousedb+connect://ch_report:XXXXXXXXXX@clickhouse:8123/x",
            "uuid": CLICKHOUSE,
            "version": "1.0.0",
            "extra": {},
        },
    }
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": ["ROW-1"], "parents": ["ROOT_ID"]},
        "ROW-1": {
            "type": "ROW", "id": "ROW-1", "children": [], "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        },
    }  # fmt: skip
    for number, (name, sql) in enumerate(DATASETS.items()):
        columns = ["org", "n"] if name.endswith("blind") else ["org", "course_key", "actor_id"]
        files[f"datasets/{name}.yaml"] = {
            "table_name": name,
            "schema": "reporting",
            "sql": sql,
            "uuid": ident(name),
            "database_uuid": CLICKHOUSE,
            "version": "1.0.0",
            "source_db_engine": "clickhousedb",
            "columns": [{"column_name": column, "type": "STRING"} for column in columns],
            "metrics": [{"metric_name": "rows", "expression": "count()"}],
        }
        files[f"charts/{name}.yaml"] = {
            "slice_name": chart_name(name),
            "viz_type": "table",
            "uuid": ident(f"chart {name}"),
            "dataset_uuid": ident(name),
            "version": "1.0.0",
            "params": {
                "query_mode": "aggregate",
                "groupby": columns[:1] if name.endswith("blind") else ["course_key"],
                "metrics": ["rows"],
            },
        }
        position["ROW-1"]["children"].append(f"CHART-{number}")
        position[f"CHART-{number}"] = {
            "type": "CHART", "id": f"CHART-{number}", "children": [],
            "parents": ["ROOT_ID", "GRID_ID", "ROW-1"],
            "meta": {
                "chartId": 1000 + number, "uuid": ident(f"chart {name}"), "width": 4, "height": 50,
                "sliceName": chart_name(name),
            },
        }  # fmt: skip
    files["dashboards/course.yaml"] = {
        "dashboard_title": "Course Dashboard",
        "slug": SLUG,
        "uuid": DASHBOARD,
        "published": True,
        "position": position,
        "metadata": {},
        "version": "1.0.0",
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, content in files.items():
            archive.writestr(f"bundle/{path}", yaml.safe_dump(content))
    return made.getvalue()


def install(admin: Client, database_password: str, roles: list[str]) -> dict[str, dict[str, int]]:
    """Import, give the dashboard its roles; ids of dataset, chart and dashboard by dataset."""
    data, kind = multipart(
        {"passwords": json.dumps({"databases/clickhouse.yaml": database_password})},
        "bundle",
        bundle(),
    )
    answer = admin.post("/api/v1/assets/import/", data, **{"Content-Type": kind})
    assert answer.status == 200, answer.text
    found = admin.get(f"/api/v1/dashboard/{SLUG}").json["result"]
    known = {
        role["name"]: role["id"]
        for role in admin.get("/api/v1/security/roles/?q=(page_size:100)").json["result"]
    }
    changed = admin.request(
        "PUT",
        f"/api/v1/dashboard/{found['id']}",
        {"roles": [known[name] for name in roles]},
    )
    assert changed.status == 200, changed.text
    charts = {
        entry["slice_name"]: entry
        for entry in admin.get("/api/v1/chart/?q=(page_size:100)").json["result"]
    }
    return {
        name: {
            "dataset": charts[chart_name(name)]["datasource_id"],
            "chart": charts[chart_name(name)]["id"],
            "dashboard": found["id"],
        }
        for name in DATASETS
    }


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
