"""The shipped specifications, read once."""

from __future__ import annotations

import pytest

from tutoraspects.dashboards.catalogue import SHIPPED, Catalogue
from tutoraspects.dashboards.check import load
from tutoraspects.dashboards.marts import marts
from tutoraspects.dashboards.strings import load as load_strings
from tutoraspects.dashboards.target import Target
from tutoraspects.resources import resource_path

TARGET = Target(
    cluster="aspects",
    locales=("en", "es"),
    uris={
        "clickhouse": "clickhousedb://ch_report:not-the-real-one@clickhouse:8123/xapi",
        "superset": "mysql://superset:nor-this@mysql:3306/superset",
    },
)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Datasets and dashboards of the package."""
    return load((), marts(resource_path("dbt")))


@pytest.fixture(scope="session")
def spanish() -> dict[str, dict[str, str]]:
    """Translations by locale."""
    return {"es": load_strings((SHIPPED,), "es")}
