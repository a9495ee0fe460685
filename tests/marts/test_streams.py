"""The streams have in them what makes marts go wrong."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone

import pytest

from tests.marts.delivery import plan
from tests.marts.laboratory import world_of
from tests.marts.reference import MARTS
from tests.marts.regressions import REGRESSIONS, Regression
from tests.marts.streams import Stream, make
from tutoraspects.access.marts import marts
from tutoraspects.access.model import Names

INNER = {"dim_retired_learners"}  # hashes, which say nothing alone
NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def streams() -> list[Stream]:
    return [make(seed, NOW) for seed in range(20)]


def test_a_seed_means_a_stream(streams: list[Stream]) -> None:
    assert make(7, NOW).statements == streams[7].statements
    assert make(7, NOW).dumps == streams[7].dumps


def test_every_mart_has_rows(streams: list[Stream]) -> None:
    world = world_of(streams, pii=True)
    assert not [mart.name for mart in MARTS if not list(mart.rows(world))]


def test_every_public_model_is_compared() -> None:
    """A new mart is not left out of the property test."""
    public = {
        ".".join(mart.of(Names()))
        for mart in marts()
        if not mart.name.startswith("int_") and mart.name not in INNER
    }
    assert public == {mart.name for mart in MARTS}


def test_moments_are_shared_and_go_backwards(streams: list[Stream]) -> None:
    times = [one["emission_time"] for one in world_of(streams).events]
    assert max(Counter(times).values()) > 1
    told = [one["timestamp"] for one in streams[0].statements]
    assert told != sorted(told)


def test_every_statement_is_delivered_at_some_stage(streams: list[Stream]) -> None:
    for stream in streams:
        sent = {
            one["id"]
            for batches in plan(stream).batches.values()
            for batch in batches
            for one in batch.statements
        }
        assert sent == {one["id"] for one in stream.statements + stream.poison}


def test_copies_come_before_and_after(streams: list[Stream]) -> None:
    stages: Counter[str] = Counter()
    copies = 0
    for stream in streams:
        counts: Counter[str] = Counter()
        for stage, batches in plan(stream).batches.items():
            for batch in batches:
                stages[stage] += len(batch.statements)
                counts.update(one["id"] for one in batch.statements)
        copies += sum(count > 1 for count in counts.values())
    assert set(stages) == {"before", "during", "after", "late"}
    assert copies > 300


@pytest.mark.parametrize("case", REGRESSIONS, ids=lambda case: case.shows.__name__)
def test_a_regression_still_shows_what_it_showed(case: Regression) -> None:
    assert case.shows(world_of([make(case.seed, NOW)], pii=True)), case.found
