"""The sender: exact counts from a store that fails, refuses, and forgets to answer."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator

import pytest

from tests.events import store as stores
from tests.events.store import Handler, Store
from tutoraspects.errors import AspectsError
from tutoraspects.events import retry
from tutoraspects.events.lrs import Endpoint
from tutoraspects.events.send import Pace, SendError, Summary, send
from tutoraspects.events.stream import Generator

COUNT = 1000


@pytest.fixture
def store() -> Iterator[Store]:
    with stores.running() as running:
        yield running


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return list(Generator(count=COUNT, courses=3, learners=50).lines())


def identifiers(lines: list[bytes]) -> set[str]:
    return {json.loads(line)["id"] for line in lines}


def test_everything_arrives_once(store: Store, lines: list[bytes]) -> None:
    summary = send(lines, store.endpoint, Pace(batch_size=64, connections=3))
    assert set(store.statements) == identifiers(lines)
    assert (summary.sent, summary.acknowledged) == (COUNT, COUNT)
    assert (summary.known, summary.conflicting, summary.refused, summary.retries) == (0, 0, 0, 0)
    assert summary.requests == store.requests == 16
    assert sorted(store.sizes)[0] == COUNT % 64
    assert max(store.sizes) == 64


def test_connections_are_kept(store: Store, lines: list[bytes]) -> None:
    send(lines, store.endpoint, Pace(batch_size=10, connections=4))
    assert store.requests == 100
    assert store.connections == 4


def test_a_second_run_adds_nothing(store: Store, lines: list[bytes]) -> None:
    send(lines, store.endpoint)
    summary = send(lines, store.endpoint)
    assert store.written == COUNT
    assert (summary.acknowledged, summary.known) == (COUNT, COUNT)


def test_trouble_of_every_kind_loses_nothing(
    store: Store, lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors, lost connections before and after the write, and pauses, at random."""
    monkeypatch.setattr(retry, "_LONGEST_PAUSE", 0.2)
    dice = random.Random(5)

    def trouble(handler: Handler, number: int) -> bool:
        draw = dice.random()
        if draw < 0.15:
            handler.answer(dice.choice((500, 502, 503, 504)), {"detail": "not now"})
        elif draw < 0.25:
            handler.hang_up()
        elif draw < 0.3:
            handler.answer(429, {"detail": "slowly"}, Retry_After="0.01")
        return draw < 0.3

    store.before = store.after = trouble
    summary = send(lines, store.endpoint, Pace(batch_size=40, connections=4))
    assert set(store.statements) == identifiers(lines)
    assert summary.acknowledged == COUNT
    assert summary.retries > 5
    # Written, and the answer lost: the repeated request finds them there.
    assert summary.known > 0


def test_retry_after_is_obeyed(store: Store, lines: list[bytes]) -> None:
    def busy_at_first(handler: Handler, number: int) -> bool:
        if number == 0:
            handler.answer(503, None, Retry_After="0.7")
        return number == 0

    store.before = busy_at_first
    send(lines[:10], store.endpoint)
    first, second = store.times
    assert second - first >= 0.7


def test_a_slow_store_times_out_and_is_tried_again(store: Store, lines: list[bytes]) -> None:
    def slow_at_first(handler: Handler, number: int) -> bool:
        if number == 0:
            time.sleep(0.6)
        return False

    store.after = slow_at_first
    summary = send(lines[:10], store.endpoint, Pace(timeout=0.2))
    assert (summary.acknowledged, summary.known, store.written) == (10, 10, 10)
    assert summary.retries >= 1


def test_a_bad_statement_is_refused_alone(store: Store, lines: list[bytes]) -> None:
    bad = {3, 250, 251, 998}
    batch = [b'{"verb": "no id"}' if n in bad else line for n, line in enumerate(lines)]
    summary = send(batch, store.endpoint, Pace(batch_size=100))
    assert (summary.acknowledged, summary.refused) == (COUNT - 4, 4)
    assert len(store.statements) == COUNT - 4
    assert len(summary.refusals) == 4
    assert summary.refusals[0].startswith("400 id: field required:")


