"""The table of docs/reference/superset-access.md is what a real Superset answers.

`UPDATE_ACCESS=1 make test-superset PYTEST_ARGS="-k table"` writes it anew: read the difference.
"""

from __future__ import annotations

import os
import re

import pytest

from tests.lab.rendering import ROOT
from tests.superset import people
from tests.superset.conftest import World

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs/reference/superset-access.md"
BLOCK = re.compile(r"(<!-- measured: access -->\n).*?(<!-- /measured -->)", re.DOTALL)


def test_the_table_of_the_documentation(world: World) -> None:
    text = PAGE.read_text(encoding="utf8")
    measured = people.table(world)
    wanted = BLOCK.sub(lambda match: match[1] + measured + match[2], text)
    if os.environ.get("UPDATE_ACCESS") == "1":
        PAGE.write_text(wanted, encoding="utf8")
    assert text.splitlines() == wanted.splitlines()
