"""dbt's own tests: the logic on made-up rows, and keys and values of what was delivered."""

from __future__ import annotations

import re

import pytest

from tests.lab.lab import Lab
from tests.marts.laboratory import REAL_SHARDS, Streams


@pytest.mark.parametrize(
    "few", [pytest.param(1, marks=pytest.mark.slow), REAL_SHARDS], indirect=True
)
def test_unit_tests_and_data_tests_pass(few: tuple[Lab, Streams]) -> None:
    lab, _ = few
    said = lab.aspects("dbt", "test").stdout
    found = re.search(r"(\d+) data tests, (\d+) unit tests", said)
    assert found and int(found[1]) >= 90 and int(found[2]) >= 40, said[-2000:]
    assert re.search(r"PASS=\d+ WARN=\d+ ERROR=0 ", said), said[-2000:]