def test_a_statement_that_the_store_fails_on_is_refused_alone(
    store: Store, lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ralph answers 500 for a timestamp that it cannot read, every time."""
    monkeypatch.setattr(retry, "_LONGEST_PAUSE", 0.05)
    poison = json.loads(lines[7])["id"]

    def fail_on_it(handler: Handler, number: int) -> bool:
        failing = any(one["id"] == poison for one in handler.statements)
        if failing:
            handler.answer(500, {"detail": "Statements bulk indexation failed"})
        return failing

    store.before = fail_on_it
    summary = send(lines[:64], store.endpoint, Pace(batch_size=16, connections=2, patience=0.5))
    assert (summary.acknowledged, summary.refused) == (63, 1)
    assert set(store.statements) == identifiers(lines[:64]) - {poison}
    assert summary.refusals[0].startswith("500 Statements bulk indexation failed: ")


def test_a_store_that_is_out_of_order_refuses_nothing(
    store: Store, lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is taken for a while, then all: no statement may be blamed for it."""
    monkeypatch.setattr(retry, "_LONGEST_PAUSE", 0.05)

    def out_of_order(handler: Handler, number: int) -> bool:
        if 3 <= number < 150:
            handler.answer(500, {"detail": "xAPI statements query failed"})
        return 3 <= number < 150

    store.before = out_of_order
    summary = send(lines[:64], store.endpoint, Pace(batch_size=8, connections=2))
    assert (summary.acknowledged, summary.refused) == (64, 0)
    assert len(store.statements) == 64


def test_the_same_statement_twice_in_a_batch_is_stored_once(
    store: Store, lines: list[bytes]
) -> None:
    summary = send(lines[:50] + lines[:50], store.endpoint, Pace(batch_size=100))
    assert (summary.acknowledged, summary.known, store.written) == (100, 50, 50)


def test_a_conflict_is_taken_as_delivered_and_reported(store: Store, lines: list[bytes]) -> None:
    statement = json.loads(lines[5])
    store.statements[statement["id"]] = {**statement, "version": "other"}
    summary = send(lines[:30], store.endpoint, Pace(batch_size=10))
    assert (summary.acknowledged, summary.conflicting, summary.retries) == (20, 10, 0)


def test_a_wrong_password_ends_the_run_at_once(store: Store, lines: list[bytes]) -> None:
    endpoint = Endpoint(store.url, stores.USERNAME, "wrong-secret")
    with pytest.raises(SendError, match="does not take the credentials of 'lms'") as caught:
        send(lines, endpoint)
    assert "wrong-secret" not in str(caught.value) + repr(endpoint)
    assert caught.value.summary.acknowledged == 0
    assert store.requests <= 4


def test_a_wrong_address_is_told(store: Store, lines: list[bytes]) -> None:
    endpoint = Endpoint(store.url + "elsewhere/", stores.USERNAME, stores.PASSWORD)
    with pytest.raises(SendError, match="check ASPECTS_LRS_URL"):
        send(lines, endpoint)


def test_an_unreachable_store_is_told_soon(
    lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutoraspects.events.send._FIRST_PATIENCE", 0.5)
    with stores.running() as store:
        endpoint = store.endpoint
    began = time.monotonic()
    with pytest.raises(SendError, match=r"acknowledged nothing for 0\.\d s \(.*refused") as caught:
        send(lines, endpoint)
    assert time.monotonic() - began < 3
    assert caught.value.summary.acknowledged == 0


def test_patience_ends_and_the_counts_stay_true(store: Store, lines: list[bytes]) -> None:
    store.before = lambda handler, number: number >= 5 and (handler.hang_up() or True)
    with pytest.raises(SendError, match="repeat the command") as caught:
        send(lines, store.endpoint, Pace(batch_size=10, connections=2, patience=0.4))
    assert caught.value.summary.acknowledged == store.written == 50


def test_the_rate_is_kept(store: Store, lines: list[bytes]) -> None:
    began = time.monotonic()
    summary = send(lines[:300], store.endpoint, Pace(batch_size=10, connections=3, rate=400))
    seconds = time.monotonic() - began
    # The last of 30 batches is due after 29 intervals of 25 ms.
    assert 0.72 <= seconds < 1.5
    assert summary.events_per_second == pytest.approx(300 / seconds, rel=0.1)


def test_latency_counts_from_when_a_batch_was_due(store: Store, lines: list[bytes]) -> None:
    """A store that stalls makes later batches late: their wait counts, too."""

    def stall_once(handler: Handler, number: int) -> bool:
        if number == 0:
            time.sleep(0.5)
        return False

    store.before = stall_once
    summary = send(lines[:200], store.endpoint, Pace(batch_size=10, connections=1, rate=400))
    # 20 batches within half a second, all behind the first one.
    assert summary.latency_p50_ms > 100
    assert summary.latency_p99_ms >= 500


def test_an_interrupted_run_ends_soon(store: Store, lines: list[bytes]) -> None:
    def endless() -> Iterator[bytes]:
        yield from lines
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        send(endless(), store.endpoint, Pace(batch_size=10))
    assert time.monotonic() - began < 3
    assert not [one for one in threading.enumerate() if one.name.startswith("sender-")]


def test_a_fault_in_the_source_is_not_hidden(store: Store) -> None:
    def broken() -> Iterator[bytes]:
        yield b"{}"
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        send(broken(), store.endpoint)


def test_progress_is_told(store: Store, lines: list[bytes]) -> None:
    told: list[int] = []

    def note(summary: Summary) -> None:
        told.append(summary.settled)

    send(lines, store.endpoint, Pace(batch_size=10), note)
    assert told == sorted(told)
    assert told[-1] == COUNT


def test_pauses_grow_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(retry.time, "monotonic", lambda: clock[0])
    pauses: list[float] = []

    def pass_time(pause: float) -> None:
        pauses.append(pause)
        clock[0] += pause

    monkeypatch.setattr(retry.time, "sleep", pass_time)
    backoff = retry.Backoff(60)
    while backoff.sleep():
        pass
    assert 50 < sum(pauses) <= 60
    assert pauses[0] < 0.16
    assert 2.5 <= max(pauses) <= 7.5


@pytest.mark.parametrize("url", ["ralph:8100", "ftp://ralph/", "http://", ""])
def test_an_impossible_address(url: str) -> None:
    with pytest.raises(AspectsError, match="ASPECTS_LRS_URL"):
        Endpoint(url, "lms", "secret")


def test_impossible_pace() -> None:
    with pytest.raises(AspectsError, match="--batch-size"):
        Pace(batch_size=0)


def test_https_is_spoken_to_https_addresses(store: Store, lines: list[bytes]) -> None:
    endpoint = Endpoint(store.url.replace("http:", "https:"), stores.USERNAME, stores.PASSWORD)
    with pytest.raises(SendError, match="SSL"):
        send(lines[:1], endpoint, Pace(patience=0.3))
