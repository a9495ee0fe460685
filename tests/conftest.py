"""Laboratories for all tests, and what to read when one of their tests fails."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.inspection import summary
from tests.lab.lab import PARTS, Lab
from tests.lab.ports import Ports
from tests.lab.s3 import S3

pytest.register_assert_rewrite("tests.scenarios.steps")

StartLab = Callable[..., Lab]
# Files that take minutes go first, or the last of them would keep one worker alone at the end.
LONGEST = ("tests/marts/", "tests/scenarios/", "tests/schema/", "tests/bench/")


@pytest.fixture(scope="session")
def one_node() -> Iterator[Lab]:
    """One ClickHouse node with its schema. Shared: use databases of your own, or `truncate()`."""
    with Lab(shards=1, schema=True) as lab:
        yield lab


@pytest.fixture(scope="session")
def cluster() -> Iterator[Lab]:
    """Two shards with their schema. Shared: use databases of your own, or `truncate()`."""
    with Lab(shards=2, schema=True) as lab:
        yield lab


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """moto's S3, without any ClickHouse (see Lab(s3=True) for both)."""
    ports = Ports()
    with tempfile.TemporaryDirectory(prefix="aspects-s3-") as directory:
        server = S3(PARTS, Path(directory), ports.take())
        server.start()
        try:
            server.wait_ready()
            yield server
        finally:
            server.kill()
            ports.close()


@pytest.fixture
def start_lab() -> Iterator[StartLab]:
    """A function that starts a laboratory (arguments of Lab) which only this test uses."""
    labs: list[Lab] = []

    def start(*arguments: Any, **options: Any) -> Lab:
        lab = Lab(*arguments, **options)
        labs.append(lab)
        return lab.start()

    start.labs = labs  # type: ignore[attr-defined]
    yield start
    for lab in labs:
        lab.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Workers are given the files in this order (see `make test`)."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """When a test fails, keep the logs of the laboratories it used and say where they are."""
    report = yield
    if report.failed:
        for lab in _labs_of(item):
            lab.failed = True
            report.sections.append((f"laboratory in {lab.directory}", summary(lab)))
    return report


def _labs_of(item: pytest.Item) -> list[Lab]:
    used = getattr(item, "funcargs", {}).values()
    labs = [value for value in used if isinstance(value, Lab)]
    for value in used:
        labs.extend(getattr(value, "labs", []))
    return labs
