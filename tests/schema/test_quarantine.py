"""What cannot be parsed is kept with its reason; nothing in an event makes an insert fail."""

from __future__ import annotations

import json
import random
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lab.lab import Lab
from tests.schema.insert import insert, insert_bytes, parsed, quarantined, reasons, row

ID = "11111111-2222-4333-8444-555555555555"


def sound() -> dict[str, Any]:
    return {
        "id": ID,
        "actor": {"objectType": "Agent", "account": {"homePage": "https://h", "name": "learner"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "https://h/x"},
        "timestamp": "2026-10-01T10:00:00+00:00",
    }


def changed(**changes: Any) -> dict[str, Any]:
    """A sound statement with other values; a value of `...` takes the key away."""
    statement = {**sound(), **changes}
    return {key: value for key, value in statement.items() if value is not ...}


MISSHAPED = "wrong type: not the object or list that xAPI has there"
SCORE = {"score": {"scaled": "high"}}
ATTEMPT = "http://id.tincanapi.com/extension/attempt-id"
REASONS: list[tuple[str, dict[str, Any] | str, str]] = [
    ("no id", changed(id=...), "no id"),
    ("null id", changed(id=None), "no id"),
    ("odd id", changed(id="first"), "id is not a UUID"),
    ("other id", changed(id=str(uuid.UUID(int=5))), "id differs from event_id"),
    ("no actor", changed(actor=...), "no actor"),
    ("null actor", changed(actor=None), "no actor"),
    ("text actor", changed(actor="ada"), "no actor"),
    ("empty actor", changed(actor={"objectType": "Agent"}), "no actor"),
    ("array actor", changed(actor=[{"mbox": "m"}]), "wrong type: an array instead of an object"),
    ("object name", changed(actor={"account": {"name": {"a": 1}}}), "wrong type: actor"),
    ("no verb", changed(verb=...), "no verb"),
    ("array verb", changed(verb=["v"]), "wrong type: an array instead of an object"),
    ("word verb", changed(verb={"id": "played"}), "wrong type: verb"),
    ("array in verb", changed(verb={"id": ["http://v"]}), "wrong type: verb"),
    ("no object", changed(object=...), "no object"),
    ("object without id", changed(object={"objectType": "Activity"}), "no object"),
    ("object in object", changed(object={"id": {"x": 1}}), "wrong type: object"),
    ("result array", changed(result=[1]), "wrong type: an array instead of an object"),
    ("context array", changed(context=["c"]), "wrong type: an array instead of an object"),
    *(
        (f"misshaped {number}", changed(**changes), MISSHAPED)
        for number, changes in enumerate(
            (
                {"result": "passed"},
                {"result": {"score": 95}},
                {"result": {"extensions": "x"}},
                {"context": 5},
                {"context": {"extensions": [1]}},
                {"context": {"contextActivities": {"parent": {"id": "https://h/course"}}}},
                {"object": {"id": "https://h/x", "definition": "d"}},
                {"object": {"id": "https://h/x", "definition": {"extensions": True}}},
            )
        )
    ),
    ("score", changed(result=SCORE), "wrong type: score_scaled"),
    ("score nan", changed(result={"score": {"raw": "nan"}}), "wrong type: score_raw"),
    ("score inf", changed(result={"score": {"max": "-inf"}}), "wrong type: score_max"),
    ("success", changed(result={"success": "maybe"}), "wrong type: success"),
    ("success number", changed(result={"success": 1}), "wrong type: success"),
    ("completion", changed(result={"completion": {}}), "wrong type: completion"),
    (
        "attempt",
        changed(object={"id": "https://h/x", "definition": {"extensions": {ATTEMPT: "many"}}}),
        "wrong type: attempt",
    ),
    ("array", "[1, 2]", "not a JSON object"),
    ("string", '"text"', "not a JSON object"),
    ("number", "5", "not a JSON object"),
    ("null", "null", "not a JSON object"),
    ("empty", "", "not JSON"),
    ("cut off", json.dumps(sound())[:-5], "not JSON"),
    ("words", "Traceback (most recent call last):", "not JSON"),
    ("bare nan", json.dumps(changed(result={"score": {"raw": float("nan")}})), "not JSON"),
    ("huge number", json.dumps(sound())[:-1] + ', "x": 1e999}', "not JSON"),
    ("half a surrogate", json.dumps(sound())[:-1] + ', "x": "\\ud83d"}', "not JSON"),
    ("deep", '{"a":' * 5000 + "1" + "}" * 5000, "not JSON"),
]


@pytest.mark.parametrize(("event", "reason"), [r[1:] for r in REASONS], ids=[r[0] for r in REASONS])
def test_reason(node: Lab, event: dict[str, Any] | str, reason: str) -> None:
    text = event if isinstance(event, str) else json.dumps(event)
    insert(node, [row(text, ID)])
    [found] = quarantined(node).values()
    assert (found["reason"], found["event"], found["source"]) == (reason, text, "ralph")
    assert abs(found["received_at"] - datetime.now(timezone.utc)) < timedelta(minutes=1)
    assert parsed(node) == {}


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("1969-12-31T23:00:00Z", "timestamp before 2000"),
        ("1900-01-01T00:00:00Z", "timestamp before 2000"),
        ("2299-12-31T23:59:59Z", "timestamp in the future"),
        ("2106-02-08T00:00:00Z", "timestamp in the future"),
        pytest.param(
            (datetime.now(timezone.utc) + timedelta(days=2)).isoformat(),
            "timestamp in the future",
            id="in two days",
        ),
    ],
)
def test_impossible_times(node: Lab, time: str, reason: str) -> None:
    insert(node, [row(sound(), emission_time=time)])
    assert reasons(node) == {ID: reason}


