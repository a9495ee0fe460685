"""Put events into the raw tables as Ralph and Vector do, and read back what became of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from tests.lab.lab import Lab

Row = dict[str, Any]


def row(event: str | Row, event_id: str = "", emission_time: str = "") -> Row:
    """A row of a raw table; identifier and time are the statement's unless given."""
    statement = event if isinstance(event, dict) else {}
    return {
        "event_id": event_id or statement.get("id") or str(uuid.uuid4()),
        "emission_time": emission_time or statement.get("timestamp", "2026-10-01T10:00:00Z"),
        "event": event if isinstance(event, str) else json.dumps(event),
    }


def insert(
    lab: Lab, rows: Iterable[Row], database: str = "xapi", node: int = 0, **settings: str
) -> None:
    """One insert of the service that owns the database's raw table; it must succeed."""
    body = "\n".join(json.dumps(item) for item in rows)
    answer = lab.http(
        f"INSERT INTO {database}.xapi_events_all FORMAT JSONEachRow",
        body,
        user={"xapi": "lrs", "openedx": "vector"}[database],
        node=node,
        date_time_input_format="best_effort",
        **settings,
    )
    assert answer.status == 200, answer


def insert_bytes(lab: Lab, texts: Iterable[bytes]) -> list[str]:
    """Texts that JSON could not carry, as rows of their own in one insert; returns their ids."""
    ids = []
    body = b""
    for text in texts:
        ids.append(str(uuid.uuid4()))
        escaped = text.replace(b"\\", b"\\\\").replace(b"\t", b"\\t").replace(b"\n", b"\\n")
        body += ids[-1].encode() + b"\t2026-10-01 10:00:00.000000\t" + escaped + b"\n"
    answer = lab.http("INSERT INTO xapi.xapi_events_all FORMAT TSV", body, user="lrs")
    assert answer.status == 200, answer
    return ids


def parsed(lab: Lab) -> dict[str, Row]:
    """Rows of the parsed table by event, duplicates merged."""
    return {str(item["event_id"]): item for item in _rows(lab, "xapi_events_all_parsed")}


def quarantined(lab: Lab) -> dict[str, Row]:
    """Rows of the quarantine by event."""
    return {str(item["event_id"]): item for item in _rows(lab, "xapi_events_quarantine")}


def reasons(lab: Lab) -> dict[str, str]:
    """Event -> why it is in the quarantine."""
    return {event: item["reason"] for event, item in quarantined(lab).items()}


def _rows(lab: Lab, table: str) -> list[Row]:
    client = lab.client(settings={"use_client_time_zone": False, "strings_as_bytes": False})
    try:
        rows, described = client.execute(
            f"SELECT * FROM xapi.{table} FINAL", with_column_types=True
        )
    finally:
        client.disconnect()
    names = [name for name, _ in described]
    return [dict(zip(names, map(_plain, values), strict=True)) for values in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value
    return value
