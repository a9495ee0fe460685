"""Promise: while a shard is away writers are refused loudly; nothing acknowledged is lost.

Columns are written after the text: a node that dies in between keeps the one without the other. The
insert has failed then, and its repetition is stored and parsed again, because Ralph does not look
at texts that have just arrived. For older ones there is `aspects reparse`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest

from tests.lab.lab import Lab
from tests.scenarios import steps
from tests.scenarios.steps import PARSED, QUARANTINE, RAW
from tests.scenarios.test_03_ralph_killed import Load, under_load
from tutoraspects.events.lrs import Wire
from tutoraspects.events.stream import Generator


@pytest.mark.parametrize("victim", [1, 0], ids=["the other shard", "the shard that Ralph asks"])
def test_killed_and_started_again(cluster: Lab, victim: int) -> None:
    refusals: list[tuple[int, str]] = []

    def trouble(load: Load) -> None:
        load.wait_for(0.3)
        cluster.kill_node(victim)
        try:
            wire = Wire(steps.endpoint(cluster), timeout=10)
            for line in Generator(seed=99, count=5, learners=100).lines():
                answer = wire.post("statements", b"[" + line + b"]")
                refusals.append((answer.status, answer.reason))
            wire.close()
        finally:
            cluster.start_node(victim)

    summary = under_load(cluster, 41 + victim, trouble)
    # Loudly: none of five single statements, of learners of either shard, was taken meanwhile.
    assert {status for status, _ in refusals} == {500}, refusals
    assert summary.retries > 0, "a node was killed and nobody noticed: the kill missed the load"


def repaired(lab: Lab) -> list[dict[str, int]]:
    """What `aspects reparse` says it did to each node."""
    return list(json.loads(lab.aspects("reparse", "--json").stdout))


@contextmanager
def unparsed(lab: Lab) -> Iterator[None]:
    """Texts are stored and no columns: what a node leaves behind that dies in between."""
    views = ("xapi.xapi_events_all_ralph_mv", "xapi.xapi_events_all_vector_mv")
    for view in views:
        lab.on_nodes(f"DETACH TABLE {view}")
    try:
        yield
    finally:
        for view in views:
            lab.on_nodes(f"ATTACH TABLE {view}")


def recent(seed: int) -> list[bytes]:
    """600 statements within Ralph's look-back, one of which goes into quarantine."""
    start = datetime.now(timezone.utc) - timedelta(days=2)
    events = list(Generator(seed=seed, count=600, courses=3, learners=60, start=start))
    events[7]["result"] = {"score": {"raw": "full"}}
    return [json.dumps(event).encode() for event in events]


def test_what_a_node_had_no_time_to_parse_is_parsed_when_it_is_sent_again(lab: Lab) -> None:
    """As the LMS does, to which the first time was a failure."""
    lines = recent(44)
    with unparsed(lab):
        steps.through_ralph(lab, lines)
    steps.assert_exactly(lab, RAW["ralph"], 600)
    assert steps.count(lab, PARSED).rows == 0

    summary = steps.through_ralph(lab, lines)
    assert (summary.acknowledged, summary.known) == (600, 0)
    for table, events in ((RAW["ralph"], 600), (PARSED, 599), (QUARANTINE, 1)):
        steps.assert_exactly(lab, table, events)
    assert steps.merged(lab, RAW["ralph"]) == 600
    assert [node["lacking"] for node in repaired(lab)] == [0] * len(lab.nodes)


def test_what_nobody_sent_again_in_time_is_found_and_parsed(lab: Lab) -> None:
    """When it comes after hours, Ralph takes it as stored: `aspects reparse` makes up for it."""
    lines = recent(43)
    steps.through_ralph(lab, lines[:300])
    with unparsed(lab):
        steps.through_ralph(lab, lines[200:500])
        assert steps.through_vector(lab, map(json.loads, lines[400:])).status == 200
        steps.settle(lab)

    summary = steps.through_ralph(lab, lines[:500])
    assert summary.known == 500, "Ralph looks the statements up, and finds their text"
    assert steps.count(lab, PARSED).distinct < 300

    assert lab.aspects("reparse", "--dry-run").returncode == 0
    assert steps.count(lab, PARSED).distinct < 300
    assert sum(node["mended"] for node in repaired(lab)) >= 300
    steps.assert_exactly(lab, PARSED, 599)
    steps.assert_exactly(lab, QUARANTINE, 1)
    steps.assert_exactly(lab, RAW["ralph"], 500)
    steps.assert_exactly(lab, RAW["vector"], 200)
    assert [node["lacking"] for node in repaired(lab)] == [0] * len(lab.nodes)
    assert steps.merged(lab, PARSED) == 599
