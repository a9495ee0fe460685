"""Promise: what cannot be stored is refused with a clear status or quarantined with a reason.

Nothing crashes, nothing of a refused request is stored, and the rest of a batch is kept: by Ralph
after the sender has found the bad statement, by Vector's insert at once.
"""

from __future__ import annotations

import base64
import http.client
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.scenarios import steps
from tests.scenarios.steps import PARSED, QUARANTINE, RAW
from tutoraspects.events import retry
from tutoraspects.events.send import Pace
from tutoraspects.events.stream import Generator

Statement = dict[str, Any]

NOW = datetime.now(timezone.utc).replace(microsecond=0)
GOOD: Statement = {
    "id": "",
    "version": "1.0.3",
    "actor": {"objectType": "Agent", "account": {"homePage": "https://lms.example", "name": "ada"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/progressed", "display": {"en": "progressed"}},
    "object": {"id": "https://lms.example/xblock/block-v1:O+C+R+type@html+block@1"},
    "timestamp": NOW.isoformat(),
}
DELETED = "nothing"
ARRAY = "wrong type: an array instead of an object"
_numbers = iter(range(1, 1000))


def statement(**changes: Any) -> Statement:
    """A sound statement with something changed; `nothing` takes the member away."""
    made = {**GOOD, "id": f"bad00000-0000-4000-8000-{next(_numbers):012x}", **changes}
    return {key: value for key, value in made.items() if value != DELETED}


def text(**changes: Any) -> bytes:
    return json.dumps(statement(**changes)).encode()


@dataclass(frozen=True)
class Case:
    """A body for Ralph and what must come of it: an HTTP status, and a reason in the quarantine
    ('' for none; None when the statement is sound for us and must be parsed)."""

    name: str
    body: bytes
    status: int
    reason: str | None = ""

    def __str__(self) -> str:
        return self.name


def cases() -> Iterator[Case]:
    far, past = NOW + timedelta(days=365 * 5), "1969-12-31T23:59:59+00:00"
    # Not JSON, or not statements.
    yield Case("cut off", text()[:-7], 400)
    yield Case("an empty body", b"", 400)
    yield Case("an empty list", b"[]", 400)
    yield Case("a number", b"5", 422)
    yield Case("null in a list", b"[null]", 422)
    yield Case("invalid UTF-8", text(result={"response": "@"}).replace(b"@", b"\xff\xfe"), 500)
    yield Case("a byte order mark", b"\xef\xbb\xbf" + text(), 200, None)
    yield Case("too deep to read", _nested(100_000), 500)
    yield Case("two hundred lists deep", _nested(200), 200, None)
    # Identifiers. A store gives one to a statement that has none, says the specification.
    yield Case("no id", text(id=DELETED), 200, None)
    yield Case("a word as id", text(id="hello"), 422)
    yield Case("a number as id", text(id=7), 422)
    yield Case("an id in capitals", text(id="BAD00000-0000-4000-8000-00000000AAAA"), 200, None)
    one = text()
    yield Case("the same twice in a list", b"[" + one + b"," + one + b"]", 400)
    # Times. Ralph fails on those that it cannot read, and stores nothing.
    yield Case("a word as time", text(timestamp="yesterday"), 500)
    yield Case("30 February", text(timestamp="2026-02-30T10:00:00Z"), 500)
    yield Case("no text as time", text(timestamp=""), 500)
    yield Case("null as time", text(timestamp=None), 500)
    yield Case("five years ahead", text(timestamp=far.isoformat()), 200, "timestamp in the future")
    yield Case(
        "the last of years", text(timestamp="9999-12-31T23:59:59Z"), 200, "timestamp in the future"
    )
    yield Case("before computers", text(timestamp=past), 200, "timestamp before 2000")
    yield Case("no time", text(timestamp=DELETED), 200, None)
    # Size.
    yield Case("5 MB", text(result={"response": "x" * 5_000_000}), 200, "larger than 1 MiB")
    yield Case("900 kB", text(result={"response": "x" * 900_000}), 200, None)
    # Types.
    yield Case("a list as actor", text(actor=[]), 422)
    yield Case("a word as actor", text(actor="ada"), 422)
    yield Case("nobody as actor", text(actor={}), 422)
    yield Case("a word as verb", text(verb="played"), 422)
    yield Case("a number as verb id", text(verb={"id": 5}), 200, "wrong type: verb")
    yield Case("no verb", text(verb=DELETED), 422)
    yield Case("a list as object", text(object=[1]), 422)
    yield Case("an object as object id", text(object={"id": {"a": 1}}), 422)
    yield Case(
        "a word as score",
        text(result={"score": {"raw": "full"}}),
        200,
        "wrong type: score_raw",
    )
    yield Case(
        "a list as score",
        text(result={"score": {"scaled": [1]}}),
        200,
        "wrong type: score_scaled",
    )
    yield Case("a word as success", text(result={"success": "maybe"}), 200, "wrong type: success")
    yield Case("a list as result", text(result=[{"success": True}]), 200, ARRAY)
    yield Case("null as extensions", text(context={"extensions": None}), 200, None)
    # Text.
    yield Case("half a character", text(result={"response": "a\ud800b"}), 200, "not JSON")
    yield Case("NUL in a text", text(result={"response": "a\x00b"}), 200, None)
    yield Case("SQL in a text", text(result={"response": "'); DROP TABLE x; --"}), 200, None)
    yield Case("emoji and a right-to-left mark", text(result={"response": "😀‏é"}), 200, None)
    long = {"https://x/" + "k" * 100_000: 1}
    yield Case("an extension of 100 kB", text(result={"extensions": long}), 200, None)


def _nested(depth: int) -> bytes:
    deep = b"[" * depth + b"]" * depth
    return text(result={"extensions": {"https://x": "@"}}).replace(b'"@"', deep)


def post(lab: Lab, body: bytes) -> tuple[int, str]:
    secret = base64.b64encode(f"{lab.ralph.username}:{lab.ralph.password}".encode()).decode()
    headers = {
        "Authorization": f"Basic {secret}",
        "Content-Type": "application/json",
        "X-Experience-API-Version": "1.0.3",
    }
    connection = http.client.HTTPConnection("127.0.0.1", lab.ralph.port, timeout=30)
    try:
        connection.request("POST", "/xAPI/statements", body, headers)
        response = connection.getresponse()
        return response.status, response.read(2000).decode(errors="replace")
    finally:
        connection.close()


def reasons(lab: Lab) -> list[str]:
    return [reason for (reason,) in steps.query(lab, f"SELECT reason FROM {'.'.join(QUARANTINE)}")]


def test_each_alone_through_ralph(lab: Lab) -> None:
    """One after another, each with a clear outcome, and Ralph takes a sound one in the end."""
    wrong = []
    for case in cases():
        status, answer = post(lab, case.body)
        parsed, found = steps.count(lab, PARSED).distinct, reasons(lab)
        raw = steps.count(lab, RAW["ralph"]).distinct
        expected = [case.reason] if case.reason else []
        if status != case.status:
            wrong.append(f"{case}: HTTP {status} instead of {case.status}: {answer[:200]}")
        elif found != expected:
            wrong.append(f"{case}: quarantine {found} instead of {expected}")
        elif parsed != (case.reason is None):
            wrong.append(f"{case}: {parsed} parsed rows")
        elif status >= 400 and raw:
            wrong.append(f"{case}: refused and stored")
        lab.truncate()
    assert not wrong, "\n".join(wrong)
    assert post(lab, text())[0] == 200
    assert steps.count(lab, PARSED).distinct == 1


def test_the_quarantine_keeps_the_text(cluster: Lab) -> None:
    """Whole up to 1 MiB, with where it came from, and readable through the front."""
    bad = statement(result={"score": {"raw": "full"}})
    big = statement(result={"response": "x" * 3_000_000})
    for one in (bad, big):
        assert post(cluster, json.dumps(one).encode())[0] == 200
    rows = {
        str(identifier): (source, event)
        for identifier, source, event in steps.query(
            cluster, f"SELECT event_id, source, event FROM {'.'.join(QUARANTINE)}"
        )
    }
    source, event = rows[bad["id"]]
    assert source == "ralph"
    assert json.loads(event)["result"] == bad["result"]
    assert len(rows[big["id"]][1]) == 1_048_576


def test_the_rest_of_a_batch_through_ralph(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ralph refuses a batch for one statement; the sender finds it and the others are stored."""
    monkeypatch.setattr(retry, "_LONGEST_PAUSE", 0.1)  # the test's time, not the sender's
    start = NOW - timedelta(days=2)
    lines = list(Generator(seed=5, count=100, courses=2, learners=20, start=start).lines())
    poison = {
        10: text(id="hello"),
        40: text(timestamp="yesterday"),
        70: text(actor=[]),
        99: text(result={"score": {"raw": "full"}}),
    }
    for place, body in poison.items():
        lines[place] = body
    pace = Pace(batch_size=100, connections=1, patience=6)
    summary = steps.through_ralph(lab, lines, pace)
    assert (summary.acknowledged, summary.refused) == (97, 3)
    assert sorted(one.split()[0] for one in summary.refusals) == ["422", "422", "500"]
    steps.assert_exactly(lab, RAW["ralph"], 97)
    steps.assert_exactly(lab, PARSED, 96)
    assert reasons(lab) == ["wrong type: score_raw"]


# Rows for Vector's table: the event's text and the reason that must come of it.
VECTOR = (
    ("not JSON", '{"id": '),
    ("not a JSON object", "[1, 2]"),
    ("no id", json.dumps({key: value for key, value in GOOD.items() if key != "id"})),
    ("id is not a UUID", json.dumps({**GOOD, "id": "hello"})),
    ("id differs from event_id", json.dumps({**GOOD, "id": str(uuid.uuid4())})),
    ("no actor", json.dumps({**GOOD, "id": "@", "actor": {"objectType": "Agent"}})),
    ("no verb", json.dumps({**GOOD, "id": "@", "verb": {}})),
    ("no object", json.dumps({**GOOD, "id": "@", "object": {}})),
    (ARRAY, json.dumps({**GOOD, "id": "@", "actor": [GOOD["actor"]]})),
    ("no verb", json.dumps({**GOOD, "id": "@", "verb": "played"})),
    ("no object", json.dumps({**GOOD, "id": "@", "object": "thing"})),
    ("larger than 1 MiB", json.dumps({**GOOD, "id": "@", "response": "x" * 2_000_000})),
)


def test_a_batch_of_vector_keeps_its_sound_rows(lab: Lab) -> None:
    sound = list(
        Generator(seed=6, count=200, courses=2, learners=20, start=NOW - timedelta(days=2))
    )
    rows = [
        {"event_id": one["id"], "emission_time": one["timestamp"], "event": json.dumps(one)}
        for one in sound
    ]
    for number, (_, event) in enumerate(VECTOR):
        identifier = f"0bad0000-0000-4000-8000-{number:012x}"
        row = {
            "event_id": identifier,
            "emission_time": NOW.isoformat(),
            "event": event.replace('"@"', f'"{identifier}"'),
        }
        rows.insert(17 * number, row)
    far = (NOW + timedelta(days=800)).isoformat()
    identifier = "0bad0000-0000-4000-8000-00000000fa00"
    event = json.dumps({**GOOD, "id": identifier, "timestamp": far})
    rows.append({"event_id": identifier, "emission_time": far, "event": event})

    answer = steps.vector_rows(lab, rows)
    assert answer.status == 200, answer
    steps.assert_exactly(lab, PARSED, len(sound))
    assert sorted(reasons(lab)) == sorted(
        [*(reason for reason, _ in VECTOR), "timestamp in the future"]
    )
    steps.assert_exactly(lab, RAW["vector"], len(rows))


@pytest.mark.parametrize(
    "row",
    [
        {"event_id": "hello", "emission_time": NOW.isoformat(), "event": "{}"},
        {"event_id": GOOD["id"] or "x", "emission_time": "yesterday", "event": "{}"},
    ],
    ids=["no UUID", "no time"],
)
def test_an_insert_that_is_none_is_refused(lab: Lab, row: dict[str, str]) -> None:
    """Vector makes both from the statement; a row without them is refused, not guessed."""
    answer = steps.vector_rows(lab, [row])
    assert answer.status == 400
    assert steps.count(lab, RAW["vector"]).rows == 0
