"""The two systems that are compared, as the benchmark uses them."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.front import WAYS, Front
from tests.lab.http_client import HttpAnswer, ask
from tests.lab.lab import Lab
from tests.lab.node import ClickHouseNode
from tests.lab.ports import Ports
from tests.lab.processes import LabError
from tests.lab.rendering import Rendering

RAW = "xapi.xapi_events_all"
PARSED = "xapi.xapi_events_all_parsed"
# Merges of what a round wrote belong to its cost; this long they are waited for, in seconds.
_MERGE_PATIENCE = 20.0


class Side(ABC):
    """ClickHouse nodes, and before the first of them one Ralph for each way of inserting."""

    name: str
    nodes: Sequence[ClickHouseNode]
    fronts: Mapping[str, Front]

    def start_fronts(
        self,
        directory: Path,
        ports: Ports,
        rendering: Rendering,
        workers: int,
        environment: Mapping[str, str],
    ) -> None:
        """Start a Ralph for each way. Raises LabError."""
        self.fronts = {}
        for way in WAYS:
            folder = directory / f"{self.name}-{way}".replace(" ", "-")
            node = self.nodes[0].http_port
            front = Front.make(way, folder, ports, rendering, node, workers, environment)
            self.fronts = {**self.fronts, way: front}
            front.start()

    def kill_fronts(self) -> None:
        for front in getattr(self, "fronts", {}).values():
            front.kill()

    @property
    @abstractmethod
    def admin(self) -> tuple[str, str]:
        """User and password that may do everything."""

    @property
    @abstractmethod
    def ralph_login(self) -> tuple[str, str]:
        """User and password that Ralph has in ClickHouse."""

    @abstractmethod
    def stop_views(self) -> None:
        """Drop the views behind the raw table, for good."""

    def ask(
        self,
        query: str,
        data: bytes = b"",
        *,
        login: tuple[str, str] | None = None,
        node: int = 0,
        parameters: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Run a query on a node. Raises LabError when the server refuses it."""
        answer = ask(
            self.nodes[node].http_port,
            login or self.admin,
            {"query": query, **(parameters or {})},
            data,
        )
        if answer.status != 200:
            raise LabError(f"{self.name}: {query[:200]}: {answer[:500]}")
        return answer

    def number(self, query: str) -> int:
        """The one number that a query answers."""
        return int(self.ask(query).strip())

    def cpu(self) -> float:
        """CPU seconds of the ClickHouse nodes so far."""
        return sum(node.process.cpu_seconds() for node in self.nodes)

    def settle(self) -> None:
        """Wait until no node merges any more."""
        deadline = time.monotonic() + _MERGE_PATIENCE
        while time.monotonic() < deadline:
            merging = "SELECT count() FROM system.merges WHERE database = 'xapi'"
            if not any(int(self.ask(merging, node=index)) for index in range(len(self.nodes))):
                return
            time.sleep(0.1)


class Ours(Side):
    """One node or several shards, and Ralph's workers, as the templates configure them."""

    def __init__(self, lab: Lab, workers: int) -> None:
        shards = len(lab.nodes)
        self.name = "one node" if shards == 1 else f"{shards} shards"
        self.lab = lab
        self.nodes = lab.nodes
        self.start_fronts(lab.directory, lab.ports, lab.rendering, workers, {})

    @property
    def admin(self) -> tuple[str, str]:
        return self.lab.rendering.users["admin"], self.lab.rendering.passwords["admin"]

    @property
    def ralph_login(self) -> tuple[str, str]:
        return self.lab.rendering.users["lrs"], self.lab.rendering.passwords["lrs"]

    def stop_views(self) -> None:
        for node in range(len(self.nodes)):
            self.ask("DROP VIEW xapi.xapi_events_all_ralph_mv SYNC", node=node)
