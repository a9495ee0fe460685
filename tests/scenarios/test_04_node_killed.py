"""Promise: while a shard is away writers are refused loudly; nothing acknowledged is lost."""

from __future__ import annotations

import pytest

from tests.lab.lab import Lab
from tests.scenarios import steps
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
