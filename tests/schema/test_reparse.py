"""Events that came while a view was missing are found and parsed, and only those."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.lab.lab import Lab
from tests.schema.insert import insert, parsed, quarantined, row
from tests.schema.test_parse import statements


@pytest.mark.parametrize("lab_name", ["node", "pair"])
def test_nothing_stays_unparsed(lab_name: str, request: pytest.FixtureRequest) -> None:
    lab: Lab = request.getfixturevalue(lab_name)
    events = [*map(row, statements())]
    insert(lab, events[:20])
    for number in range(len(lab.nodes)):
        for view in ("ralph", "vector"):
            lab.client(number).execute(f"DROP TABLE xapi.xapi_events_all_{view}_mv")
    insert(lab, events[10:40])
    insert(lab, events[30:], "openedx")
    insert(lab, [row("broken", str(uuid.uuid4()), "2299-01-01T00:00:00Z")])
    assert "run `aspects schema reparse`" in lab.aspects("schema", "sync").stderr
    assert len(parsed(lab)) == 20

    counted = lab.aspects("schema", "reparse", "--dry-run")
    assert f"done: {len(events) - 20 + 10 + 1} rows are not parsed" in counted.stdout
    assert len(parsed(lab)) == 20

    done = json.loads(lab.aspects("schema", "reparse", "--json").stdout)
    # What both ways brought is parsed once: the second table finds it done.
    assert sum(item["rows"] for item in done) == len(events) - 20 + 1
    assert parsed(lab).keys() == {event["event_id"] for event in events}
    assert [item["reason"] for item in quarantined(lab).values()] == ["not JSON"]
    assert json.loads(lab.aspects("schema", "reparse", "--json").stdout) == []


def test_days(node: Lab) -> None:
    node.client().execute("DROP TABLE xapi.xapi_events_all_ralph_mv")
    for day in (1, 2, 3):
        statement = {**statements()[0], "id": str(uuid.UUID(int=day))}
        insert(node, [row(statement, emission_time=f"2026-10-0{day}T23:59:59.999999Z")])
    node.aspects("schema", "sync")
    node.aspects("schema", "reparse", "--from", "2026-10-02", "--to", "2026-10-02")
    assert list(parsed(node)) == [str(uuid.UUID(int=2))]
    refused = node.aspects("schema", "reparse", "--from", "yesterday", check=False)
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
