"""Superset's database of an installation of tutor-contrib-aspects 6.1 is taken over in place."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.dashboards import charts
from tests.lab.lab import Lab
from tests.lab.processes import LabError
from tests.lab.superset import Superset
from tests.superset.client import Client, multipart, with_password
from tutoraspects.dashboards import identity
from tutoraspects.dashboards.check import load

pytestmark = pytest.mark.slow

UPSTREAM = yaml.safe_load((Path(__file__).parents[1] / "dashboards/upstream.yaml").read_text())
# Upstream has it on no dashboard; we do not have it at all.
UNUSED = "bb13bb31-c797-4ed3-a7f9-7825cc6dc482"
LOCALES = ("en", "es")
ENVIRONMENT = {"ASPECTS_ENABLE_PII": "1", "SUPERSET_DASHBOARD_LOCALES": ",".join(LOCALES)}


@pytest.fixture(scope="module")
def superset() -> Iterator[Superset]:
    with Lab(shards=1, settings={"SUPERSET_DASHBOARD_LOCALES": list(LOCALES)}) as lab:
        started = Superset(lab)
        try:
            yield started.start()
        finally:
            started.close()


def upstreams_bundle() -> bytes:
    """Upstream's objects by their ids, names and slugs, with contents of our own making."""
    catalogue = load()
    files: dict[str, Any] = {
        "metadata.yaml": {"version": "1.0.0", "type": "assets", "timestamp": "2025-01-01T00:00:00"}
    }
    for name, ident in identity.DATABASES.values():
        files[f"databases/{name.replace(' ', '_')}.yaml"] = {
            "database_name": name,
            "sqlalchemy_uri": "clickhousedb+connect://ch_report:XXXXXXXXXX@old-host:8443/xapi",
            "uuid": ident,
            "version": "1.0.0",
            "extra": {},
        }
    for locale in ("", *LOCALES):
        _edition(files, locale, catalogue)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, content in files.items():
            archive.writestr(f"bundle/{path}", yaml.safe_dump(content))
    return made.getvalue()


def database_of(dataset: str, catalogue: Any) -> str:
    """Upstream reads everything of ClickHouse through one connection."""
    ours = catalogue.datasets.get(dataset)
    return "superset" if ours and ours.database == "superset" else "clickhouse"


def _edition(files: dict[str, Any], locale: str, catalogue: Any) -> None:
    def ident(base: str) -> str:
        return identity.localized(base, locale) if locale else base

    for base, name in UPSTREAM["datasets"].items():
        files[f"datasets/{name}_{locale}.yaml"] = {
            "table_name": f"{name}_{locale}" if locale else name,
            "schema": "xapi",
            "sql": "SELECT 1 AS course_key",
            "uuid": ident(base),
            "database_uuid": identity.DATABASES[database_of(name, catalogue)][1],
            "version": "1.0.0",
            "source_db_engine": "clickhousedb",
            "columns": [{"column_name": "course_key", "type": "STRING"}],
            "metrics": [{"metric_name": "count", "expression": "COUNT(*)"}],
        }
    dataset = next(base for base, name in UPSTREAM["datasets"].items() if "slowest" in name)
    for base, name in UPSTREAM["charts"].items():
        files[f"charts/{base}_{locale}.yaml"] = {
            "slice_name": name,
            "viz_type": "table",
            "uuid": ident(base),
            "dataset_uuid": ident(dataset),
            "version": "1.0.0",
            "params": {"query_mode": "aggregate", "groupby": ["course_key"], "metrics": ["count"]},
        }
    for slug, dashboard in catalogue.dashboards.items():
        mine = {catalogue.chart_uuid(owner, one) for owner, one in catalogue.shown(dashboard)}
        shown = [ident(base) for base in sorted(mine & set(UPSTREAM["charts"]))]
        files[f"dashboards/{slug}_{locale}.yaml"] = {
            "dashboard_title": f"Upstream's {slug}",
            "slug": f"{slug}-{locale}" if locale else slug,
            "uuid": ident(catalogue.dashboard_uuid(slug)),
            "published": True,
            "position": _position(shown),
            "metadata": {"native_filter_configuration": []},
            "version": "1.0.0",
        }


