"""Laboratories for the schema's tests. They keep events for decades: samples are years old."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab

LONG = {"ASPECTS_RETENTION_DAYS": 7_300}


@pytest.fixture(scope="package")
def shared_node() -> Iterator[Lab]:
    """One node with its schema."""
    with Lab(shards=1, settings=LONG, schema=True) as lab:
        yield lab


@pytest.fixture(scope="package")
def shared_pair() -> Iterator[Lab]:
    """Two shards with their schema."""
    with Lab(shards=2, settings=LONG, schema=True) as lab:
        yield lab


@pytest.fixture
def node(shared_node: Lab) -> Lab:
    """One node, without any data."""
    shared_node.truncate()
    return shared_node


@pytest.fixture
def pair(shared_pair: Lab) -> Lab:
    """Two shards, without any data."""
    shared_pair.truncate()
    return shared_pair
