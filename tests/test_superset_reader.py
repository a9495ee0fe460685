"""What the operator dashboard may read of Superset's own database, and what the guide says."""

from __future__ import annotations

import re

from tests.lab.rendering import ROOT
from tutoraspects.dashboards.check import load
from tutoraspects.dashboards.sql import query_of
from tutoraspects.superset.database import READ

GUIDE = ROOT / "docs/how-to/superset-access.md"


def test_the_guide_grants_what_the_init_task_grants() -> None:
    found = re.findall(
        r"GRANT SELECT \(([^)]*)\) ON superset\.(\w+) TO superset_reader", GUIDE.read_text()
    )
    assert {table: tuple(sorted(columns.split(", "))) for columns, table in found} == READ


def test_the_dashboards_read_nothing_else() -> None:
    catalogue = load()
    tables: set[str] = set()
    for dataset in catalogue.datasets.values():
        if dataset.database != "superset":
            continue
        sql = query_of(dataset, catalogue.datasets)
        aliases = dict(re.findall(r"superset\.(\w+) AS (\w+)", sql))
        by_alias = {alias: table for table, alias in aliases.items()}
        for alias, column in re.findall(r"\b(\w)\.(\w+)", sql):
            assert column in READ[by_alias[alias]], f"{dataset.dataset}: {alias}.{column}"
        plain = re.search(r"SELECT ([\w, ]+)\s+FROM superset\.(\w+)\s*$", sql.strip())
        assert aliases or plain, f"{dataset.dataset}: how is it to be read?"
        if plain:
            assert set(plain[1].split(", ")) <= set(READ[plain[2]])
        tables |= set(aliases) | ({plain[2]} if plain else set())
    assert tables == set(READ)
