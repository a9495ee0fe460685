"""Laboratories that the scenarios share: one node, and a cluster of two shards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab

# The real statements are years old: a shorter retention would drop them as soon as they are in.
LONG = {"ASPECTS_RETENTION_DAYS": 7_300}


@pytest.fixture(scope="package")
def one_node() -> Iterator[Lab]:
    """One ClickHouse node with its schema and a Ralph."""
    with Lab(shards=1, settings=LONG, ralph_workers=1) as lab:
        yield lab


@pytest.fixture(scope="package")
def two_shards() -> Iterator[Lab]:
    """Two shards with their schema, a gateway and a Ralph of two workers."""
    with Lab(shards=2, settings=LONG, ralph_workers=2) as lab:
        yield lab


@pytest.fixture(params=["one node", "two shards"])
def lab(request: pytest.FixtureRequest) -> Lab:
    """Each of the two laboratories in turn, without any data."""
    fixture = {"one node": "one_node", "two shards": "two_shards"}[request.param]
    running: Lab = request.getfixturevalue(fixture)
    running.truncate()
    return running


@pytest.fixture
def cluster(two_shards: Lab) -> Lab:
    """The cluster, without any data."""
    two_shards.truncate()
    return two_shards
