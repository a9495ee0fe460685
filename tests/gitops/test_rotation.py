"""A password is changed while a client works: no request fails, and the old one ends.

Two real nodes are restarted one after the other with the rendered configuration of each step, as
Kubernetes does it. The client stands for Ralph behind the Service `clickhouse`: it is sent to nodes
that are ready, and a node that is going away gets no new requests.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.conftest import StartLab
from tests.helpers import dummy
from tests.lab.configuration import users_xml
from tests.lab.lab import HOSTS, Lab
from tests.lab.node import ClickHouseNode
from tests.lab.rendering import render

NAME = "ASPECTS_CLICKHOUSE_LRS_PASSWORD"
SECOND = "ASPECTS_CLICKHOUSE_SECOND_PASSWORDS"
OLD, NEW = dummy(NAME), "a-new-password-of-ch-lrs"

# The three steps of docs/how-to/passwords.md.
BOTH = {SECOND: {"LRS": NEW}}
EXCHANGED = {NAME: NEW, SECOND: {"LRS": OLD}}
AFTER = {NAME: NEW}


def ask(node: ClickHouseNode, password: str) -> int:
    """The status of one query as Ralph's user."""
    connection = http.client.HTTPConnection(node.host, node.http_port, timeout=10)
    try:
        headers = {"X-ClickHouse-User": "ch_lrs", "X-ClickHouse-Key": password}
        connection.request("POST", "/", body="SELECT 1", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


class Service:
    """Sends requests to the nodes that are in service, one after the other."""

    def __init__(self, lab: Lab) -> None:
        self.serving = list(lab.nodes)
        self.password = OLD
        self.done, self.failed = 0, []  # type: ignore[var-annotated]
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._loop) for _ in range(2)]

    def __enter__(self) -> Service:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _loop(self) -> None:
        turn = 0
        while not self._end.wait(0.01):
            with self._lock:
                node, password = self.serving[turn % len(self.serving)], self.password
            turn += 1
            try:
                status: object = ask(node, password)
            except (OSError, http.client.HTTPException) as error:
                status = repr(error)
            with self._lock:
                self.done += 1
                if status != 200:
                    self.failed.append((node.name, status))

    def without(self, node: ClickHouseNode, restart: Callable[[], None]) -> None:
        """Take a node out of service, let its requests end, restart it, take it back."""
        with self._lock:
            self.serving.remove(node)
        time.sleep(0.5)
        restart()
        with self._lock:
            self.serving.append(node)
        time.sleep(0.3)


def roll(lab: Lab, service: Service, settings: Mapping[str, Any]) -> None:
    """Restart every node with what these settings render, one after the other."""
    layout = {"ASPECTS_CLICKHOUSE_SHARDS": 2, "ASPECTS_CLICKHOUSE_REPLICAS": 1}
    rendering = render({**HOSTS, **layout, **settings})
    environment = rendering.nodes[0].environment
    hashes = {name: text for name, text in environment.items() if name.endswith("_SHA256")}
    for node in lab.nodes:

        def restart(node: ClickHouseNode = node) -> None:
            node.kill()
            folder = node.directory
            (folder / "users.xml").write_text(users_xml(rendering.xml("users.xml")), "utf8")
            patch = rendering.xml("users-patch.xml")
            (folder / "users.d/zz-patches.xml").write_text(patch, "utf8")
            node.process.env = {**node.process.env, **hashes}
            node.start()
            node.wait_ready()

        service.without(node, restart)


@pytest.fixture
def lab(start_lab: StartLab) -> Lab:
    return start_lab(shards=2, replicas=1)


def test_no_request_fails_and_the_old_password_ends(lab: Lab) -> None:
    with Service(lab) as service:
        time.sleep(0.5)
        roll(lab, service, BOTH)
        # The clients are restarted with the new one, in any order: the nodes take either.
        assert {ask(node, password) for node in lab.nodes for password in (OLD, NEW)} == {200}
        service.password = NEW
        time.sleep(0.5)
        roll(lab, service, EXCHANGED)
        assert {ask(node, password) for node in lab.nodes for password in (OLD, NEW)} == {200}
        roll(lab, service, AFTER)
        time.sleep(0.5)
    assert service.failed == []
    assert service.done > 100
    assert {ask(node, OLD) for node in lab.nodes} == {403}
    assert {ask(node, NEW) for node in lab.nodes} == {200}


def test_without_the_overlap_requests_fail(lab: Lab) -> None:
    """What the steps are for: the same loop, and the password changed in one go."""
    with Service(lab) as service:
        time.sleep(0.3)
        roll(lab, service, AFTER)
        time.sleep(0.3)
    assert service.failed and {status for _, status in service.failed} == {403}
