"""Promise: sent N, stored exactly N, however often and whichever way each event comes.

Duplicates in one batch, across batches, two hours later in another order, by Ralph and by Vector.
Rows may be there twice until ClickHouse merges; events are counted once at any time, and all copies
of an event are on one shard, so merging is enough to make rows and events the same.
"""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.scenarios import steps
from tests.scenarios.steps import PARSED, RAW, merged
from tutoraspects.events.send import Pace
from tutoraspects.events.stream import Generator

Statement = dict[str, Any]

COUNT = 2000


@pytest.fixture(scope="module")
def events() -> list[Statement]:
    """Statements of learners with every kind of identifier, recent ones."""
    start = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=3)
    generator = Generator(
        seed=2, count=COUNT, courses=10, learners=400, identifier="mixed", start=start
    )
    return list(generator)


def lines(statements: list[Statement]) -> list[bytes]:
    return [json.dumps(statement).encode() for statement in statements]


def test_each_once(lab: Lab, events: list[Statement]) -> None:
    summary = steps.through_ralph(lab, lines(events))
    assert (summary.acknowledged, summary.known, summary.refused) == (COUNT, 0, 0)
    for table in (RAW["ralph"], PARSED):
        assert steps.assert_exactly(lab, table, COUNT).rows == COUNT


def test_twice_in_one_batch(lab: Lab, events: list[Statement]) -> None:
    """xAPI forbids it: Ralph refuses the batch, and the sender sends its halves."""
    half = lines(events[: COUNT // 2])
    batches = [half[n : n + 50] * 2 for n in range(0, len(half), 50)]
    summary = steps.through_ralph(lab, (line for batch in batches for line in batch))
    assert (summary.acknowledged, summary.refused) == (COUNT, 0)
    for table in (RAW["ralph"], PARSED):
        steps.assert_exactly(lab, table, COUNT // 2)
        assert merged(lab, table) == COUNT // 2


def test_twice_in_one_insert(lab: Lab, events: list[Statement]) -> None:
    """Vector may: it sends what it has read."""
    assert steps.through_vector(lab, events + events[::-1]).status == 200
    for table in (RAW["vector"], PARSED):
        steps.assert_exactly(lab, table, COUNT)
        assert merged(lab, table) == COUNT


def test_again_in_other_batches(lab: Lab, events: list[Statement]) -> None:
    """Soon: Ralph stores them again, because the first time may have failed half-way."""
    steps.through_ralph(lab, lines(events))
    shuffled = random.Random(1).sample(events, COUNT)
    summary = steps.through_ralph(lab, lines(shuffled), Pace(batch_size=33))
    assert (summary.acknowledged, summary.known) == (COUNT, 0)
    for table in (RAW["ralph"], PARSED):
        steps.assert_exactly(lab, table, COUNT)
        assert merged(lab, table) == COUNT


def test_again_when_they_have_settled(lab: Lab, events: list[Statement]) -> None:
    """Later Ralph asks and finds them: there is not even a second row."""
    steps.through_ralph(lab, lines(events))
    steps.settle(lab)
    shuffled = random.Random(1).sample(events, COUNT)
    summary = steps.through_ralph(lab, lines(shuffled), Pace(batch_size=33))
    assert (summary.acknowledged, summary.known) == (COUNT, COUNT)
    assert steps.assert_exactly(lab, RAW["ralph"], COUNT).rows == COUNT
    steps.assert_exactly(lab, PARSED, COUNT)


def test_again_two_hours_later(lab: Lab, events: list[Statement]) -> None:
    """A replay, past every window in which ClickHouse would know a repeated block.

    The text differs, because `stored` is later, the order and the blocks differ, and another node
    takes them; identifiers and times are what they were.
    """
    first = datetime.now(timezone.utc) - timedelta(hours=2)
    replay = random.Random(2).sample(events, COUNT)
    node = len(lab.nodes) - 1
    for start in range(0, COUNT, 500):
        batch = [{**one, "stored": first.isoformat()} for one in events[start : start + 500]]
        assert steps.through_vector(lab, batch).status == 200
    for start in range(0, COUNT, 130):
        later = (first + timedelta(hours=2)).isoformat()
        batch = [{**one, "stored": later} for one in replay[start : start + 130]]
        assert steps.through_vector(lab, batch, node).status == 200
    for table in (RAW["vector"], PARSED):
        steps.assert_exactly(lab, table, COUNT)
        assert merged(lab, table) == COUNT


def test_two_ralphs_at_once_that_miss_each_other(lab: Lab, events: list[Statement]) -> None:
    """Both looked before the other wrote, so both insert: rows twice, events once."""
    rows = "\n".join(
        json.dumps(
            {"event_id": one["id"], "emission_time": one["timestamp"], "event": json.dumps(one)}
        )
        for one in events
    )
    for node in (0, len(lab.nodes) - 1):
        answer = lab.http(
            "INSERT INTO xapi.xapi_events_all FORMAT JSONEachRow",
            rows,
            node=node,
            user="lrs",
            date_time_input_format="best_effort",
            async_insert="1",
            wait_for_async_insert="1",
        )
        assert answer.status == 200, answer
    for table in (RAW["ralph"], PARSED):
        steps.assert_exactly(lab, table, COUNT)
        assert merged(lab, table) == COUNT


def test_by_ralph_and_by_vector(lab: Lab, events: list[Statement]) -> None:
    """While the source is switched, some events come both ways: they meet in the parsed table."""
    steps.through_ralph(lab, lines(events[: COUNT * 3 // 4]))
    assert steps.through_vector(lab, events[COUNT // 4 :]).status == 200
    steps.assert_exactly(lab, RAW["ralph"], COUNT * 3 // 4)
    steps.assert_exactly(lab, RAW["vector"], COUNT * 3 // 4)
    steps.assert_exactly(lab, PARSED, COUNT)
    assert merged(lab, PARSED) == COUNT


def test_learners_of_every_kind_are_on_all_shards(cluster: Lab, events: list[Statement]) -> None:
    """Whatever identifies them: no kind of identifier puts all its learners on one shard."""
    assert steps.through_vector(cluster, events).status == 200
    for table in ("openedx.xapi_events_all", "xapi.xapi_events_all_parsed"):
        shards: list[dict[str, set[str]]] = []
        for rows in cluster.on_nodes(f"SELECT toString(event_id) FROM {table}_local"):
            here = {identifier for (identifier,) in rows}
            learners: dict[str, set[str]] = {}
            for event in events:
                if event["id"] in here:
                    (kind,) = event["actor"].keys() - {"objectType"}
                    learners.setdefault(kind, set()).add(json.dumps(event["actor"]))
            shards.append(learners)
        for kind in ("account", "mbox", "mbox_sha1sum"):
            one, other = (shard[kind] for shard in shards)
            assert not one & other, f"{table}: a learner is on two shards"
            share = len(one) / (len(one) + len(other))
            assert 0.3 < share < 0.7, f"{table}: {share:.0%} of the {kind} learners on shard 1"


def test_by_the_load_command_twice(lab: Lab) -> None:
    """`aspects load` with the environment of the job image; the second run adds no event."""
    arguments = ("load", "--count", "1500", "--courses", "5", "--learners", "200", "--json")
    first, second = (json.loads(lab.aspects(*arguments).stdout) for _ in range(2))
    assert (first["acknowledged"], first["known"], first["refused"]) == (1500, 0, 0)
    assert (second["acknowledged"], second["known"], second["refused"]) == (1500, 0, 0)
    for table in (RAW["ralph"], PARSED):
        steps.assert_exactly(lab, table, 1500)
        assert merged(lab, table) == 1500
