"""The plan in words."""

from __future__ import annotations

import pytest

from tutoraspects import topology
from tutoraspects.cli.plan import as_data, as_text


@pytest.mark.parametrize(
    ("replicas", "told", "data"),
    [(1, "1 replica ", 0), (2, "1 replica ", 0), (3, "2 replicas ", 2)],
)
def test_the_quorum_is_a_number_of_replicas(replicas: int, told: str, data: int) -> None:
    values = {
        "ASPECTS_EVENTS_PER_DAY": 3_000_000,
        "ASPECTS_RETENTION_DAYS": 365,
        "ASPECTS_CLICKHOUSE_REPLICAS": replicas,
    }
    plan = topology.plan(values)
    (line,) = (line for line in as_text(plan, values).splitlines() if "quorum" in line)
    assert f"  {told}" in line
    assert as_data(plan)["clickhouse"]["insert_quorum"] == data
