"""Statements to send: generated once, given new ids and the current time for every round."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import cycle

from tests.lab.ralph import Ralph
from tutoraspects.events.stream import Generator

_ID = '{"id":"'


class Templates:
    """Generated statements, taken apart so that id and timestamp can be replaced cheaply."""

    def __init__(self, count: int, seed: int = 7) -> None:
        self._parts = [_split(line) for line in Generator(seed=seed, count=count).lines()]

    def __len__(self) -> int:
        return len(self._parts)

    def rows(self, count: int) -> Iterator[tuple[uuid.UUID, datetime, bytes]]:
        """`count` statements that are nowhere yet, as id, timestamp and text."""
        parts = cycle(self._parts)
        for _ in range(count):
            made, now = uuid.uuid4(), datetime.now(timezone.utc)
            before, after = next(parts)
            text = b'%s%s%s%s"%s' % (_ID.encode(), str(made).encode(), before, _iso(now), after)
            yield made, now, text

    def bodies(self, requests: int, batch: int) -> Iterator[bytes]:
        """Bodies of POST /xAPI/statements: arrays of `batch` statements."""
        rows = self.rows(requests * batch)
        for _ in range(requests):
            yield b"[" + b",".join(next(rows)[2] for _ in range(batch)) + b"]"


def _split(line: bytes) -> tuple[bytes, bytes]:
    """What stands between id and timestamp, and after the timestamp's value."""
    time = json.loads(line)["timestamp"].encode()
    start, end = line.index(b'"timestamp":"' + time), len(b'"timestamp":"')
    return line[len(_ID) + 36 : start + end], line[start + end + len(time) + 1 :]


def _iso(moment: datetime) -> bytes:
    return moment.isoformat(timespec="microseconds").encode()


def request_head(ralph: Ralph) -> bytes:
    """Request line and headers of a POST to Ralph, as an LMS sends them."""
    secret = base64.b64encode(f"{ralph.username}:{ralph.password}".encode()).decode()
    return (
        "POST /xAPI/statements HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{ralph.port}\r\n"
        f"Authorization: Basic {secret}\r\n"
        "Content-Type: application/json\r\n"
        "X-Experience-API-Version: 1.0.3\r\n"
        "Connection: close\r\n"
    ).encode()
