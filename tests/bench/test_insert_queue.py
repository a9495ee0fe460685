"""The queue of asynchronous inserts: its timeout is the server's, and it loses nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest

from bench import client
from bench.front import Front
from bench.insert_queue import Window
from bench.statements import Templates, request_head
from tests.lab.lab import Lab

INSERTS = "SELECT sum(value) FROM system.events WHERE event = 'InsertQuery'"
RAW = "xapi.xapi_events_all"


@pytest.fixture
def window() -> Window:
    return Window(0.05, 0.2, adaptive=True, most_bytes=10**7, increase=0.2, decrease=0.2)


def busy(window: Window, inserts: int) -> float:
    """The timeout after so many inserts, 10 ms apart, with a flush in between each."""
    now = 100.0
    for _ in range(inserts):
        now += 0.01
        window.inserted(now, window.next(now))
        window.flushed(now)
    return window.timeout


def test_the_first_insert_waits_the_shortest_time(window: Window) -> None:
    assert window.next(100.0) == 0.05
    assert not window.idle(100.0)


def test_frequent_inserts_lengthen_the_timeout_to_its_bound(window: Window) -> None:
    assert busy(window, 4) == pytest.approx(0.05 * 1.2**2)
    assert busy(window, 50) == 0.2


def test_rare_inserts_shorten_it_again_and_then_wait_for_nobody(window: Window) -> None:
    busy(window, 50)
    now = 200.0
    for _ in range(20):
        now += 1.0
        window.inserted(now, window.next(now))
        window.flushed(now)
    assert window.timeout == 0.05
    assert window.idle(now + 1.0)


def test_without_adapting_it_is_the_longest(window: Window) -> None:
    window.adaptive = False
    assert busy(window, 1) == 0.2
    assert not window.idle(1000.0)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(shards=1, schema=True) as running:
        yield running


@pytest.fixture(scope="module")
def front(lab: Lab) -> Iterator[Front]:
    made = Front.make(
        "queued",
        lab.directory / "queued",
        lab.ports,
        lab.rendering,
        lab.nodes[0].http_port,
        workers=4,
        bounds_ms=(300, 300),
    )
    made.start()
    yield made
    made.kill()


def number(lab: Lab, query: str) -> int:
    return int(lab.http(query))


def test_inserts_at_a_time_are_stored_as_one_block(lab: Lab, front: Front) -> None:
    file = lab.directory / "requests"
    bodies = list(Templates(100).bodies(40, 3))
    client.write_requests(file, request_head(front.ralph), bodies)
    before = number(lab, INSERTS)
    load = client.run(front.ralph.port, 20, 60, file)
    assert (load.requests, load.refused) == (40, 0), load.refusal
    # How many share a block depends on how busy the machine is; alone, there would be 40 inserts.
    assert number(lab, INSERTS) - before < 40
    sent = {statement["id"] for body in bodies for statement in json.loads(body)}
    stored = lab.http(f"SELECT event_id FROM {RAW}").split()
    assert len(sent) == 120 and sorted(stored) == sorted(sent)


def test_a_refused_block_is_refused_for_everyone(lab: Lab, front: Front) -> None:
    file = lab.directory / "refused"
    client.write_requests(file, request_head(front.ralph), Templates(10).bodies(8, 1))
    table = f"{RAW}_{uuid.uuid4().hex}"
    lab.http(f"RENAME TABLE {RAW} TO {table}")
    try:
        load = client.run(front.ralph.port, 8, 60, file)
    finally:
        lab.http(f"RENAME TABLE {table} TO {RAW}")
    assert (load.requests, load.refused) == (0, 8)
    assert load.refusal.startswith("HTTP/1.1 500")
