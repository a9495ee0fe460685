"""Promise: real statements are accepted, stored and parsed, every value in its column.

Every column of every statement is compared with what plain Python makes of the statement
(`extraction.py`), for the real statements where they are at hand, for our own odd ones, and for
some of every kind that the generator makes; once through Ralph, once as Vector inserts them.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.events import samples
from tests.lab.lab import Lab
from tests.scenarios import extraction, steps
from tutoraspects.events.stream import Generator

Statement = dict[str, Any]


def real() -> list[Statement]:
    """The real statements. Several share an identifier, so each gets one of its own."""
    statements, known = [], {}
    for number, (name, original) in enumerate(samples.real()):
        statement = copy.deepcopy(original)
        made = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{number}"))
        known[statement["id"]] = made
        statement["id"] = made
        if "statement" in statement["context"]:
            statement["context"]["statement"]["id"] = known[statement["context"]["statement"]["id"]]
        statements.append(statement)
    return statements


def generated() -> list[Statement]:
    """A few of every kind: verb, object type and shape of the result."""
    kinds: Counter[tuple[str, ...]] = Counter()
    chosen = []
    for statement in Generator(seed=3, count=30_000, courses=20, learners=500, identifier="mixed"):
        kind = (
            statement["verb"]["id"],
            statement["object"]["definition"]["type"],
            ",".join(sorted(statement.get("result", {}).get("extensions", {}))),
            ",".join(sorted(statement["context"]["extensions"])),
            ",".join(sorted(statement["actor"])),
        )
        kinds[kind] += 1
        if kinds[kind] <= 3:
            chosen.append(statement)
    return chosen


SOURCES: dict[str, Callable[[], list[Statement]]] = {
    "real": real,
    "own": samples.own,
    "generated": generated,
}


def stored(lab: Lab) -> dict[str, dict[str, Any]]:
    """Rows of the parsed table by event, with Python's types."""
    client = lab.client(settings={"use_client_time_zone": False})
    try:
        rows, described = client.execute(
            "SELECT * FROM xapi.xapi_events_all_parsed FINAL", with_column_types=True
        )
    finally:
        client.disconnect()
    names = [name for name, _ in described]
    found = {}
    for row in rows:
        values = {name: plain(value) for name, value in zip(names, row, strict=True)}
        found[values["event_id"]] = values
    return found


def plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value
    return value


def differences(statements: list[Statement], rows: dict[str, dict[str, Any]]) -> list[str]:
    """Verb x column of every value that is not what Python makes of the statement."""
    wrong = []
    for statement in statements:
        row = rows.get(statement["id"])
        if row is None:
            wrong.append(f"{statement['verb']['id']} {statement['id']}: not stored")
            continue
        expected = extraction.columns(statement)
        assert expected.keys() == row.keys()
        wrong += [
            f"{statement['verb']['id']} x {column}: {row[column]!r} instead of {value!r} "
            f"({statement['id']})"
            for column, value in expected.items()
            if row[column] != value or type(row[column]) is not type(value)
        ]
    return wrong


@pytest.mark.parametrize("source", SOURCES)
def test_through_ralph(lab: Lab, source: str) -> None:
    statements = SOURCES[source]()
    summary = steps.through_ralph(lab, (json.dumps(one).encode() for one in statements))
    assert (summary.acknowledged, summary.refused) == (len(statements), 0), summary.refusals
    steps.assert_exactly(lab, steps.RAW["ralph"], len(statements))
    assert differences(statements, stored(lab)) == []
    assert steps.count(lab, steps.QUARANTINE).rows == 0


@pytest.mark.parametrize("source", SOURCES)
def test_through_vector(lab: Lab, source: str) -> None:
    statements = SOURCES[source]()
    answer = steps.through_vector(lab, statements)
    assert answer.status == 200, answer
    steps.assert_exactly(lab, steps.RAW["vector"], len(statements))
    assert differences(statements, stored(lab)) == []
    assert steps.count(lab, steps.QUARANTINE).rows == 0


def test_every_value_of_a_statement_has_a_column() -> None:
    missing = defaultdict(list)
    for source in SOURCES.values():
        for statement in source():
            for leaf in extraction.unaccounted(statement):
                missing[".".join(leaf)].append(statement["verb"]["id"])
    assert not missing


def test_every_column_is_filled_by_some_statement() -> None:
    """A column that no statement fills would be compared with nothing."""
    filled: set[str] = set()
    columns: set[str] = set()
    for source in ("own", "generated"):
        for statement in SOURCES[source]():
            row = extraction.columns(statement)
            columns |= row.keys()
            filled |= {name for name, value in row.items() if value not in ("", None)}
    assert filled == columns
