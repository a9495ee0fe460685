"""From events a day to shards, replicas, keepers, Ralphs, volumes, CPU and memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """One ClickHouse server. `shard` and `replica` count from 1."""

    shard: int
    replica: int

    @property
    def name(self) -> str:
        """Host name with Docker Compose, e.g. `clickhouse-01-2`."""
        return f"clickhouse-{self.shard:02d}-{self.replica}"

    @property
    def shard_macro(self) -> str:
        return f"{self.shard:02d}"


@dataclass(frozen=True)
class Sizing:
    """What one instance of a service gets. CPU in cores, memory in MiB, volume in GiB."""

    cpu_request: float
    cpu_limit: float
    memory_mib: int
    volume_gib: int = 0


@dataclass(frozen=True)
class Plan:
    """The whole system's shape."""

    events_per_day: int
    retention_days: int
    shards: int
    replicas: int
    keepers: int
    ralph_replicas: int
    ralph_max_replicas: int
    ralph_workers: int
    clickhouse: Sizing
    keeper: Sizing
    ralph: Sizing

    @property
    def is_cluster(self) -> bool:
        return self.shards * self.replicas > 1

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(
            Node(shard, replica)
            for shard in range(1, self.shards + 1)
            for replica in range(1, self.replicas + 1)
        )

    @property
    def keeper_names(self) -> tuple[str, ...]:
        return tuple(f"clickhouse-keeper-{n}" for n in range(1, self.keepers + 1))


def plan(values: Mapping[str, object]) -> Plan:
    """Size the system from rendered settings; every number can be set on its own."""
    raise NotImplementedError
