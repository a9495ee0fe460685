"""Laboratories with marts that the tests of this package share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab
from tests.marts.laboratory import Streams, delivered

FEW = 20


@pytest.fixture(scope="package")
def few(request: pytest.FixtureRequest) -> Iterator[tuple[Lab, Streams]]:
    """A laboratory of so many shards (its parameter) to which a few streams were delivered."""
    yield from delivered(request.param, FEW, first=0)
