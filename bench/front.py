"""A Ralph, and what stands between it and ClickHouse."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.lab import PARTS
from tests.lab.ports import Ports, accepts
from tests.lab.processes import Process
from tests.lab.ralph import Ralph
from tests.lab.rendering import ROOT, Rendering

# How inserts reach the tables: collected by the queue of asynchronous inserts as on a real server,
# or at once as on the laboratory's bare nodes.
WAYS = ("queued", "immediate")


@dataclass(frozen=True)
class Front:
    """A Ralph, and the queue of asynchronous inserts behind it or nothing."""

    ralph: Ralph
    queue: Process | None = None

    @classmethod
    def make(
        cls,
        way: str,
        folder: Path,
        ports: Ports,
        rendering: Rendering,
        node_port: int,
        workers: int,
        environment: Mapping[str, str] | None = None,
        bounds_ms: tuple[float, float] | None = None,
    ) -> Front:
        """One of WAYS before a node's HTTP port; `bounds_ms` as in bench.insert_queue."""
        folder.mkdir()
        queue = None
        if way == "queued":
            port = ports.take()
            numbers = map(str, (port, node_port, *(bounds_ms or ())))
            argv = [sys.executable, "-m", "bench.insert_queue", *numbers]
            env = {"PATH": os.environ["PATH"]}
            queue = Process(f"{folder.name}-queue", argv, folder / "queue.log", env, ROOT)
            node_port = port
        ralph = Ralph(rendering, PARTS, folder, ports.take(), node_port, workers, environment)
        return cls(ralph, queue)

    def start(self) -> None:
        """Start both and wait until they answer. Raises LabError."""
        if self.queue:
            self.queue.start()
            self.queue.wait_ready(lambda: accepts(self.ralph.clickhouse_port))
        self.ralph.start()
        self.ralph.wait_ready()

    def kill(self) -> None:
        self.ralph.kill()
        if self.queue:
            self.queue.kill()
