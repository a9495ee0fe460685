"""A role of one's own, as the guide makes it: its text is what is tried here."""

from __future__ import annotations

import json
import re
from textwrap import dedent, indent

import pytest
import yaml

from tests.lab.rendering import ROOT
from tests.superset import assets
from tests.superset.client import through_lms
from tests.superset.conftest import World, sql_lab

pytestmark = pytest.mark.slow

GUIDE = (ROOT / "docs/how-to/superset-access.md").read_text(encoding="utf8")
PATCHED = "def extra_get_user_roles(self, username, decoded_access_token):\n"


def test_the_role_of_the_guide(world: World) -> None:
    """Two databases stay closed, and so does what is not reported."""
    superset = world.superset
    found = re.search(r"```yaml\n# config.yml\n(.*?)```", GUIDE, re.DOTALL)
    rules = re.search(r'"superset-sso-assignment-rules",\s+"""(.*?)"""', GUIDE, re.DOTALL)
    assert found and rules
    config = superset.directory / "config"
    before = (config / "settings.json").read_text()
    roles = yaml.safe_load(found[1])["ASPECTS_SUPERSET_EXTRA_ROLES"]
    (config / "settings.json").write_text(json.dumps({**superset.settings, "extra_roles": roles}))
    (config / "sso_assignment_rules.py").write_text(PATCHED + indent(dedent(rules[1]), "    "))
    try:
        superset.provision()
        superset.web.stop()
        superset.start_web()
        rosa, page = through_lms(superset.url, "rosa")
        assert rosa.get("/api/v1/me/").status == 200, page.url
        given = set(rosa.get("/api/v1/me/roles/").json["result"]["roles"])
        assert {"Research", "sql_lab", "Operator", "Operator - en"} <= given
        assert rosa.get(f"/api/v1/dashboard/{assets.OPERATOR.slug}").status == 200
        databases = rosa.get("/api/v1/database/").json["result"]
        assert [one["database_name"] for one in databases] == ["OpenedX Clickhouse"]
        query = "SELECT course_key, count() AS n FROM reporting.fact_enrollments GROUP BY 1"
        answer = sql_lab(rosa, query)
        assert answer.status == 200, answer.text
        assert {row["course_key"]: row["n"] for row in answer.json["data"]} == world.rows
        assert sql_lab(rosa, "SELECT count() FROM event_sink.user_profile").status >= 400
        for name in ("ClickHouse Servers", "Superset Metadata"):
            assert sql_lab(rosa, "SELECT 1", world.database(name), None).status >= 400
    finally:
        (config / "settings.json").write_text(before)
        (config / "sso_assignment_rules.py").write_text(PATCHED + "    return None\n")
        superset.web.stop()
        superset.start_web()
