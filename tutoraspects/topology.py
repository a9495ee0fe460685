"""From events a day to shards, replicas, keepers, Ralphs, volumes, CPU and memory.

The formula, with the constants of this module:

- events stored = events a day x (days of retention + PARTITION_DAYS); peak rate = mean rate x
  PEAK_FACTOR.
- One node without replicas or Keeper while both the events a day and the events stored stay
  within SINGLE_NODE_*. Above that two replicas of every shard, and three Keepers.
- Shards: so many that none holds more than ROWS_PER_SHARD events, nor takes more than
  EVENTS_PER_SECOND_PER_SHARD.
- A node is sized for the events of its shard, and for a full shard as soon as there are two:
  a site that grows to the next shard needs no larger volumes on the way.
- Ralph: so many pods that the peak keeps their workers RALPH_TARGET_LOAD busy, and three of them
  in a cluster, so that two go on while one is away.

More events never give less of anything. Every number can be set on its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tutoraspects.settings.setting import as_boolean, as_integer, as_number, is_auto, quantity_gib

SECONDS_PER_DAY = 86_400
GIB = 1024**3

# Load -------------------------------------------------------------------------------------------
# Rate of the busiest minutes over the mean of the day: the peak hour of a campus holds about a
# tenth of the day (2.4 times the mean), and deadlines and the start of classes double it.
PEAK_FACTOR = 5.0
# Events leave by whole monthly parts, the oldest of which stays until its last event expires.
PARTITION_DAYS = 31

# ClickHouse -------------------------------------------------------------------------------------
# Bytes that one event takes on the disk of one replica, after merges; `python -m bench.topology`
# measures them. Generated text of 1,390 bytes takes 98, and real text compresses half as well.
RAW_BYTES_PER_EVENT = 250.0  # the text with its id and time
PARSED_BYTES_PER_EVENT = 57.0  # the typed columns: 38 to 57
INDEX_BYTES_PER_EVENT = 2.4  # bloom filter on the event id
BYTES_PER_EVENT = RAW_BYTES_PER_EVENT + PARSED_BYTES_PER_EVENT + INDEX_BYTES_PER_EVENT
# Merges write the new part before they drop the old ones, and a month is one partition.
FREE_SPACE_SHARE = 0.4
# Copies of LMS models, system logs under their TTL.
BASE_VOLUME_GIB = 6.0
VOLUME_STEP_GIB = 10
# Reports over JSON text are known to fail near 300 million rows on one node. Typed columns halve
# the work of a row, hence twice the rows.
ROWS_PER_SHARD = 600_000_000
# Core seconds of one event in batches of 100: existence check, insert, views and merges together,
# 0.8 to 0.9 ms by bench/topology. Larger inserts cost less per event, so it is an upper bound.
INSERT_CORE_SECONDS_PER_EVENT = 1e-3
# Inserts may take two cores of a node at the peak.
EVENTS_PER_SECOND_PER_SHARD = 2_000.0
# A node that must be rebuilt from the archive at 30,000 events a second is back within two hours.
SINGLE_NODE_ROWS = 200_000_000
SINGLE_NODE_EVENTS_PER_DAY = 500_000
REPLICAS_IN_CLUSTER = 2
KEEPERS_IN_CLUSTER = 3
# Reports read the rows of a shard in parallel; half a core for every 75 million rows.
ROWS_PER_HALF_CORE = 75_000_000
MEMORY_MIB_PER_CORE = 4096
MINIMUM_MEMORY_MIB = 2048

# Ralph ------------------------------------------------------------------------------------------
# Events a second of one worker that takes batches of 100, with the existence check and an insert
# that waits for ClickHouse: 550 to 650 by bench/topology on two busy cores, halved for slower ones.
RALPH_EVENTS_PER_SECOND_PER_WORKER = 250.0
RALPH_TARGET_LOAD = 0.6
# A worker answers nothing while it waits for ClickHouse: a second one answers the probes.
RALPH_WORKERS = 2
RALPH_IN_CLUSTER = 3
# The autoscaler may go to this many times the pods that always run.
RALPH_BURST = 3
RALPH_CPU_PER_WORKER = 0.25
# A process of Ralph holds 105 MiB, and more while it reads a large batch.
RALPH_BASE_MEMORY_MIB = 128
RALPH_MEMORY_MIB_PER_WORKER = 192

# A limit is this many times the reserved CPU.
CPU_BURST = 2.0


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
    """The whole system's shape.

    With an external ClickHouse (`own_clickhouse` false) shards, replicas and keepers are 0: they
    are somebody else's. With Ralph switched off its replicas are 0.
    `insert_quorum` is the number of replicas that must confirm a row, 0 for no quorum.
    """

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
    own_clickhouse: bool = True
    insert_quorum: int = 0

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

    @property
    def stored_events(self) -> int:
        """Events that one copy of the whole data holds when retention has filled it."""
        return stored_events(self.events_per_day, self.retention_days)

    @property
    def mean_events_per_second(self) -> float:
        return self.events_per_day / SECONDS_PER_DAY

    @property
    def peak_events_per_second(self) -> float:
        return self.mean_events_per_second * PEAK_FACTOR


def plan(values: Mapping[str, object]) -> Plan:
    """Size the system from rendered settings; every number can be set on its own.

    Expects settings that `settings.validation` accepts; a missing one counts as `auto`.
    """
    events_per_day = _integer(values, "ASPECTS_EVENTS_PER_DAY", 10_000)
    retention_days = _integer(values, "ASPECTS_RETENTION_DAYS", 365)
    rows = stored_events(events_per_day, retention_days)
    peak = events_per_day / SECONDS_PER_DAY * PEAK_FACTOR
    own = not is_external(values)

    replicated = events_per_day > SINGLE_NODE_EVENTS_PER_DAY or rows > SINGLE_NODE_ROWS
    shards = replicas = keepers = 0
    if own:
        shards = _integer(values, "ASPECTS_CLICKHOUSE_SHARDS", _shards(rows, peak))
        replicas = _integer(
            values, "ASPECTS_CLICKHOUSE_REPLICAS", REPLICAS_IN_CLUSTER if replicated else 1
        )
        keepers = _integer(
            values, "ASPECTS_KEEPER_REPLICAS", KEEPERS_IN_CLUSTER if shards * replicas > 1 else 0
        )
    workers = _integer(values, "ASPECTS_RALPH_WORKERS", RALPH_WORKERS)
    ralphs = ralph_maximum = 0
    if as_boolean(values.get("RUN_RALPH", True)):
        capacity = workers * RALPH_EVENTS_PER_SECOND_PER_WORKER * RALPH_TARGET_LOAD
        ralphs = max(RALPH_IN_CLUSTER if replicated else 1, math.ceil(peak / capacity))
        ralphs = _integer(values, "ASPECTS_RALPH_REPLICAS", ralphs)
        ralph_maximum = _integer(values, "ASPECTS_RALPH_MAX_REPLICAS", ralphs * RALPH_BURST)
    return Plan(
        events_per_day=events_per_day,
        retention_days=retention_days,
        shards=shards,
        replicas=replicas,
        keepers=keepers,
        ralph_replicas=ralphs,
        ralph_max_replicas=ralph_maximum,
        ralph_workers=workers,
        clickhouse=_clickhouse(values, rows, peak),
        keeper=Sizing(cpu_request=0.25, cpu_limit=1.0, memory_mib=1024, volume_gib=10),
        ralph=_ralph(values, workers),
        own_clickhouse=own,
        insert_quorum=_insert_quorum(values, replicas),
    )


def stored_events(events_per_day: int, retention_days: int) -> int:
    """Events on the disks of one copy at most: the oldest month leaves as a whole."""
    return events_per_day * (retention_days + PARTITION_DAYS)


def is_external(values: Mapping[str, object]) -> bool:
    """Whether ClickHouse is run by somebody else, so that nothing of it is deployed."""
    return as_boolean(values.get("RUN_CLICKHOUSE", True)) is False or bool(
        values.get("CLICKHOUSE_CLUSTER_NAME")
    )


def _integer(values: Mapping[str, object], name: str, otherwise: int) -> int:
    value = values.get(name)
    number = None if is_auto(value) else as_integer(value)
    return otherwise if number is None else number


def _number(values: Mapping[str, object], name: str, otherwise: float) -> float:
    value = values.get(name)
    number = None if is_auto(value) else as_number(value)
    return otherwise if number is None else number


def _shards(rows: int, peak: float) -> int:
    return max(1, math.ceil(rows / ROWS_PER_SHARD), math.ceil(peak / EVENTS_PER_SECOND_PER_SHARD))


def _clickhouse(values: Mapping[str, object], rows: int, peak: float) -> Sizing:
    """One node. Shards set by hand share all events; those of the formula are never over-full."""
    shards = _integer(values, "ASPECTS_CLICKHOUSE_SHARDS", 0)
    share = rows / shards if shards else min(rows, ROWS_PER_SHARD)
    rate = peak / shards if shards else min(peak, EVENTS_PER_SECOND_PER_SHARD)
    cores = share / ROWS_PER_HALF_CORE / 2 + rate * INSERT_CORE_SECONDS_PER_EVENT
    cores = _number(values, "ASPECTS_CLICKHOUSE_CPU", max(0.5, math.ceil(cores * 2) / 2))
    memory = max(MINIMUM_MEMORY_MIB, math.ceil(cores * MEMORY_MIB_PER_CORE))
    used = share * BYTES_PER_EVENT / GIB / (1 - FREE_SPACE_SHARE) + BASE_VOLUME_GIB
    volume = _integer(
        values,
        "ASPECTS_CLICKHOUSE_VOLUME_GIB",
        math.ceil(used / VOLUME_STEP_GIB) * VOLUME_STEP_GIB,
    )
    return Sizing(
        cpu_request=cores,
        cpu_limit=cores * CPU_BURST,
        memory_mib=_integer(values, "ASPECTS_CLICKHOUSE_MEMORY_MIB", memory),
        volume_gib=quantity_gib(values.get("CLICKHOUSE_K8S_VOLUME_SIZE")) or volume,
    )


def _ralph(values: Mapping[str, object], workers: int) -> Sizing:
    cores = _number(values, "ASPECTS_RALPH_CPU", workers * RALPH_CPU_PER_WORKER)
    memory = RALPH_BASE_MEMORY_MIB + workers * RALPH_MEMORY_MIB_PER_WORKER
    return Sizing(
        cpu_request=cores,
        cpu_limit=cores * CPU_BURST,
        memory_mib=_integer(values, "ASPECTS_RALPH_MEMORY_MIB", memory),
    )


def _insert_quorum(values: Mapping[str, object], replicas: int) -> int:
    """A majority with three replicas or more; with two, writes go on while one is away."""
    quorum = _integer(
        values, "ASPECTS_CLICKHOUSE_INSERT_QUORUM", replicas // 2 + 1 if replicas >= 3 else 1
    )
    return quorum if quorum > 1 else 0
