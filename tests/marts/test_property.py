"""Promise: the same events give the same answers.

Random streams, delivered in any order, any number of times, in blocks of any size, before, while
and after the marts are built, to one, two and three shards: every mart holds exactly what plain
Python makes of the distinct events.
"""

from __future__ import annotations

import pytest

from tests.marts.comparison import compare, report
from tests.marts.laboratory import Streams, start
from tests.marts.regressions import REGRESSIONS

FEW = 20
MANY = 210
SHARDS = (1, 2, 3)


def seeds(shards: int, count: int, first: int) -> list[int]:
    """A laboratory's share of the seeds, and of those that were once answered wrongly."""
    chosen = [*range(first, first + count), *sorted(REGRESSIONS)]
    return [seed for seed in dict.fromkeys(chosen) if seed % len(SHARDS) == shards - 1]


def assert_answers(shards: int, count: int, first: int) -> None:
    pii = shards == 2
    streams = Streams(seeds(shards, count, first), pii=pii)
    with start(shards, pii=pii) as lab:
        streams.deliver(lab)
        wrong = compare(lab, streams.world())
        assert not wrong, report(wrong)


@pytest.mark.parametrize("shards", SHARDS)
def test_every_mart_equals_the_reference(shards: int) -> None:
    assert_answers(shards, FEW, first=0)


@pytest.mark.slow
@pytest.mark.parametrize("shards", SHARDS)
def test_every_mart_equals_the_reference_for_many_streams(shards: int) -> None:
    assert_answers(shards, MANY, first=100)