def _position(shown: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
    }
    for number, one in enumerate(shown):
        row, chart = f"ROW-{number}", f"CHART-{number}"
        found["GRID_ID"]["children"].append(row)
        meta: dict[str, Any] = {"background": "BACKGROUND_TRANSPARENT"}
        found[row] = {"type": "ROW", "id": row, "children": [chart], "meta": meta}
        meta = {"chartId": 5000 + number, "uuid": one, "width": 4, "height": 50}
        found[chart] = {"type": "CHART", "id": chart, "children": [], "meta": meta}
    return found


def numbers(admin: Client, kind: str) -> dict[str, int]:
    """Ids by uuid. Fails when one uuid is there twice."""
    rows = charts.rows_of(admin, kind)
    assert [name for name, count in Counter(row["uuid"] for row in rows).items() if count > 1] == []
    return {row["uuid"]: row["id"] for row in rows}


def test_upstreams_database_is_taken_over(superset: Superset) -> None:
    admin = with_password(
        superset.url,
        superset.settings["admin"]["username"],
        superset.secrets["SUPERSET_ADMIN_PASSWORD"],
    )
    passwords = json.dumps(
        {f"databases/{n.replace(' ', '_')}.yaml": "old" for n, _ in identity.DATABASES.values()}
    )
    data, kind = multipart({"passwords": passwords}, "bundle", upstreams_bundle())
    answer = admin.post("/api/v1/assets/import/", data, **{"Content-Type": kind})
    assert answer.status == 200, answer.text
    kinds = ("dashboard", "chart", "dataset")
    before = {kind: numbers(admin, kind) for kind in kinds}
    assert len(before["chart"]) == len(UPSTREAM["charts"]) * 3

    environment = {
        **ENVIRONMENT,
        "ASPECTS_SUPERSET_URL": superset.url,
        "ASPECTS_SUPERSET_PASSWORD": superset.secrets["SUPERSET_ADMIN_PASSWORD"],
    }
    assert "new address or password" in superset.provision()
    try:
        first = superset.lab.aspects("dashboards", "import", **environment).stdout
    except LabError as error:
        log = (superset.directory / "web.log").read_text(errors="replace")
        raise AssertionError(f"{error}\n{log[-6000:]}") from None
    after = {kind: numbers(admin, kind) for kind in kinds}
    for kind in kinds:
        kept = {ident: number for ident, number in after[kind].items() if ident in before[kind]}
        assert kept == before[kind], f"a {kind} has another number than before"
    # No dashboard more than there were, and none with a name of upstream's.
    assert set(after["dashboard"]) == set(before["dashboard"])
    slugs = Counter(row["slug"] for row in charts.rows_of(admin, "dashboard"))
    assert set(slugs.values()) == {1} and len(slugs) == 27
    titles = admin.get("/api/v1/dashboard/?q=(columns:!(dashboard_title),page_size:100)").json
    assert not [one for one in titles["result"] if "Upstream" in one["dashboard_title"]]
    databases = admin.get("/api/v1/database/?q=(columns:!(database_name))").json["result"]
    assert sorted(one["database_name"] for one in databases) == [
        "ClickHouse Servers",
        "OpenedX Clickhouse",
        "Superset Metadata",
    ]
    # Upstream read the servers' own tables through the connection of the teachers.
    assert "dataset slowest_clickhouse_queries: reads through another connection" in first
    # What we do not have is told, and left alone.
    assert f"left over: the chart 'Query performance' ({UNUSED})" in first
    assert uuid.UUID(UNUSED) and UNUSED in after["chart"]
    stored = charts.stored(admin)
    again = superset.lab.aspects("dashboards", "import", **environment).stdout
    assert "nothing to import" in again
    assert charts.stored(admin) == stored
    told = superset.lab.aspects("dashboards", "diff", **environment).stdout
    assert told.strip().endswith("no difference")
