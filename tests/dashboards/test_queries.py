"""Every chart asks a real ClickHouse what Superset would ask it, as the user for reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.dashboards.chart_sql import statements
from tests.lab import asynchronous_metrics
from tests.lab.lab import Lab
from tutoraspects.dashboards.catalogue import SHIPPED, Catalogue
from tutoraspects.dashboards.check import load
from tutoraspects.dashboards.compile import compile
from tutoraspects.dashboards.sql import padded
from tutoraspects.dashboards.strings import load as load_strings
from tutoraspects.dashboards.target import Target

CHOSEN = {
    "org": ["Org'A"],
    "course_name": ["Course"],
    "course_run": ["run"],
    "tag": ["tag"],
    "username": ["somebody"],
}
# Charts about Superset itself ask its own database: tests/superset/test_browser.py draws them.
USERS = {"clickhouse": "report", "servers": "health"}
SPECIFIED = load()
CHARTS = [
    (slug, chart.chart)
    for slug, dashboard in SPECIFIED.dashboards.items()
    for chart in dashboard.charts()
    if SPECIFIED.datasets[chart.dataset].database in USERS
]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Two shards with marts."""
    settings = {"ASPECTS_RETENTION_DAYS": 7_300, "ASPECTS_ENABLE_PII": True}
    with Lab(shards=2, settings=settings, schema=True) as lab:
        lab.aspects("dbt", "run")
        # Before that there is no system.query_log.
        lab.on_nodes("SYSTEM FLUSH LOGS")
        asynchronous_metrics.provide(lab)
        yield lab


@pytest.fixture(scope="module")
def assets(catalogue: Catalogue, lab: Lab) -> dict[str, dict[str, Any]]:
    target = Target.from_environment(
        {**lab.job_environment(), "ASPECTS_ENABLE_PII": "1", "SUPERSET_DASHBOARD_LOCALES": "es"}
    )
    assert target.cluster
    return compile(catalogue, target, {"es": load_strings((SHIPPED,), "es")})


@pytest.mark.parametrize(("slug", "key"), CHARTS, ids=lambda one: one)
def test_every_chart_is_answered(
    catalogue: Catalogue, lab: Lab, assets: dict[str, dict[str, Any]], slug: str, key: str
) -> None:
    chart = catalogue.chart(slug, key)
    assert chart
    user = USERS[catalogue.datasets[chart.dataset].database]
    found = [one for path, one in assets.items() if path.startswith("charts/")]
    compiled = next(one for one in found if one["uuid"] == catalogue.chart_uuid(slug, chart))
    tables = {one.get("table_name"): one for one in assets.values()}
    # The Spanish copy has expressions that the English one has, and words besides.
    dataset = tables[f"{chart.dataset}_es"]
    for chosen in ({}, CHOSEN):
        for sql in statements(catalogue, chart, dataset, compiled["params"], chosen):
            answer = lab.http(sql, user=user)
            assert not answer.exception_code, f"{answer}\n{sql}"


def test_places_are_padded(lab: Lab) -> None:
    texts = {
        "1:0:0 - Week 1": "01:00:00 - Week 1",
        "9:10:11 - At 7:30:00 - sharp": "09:10:11 - At 7:30:00 - sharp",
        "100:2:30 - Late": "100:02:30 - Late",
        "00:1:007 - Odd": "00:01:07 - Odd",
        '<a href="https://lms/x" target="_blank">1:2:3 - What?</a>': (
            '<a href="https://lms/x" target="_blank">01:02:03 - What?</a>'
        ),
        "Week 1": "Week 1",
        "": "",
    }
    query = f"SELECT text, {padded('text')} FROM (SELECT arrayJoin(%(texts)s) AS text)"
    assert dict(lab.client().execute(query, {"texts": list(texts)})) == texts