def test_possible_times_are_parsed(node: Lab) -> None:
    soon = (datetime.now(timezone.utc) + timedelta(hours=20)).isoformat()
    for number, time in enumerate(["2012-09-01T00:00:00Z", soon]):
        statement = changed(id=str(uuid.UUID(int=number + 1)))
        insert(node, [row(statement, emission_time=time)])
    assert len(parsed(node)) == 2 and reasons(node) == {}


@pytest.mark.parametrize(
    "statement",
    [
        changed(actor={"objectType": "Group", "member": [{"mbox": "mailto:a@example.org"}]}),
        changed(result={}),
        changed(result=None, context=None),
        changed(result={"success": None, "score": {"raw": None}}),
        changed(result={"success": "true", "score": {"raw": "3.5"}}),
        changed(context={"contextActivities": {"parent": [None, 5, "x"], "grouping": [[]]}}),
        changed(extra={"a": [1, {"b": None}]}),
        # Names of xAPI's own inside the value of an extension mean what the extension says.
        changed(context={"extensions": {"https://h/x": {"score": 5, "context": [1]}}}),
        changed(result={"response": 'say "score": 5, "result": "x"'}),
        changed(verb={"id": "tag:example.org,2026:verb"}),
    ],
)
def test_odd_but_valid(node: Lab, statement: dict[str, Any]) -> None:
    insert(node, [row(statement)])
    assert reasons(node) == {} and list(parsed(node)) == [ID]


def test_bytes_that_are_not_utf8(node: Lab) -> None:
    texts = [
        json.dumps(sound()).encode().replace(b"learner", b"l\xff\xfe\x80"),
        b"\x00\x01\x02",
        b"\xef\xbb\xbf" + json.dumps(sound()).encode(),
        b'{"id": "\xc3\x28"}',
    ]
    ids = insert_bytes(node, texts)
    [(count,)] = node.client().execute("SELECT count() FROM xapi.xapi_events_quarantine FINAL")
    [(kept,)] = node.client().execute(
        "SELECT count() FROM xapi.xapi_events_all WHERE hex(event) IN %(texts)s",
        {"texts": [text.hex().upper() for text in texts]},
    )
    assert len(ids) == count == kept == len(texts)


def test_five_megabytes(node: Lab) -> None:
    large = changed(id=str(uuid.UUID(int=7)), result={"response": "x" * 5_000_000})
    insert(node, [row(large), row(sound())])
    [found] = quarantined(node).values()
    assert (found["reason"], len(found["event"])) == ("larger than 1 MiB", 1_048_576)
    assert list(parsed(node)) == [ID]
    [(size,)] = node.client().execute("SELECT max(length(event)) FROM xapi.xapi_events_all")
    assert size > 5_000_000


def test_bad_rows_leave_the_good_ones_of_their_batch(node: Lab) -> None:
    good = [changed(id=str(uuid.UUID(int=number + 1))) for number in range(200)]
    bad = [
        row(text if isinstance(text, str) else json.dumps(text), str(uuid.UUID(int=1000 + number)))
        for number, (_, text, _) in enumerate(REASONS)
    ]
    batch = [*map(row, good), *bad]
    random.Random(1).shuffle(batch)
    insert(node, batch)
    assert parsed(node).keys() == {statement["id"] for statement in good}
    assert quarantined(node).keys() == {item["event_id"] for item in bad}
    [(raw,)] = node.client().execute("SELECT count() FROM xapi.xapi_events_all FINAL")
    assert raw == len(batch)


def test_a_flood_of_bad_clocks_does_not_refuse_the_batch(node: Lab) -> None:
    """Each row a month of its own from 1900 to 2299, with the server's limit on partitions."""
    rows = [
        row(
            changed(id=str(uuid.UUID(int=month + 1))),
            emission_time=f"{year}-{1 + month % 12:02}-03",
        )
        for month, year in enumerate(1900 + month // 12 for month in range(4800))
        if not 2000 <= year < 2050
    ]
    insert(node, [*rows, row(sound())])
    assert list(parsed(node)) == [ID]
    assert len(quarantined(node)) == len(rows)


def test_the_same_bad_event_again_is_one_row(node: Lab) -> None:
    for _ in range(3):
        insert(node, [row("broken", ID)])
    nameless = "00000000-0000-0000-0000-000000000000"
    insert(node, [row("one", nameless), row("two", nameless), row("one", nameless)])
    [(count,)] = node.client().execute("SELECT count() FROM xapi.xapi_events_quarantine FINAL")
    assert count == 3


def test_vector_is_named_as_the_source(node: Lab) -> None:
    insert(node, [row("broken", ID)], "openedx")
    assert quarantined(node)[ID]["source"] == "vector"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = [
    "id",
    "actor",
    "verb",
    "object",
    "result",
    "context",
    "account",
    "name",
    "definition",
    "score",
    "scaled",
    "extensions",
    "contextActivities",
    "parent",
    "grouping",
    "statement",
]
statement_like = st.recursive(
    json_values,
    lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(statement_like, min_size=1, max_size=20))
def test_no_event_makes_an_insert_fail(node: Lab, values: list[Any]) -> None:
    """Each row is in the parsed table or in the quarantine, whatever stands where."""
    node.truncate()
    rows = [row(json.dumps(value), str(uuid.uuid4())) for value in values]
    insert(node, rows)
    assert len(parsed(node)) + len(quarantined(node)) == len(rows)
