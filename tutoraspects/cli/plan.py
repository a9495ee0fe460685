"""A plan in words, and as data for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from tutoraspects.settings.setting import is_auto
from tutoraspects.topology import Plan, Sizing

Row = tuple[str, str, str, str]


def as_data(plan: Plan) -> dict[str, Any]:
    """The plan as JSON has it. CPU in cores, memory in MiB, volumes in GiB, rates per second."""
    return {
        "events_per_day": plan.events_per_day,
        "retention_days": plan.retention_days,
        "mean_events_per_second": round(plan.mean_events_per_second, 2),
        "peak_events_per_second": round(plan.peak_events_per_second, 2),
        "stored_events": plan.stored_events,
        "clickhouse": {
            "deployed": plan.own_clickhouse,
            "cluster": plan.is_cluster,
            "shards": plan.shards,
            "replicas": plan.replicas,
            "nodes": [node.name for node in plan.nodes],
            "insert_quorum": plan.insert_quorum,
            **asdict(plan.clickhouse),
        },
        "keeper": {"replicas": plan.keepers, **asdict(plan.keeper)},
        "ralph": {
            "replicas": plan.ralph_replicas,
            "max_replicas": plan.ralph_max_replicas,
            "workers": plan.ralph_workers,
            **asdict(plan.ralph),
        },
        "total": total(plan),
    }


def total(plan: Plan) -> dict[str, float]:
    """What the whole system reserves while Ralph runs its usual number of pods."""
    parts: list[tuple[int, Sizing]] = [
        (len(plan.nodes), plan.clickhouse),
        (plan.keepers, plan.keeper),
        (plan.ralph_replicas, plan.ralph),
    ]
    return {
        "cpu_request": round(sum(count * size.cpu_request for count, size in parts), 2),
        "memory_mib": sum(count * size.memory_mib for count, size in parts),
        "volume_gib": sum(count * size.volume_gib for count, size in parts),
    }


def as_text(plan: Plan, values: Mapping[str, object]) -> str:
    """The plan as a table: what, how much, and the setting that changes it."""
    heading = (
        f"{plan.events_per_day:,} events a day, {plan.retention_days:,} days kept: "
        f"{plan.mean_events_per_second:,.1f} a second on average, "
        f"{plan.peak_events_per_second:,.1f} at the peak, {plan.stored_events:,} stored."
    )
    rows: list[Row] = [("WHAT", "HOW MUCH", "FROM", "SETTING"), *_rows(plan, values)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    table = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    reserved = total(plan)
    footer = (
        f"Reserved altogether: {reserved['cpu_request']:g} CPU cores, "
        f"{reserved['memory_mib'] / 1024:,.1f} GiB of memory, "
        f"{reserved['volume_gib']:,} GiB of volumes."
    )
    return f"{heading}\n\n{table}\n\n{footer}"


def _rows(plan: Plan, values: Mapping[str, object]) -> Iterator[Row]:
    def row(what: str, amount: str, setting: str) -> Row:
        return (what, amount, "formula" if is_auto(values.get(setting)) else "set", setting)

    if plan.own_clickhouse:
        yield row("ClickHouse shards", f"{plan.shards}", "ASPECTS_CLICKHOUSE_SHARDS")
        yield row("replicas of each shard", f"{plan.replicas}", "ASPECTS_CLICKHOUSE_REPLICAS")
        # The server's 0 means what 1 says: the replica that took the insert is enough.
        confirming = plan.insert_quorum or 1
        quorum = f"{confirming} replica{'' if confirming == 1 else 's'}"
        yield row("quorum of inserts", quorum, "ASPECTS_CLICKHOUSE_INSERT_QUORUM")
        node = plan.clickhouse
        cpu = f"{node.cpu_request:g} cores, {node.cpu_limit:g} at most"
        yield row("CPU of each node", cpu, "ASPECTS_CLICKHOUSE_CPU")
        memory = f"{node.memory_mib:,} MiB"
        yield row("memory of each node", memory, "ASPECTS_CLICKHOUSE_MEMORY_MIB")
        by_upstream_name = not is_auto(values.get("CLICKHOUSE_K8S_VOLUME_SIZE"))
        yield row(
            "volume of each node",
            f"{node.volume_gib:,} GiB",
            "CLICKHOUSE_K8S_VOLUME_SIZE" if by_upstream_name else "ASPECTS_CLICKHOUSE_VOLUME_GIB",
        )
        yield row("Keepers", f"{plan.keepers}", "ASPECTS_KEEPER_REPLICAS")
    else:
        host = str(values.get("CLICKHOUSE_HOST", ""))
        yield ("ClickHouse", f"not deployed here, runs on {host}", "set", "RUN_CLICKHOUSE")
    if plan.ralph_replicas:
        yield row("Ralph pods", f"{plan.ralph_replicas}", "ASPECTS_RALPH_REPLICAS")
        most = f"{plan.ralph_max_replicas}"
        yield row("Ralph pods at most", most, "ASPECTS_RALPH_MAX_REPLICAS")
        yield row("workers of each pod", f"{plan.ralph_workers}", "ASPECTS_RALPH_WORKERS")
        cpu = f"{plan.ralph.cpu_request:g} cores, {plan.ralph.cpu_limit:g} at most"
        yield row("CPU of each pod", cpu, "ASPECTS_RALPH_CPU")
        yield row(
            "memory of each pod", f"{plan.ralph.memory_mib:,} MiB", "ASPECTS_RALPH_MEMORY_MIB"
        )
    else:
        yield ("Ralph", "not deployed here", "set", "RUN_RALPH")
