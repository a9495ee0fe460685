"""Events that came while a view was missing are found and parsed, and only those."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.lab.lab import Lab
from tests.schema.insert import insert, parsed, quarantined, row
from tests.schema.test_parse import statements


@pytest.mark.parametrize("lab_name", ["node", "pair"])
def test_nothing_stays_unparsed(lab_name: str, request: pytest.FixtureRequest) -> None:
    lab: Lab = request.getfixturevalue(lab_name)
    today = datetime.now(timezone.utc).isoformat()
    events = [row(statement, emission_time=today) for statement in statements()]
    insert(lab, events[:20])
    for number in range(len(lab.nodes)):
        for view in ("ralph", "vector"):
            lab.client(number).execute(f"DROP TABLE xapi.xapi_events_all_{view}_mv")
    insert(lab, events[10:40])
    insert(lab, [*events[30:], row("broken", emission_time=today)], "openedx")
    assert "run `aspects reparse`" in lab.aspects("schema", "sync").stderr
    assert len(parsed(lab)) == 20
    lab.aspects("reparse")
    assert parsed(lab).keys() == {event["event_id"] for event in events}
    assert [item["reason"] for item in quarantined(lab).values()] == ["not JSON"]
