"""The formula: its anchors, and that more events never give less of anything."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutoraspects import topology
from tutoraspects.topology import Plan, Sizing, plan


def of(events_per_day: int, **settings: object) -> Plan:
    return plan({"ASPECTS_EVENTS_PER_DAY": events_per_day, **settings})


def amounts(sized: Plan) -> dict[str, float]:
    """Every number that the formula decides, by name."""
    numbers: dict[str, float] = {}
    for field in fields(sized):
        value = getattr(sized, field.name)
        if isinstance(value, Sizing):
            numbers |= {
                f"{field.name}.{inner.name}": getattr(value, inner.name) for inner in fields(value)
            }
        elif not isinstance(value, bool):
            numbers[field.name] = value
    return numbers


def test_ten_thousand_events_a_day_need_one_node_and_no_keeper() -> None:
    sized = plan({})
    assert (sized.events_per_day, sized.retention_days) == (10_000, 365)
    assert (sized.shards, sized.replicas, sized.keepers) == (1, 1, 0)
    assert not sized.is_cluster
    assert [node.name for node in sized.nodes] == ["clickhouse-01-1"]
    assert sized.keeper_names == ()
    assert sized.ralph_replicas == 1


def test_three_million_events_a_day_need_a_cluster() -> None:
    sized = of(3_000_000)
    assert sized.shards >= 2
    assert sized.replicas >= 2
    assert sized.keepers == 3
    assert sized.ralph_replicas >= 3
    assert sized.is_cluster
    assert len(sized.nodes) == sized.shards * sized.replicas
    assert sized.nodes[0].name == "clickhouse-01-1"
    assert sized.nodes[-1].shard_macro == f"{sized.shards:02d}"
    assert sized.keeper_names == tuple(f"clickhouse-keeper-{n}" for n in (1, 2, 3))


def test_a_site_leaves_the_single_node_by_rate_or_by_rows() -> None:
    by_rate = topology.SINGLE_NODE_EVENTS_PER_DAY
    assert not of(by_rate).is_cluster
    assert of(by_rate + 1).is_cluster
    assert of(by_rate + 1, ASPECTS_RETENTION_DAYS=7).is_cluster
    days = topology.SINGLE_NODE_ROWS // 100_000 - topology.PARTITION_DAYS
    assert not of(100_000, ASPECTS_RETENTION_DAYS=days).is_cluster
    assert of(100_000, ASPECTS_RETENTION_DAYS=days + 1).is_cluster


@given(
    fewer=st.integers(1, 10**9),
    more=st.integers(0, 10**9),
    days=st.integers(1, 3650),
    longer=st.integers(0, 3650),
)
def test_more_events_or_days_never_give_less(fewer: int, more: int, days: int, longer: int) -> None:
    small = amounts(of(fewer, ASPECTS_RETENTION_DAYS=days))
    large = amounts(of(fewer + more, ASPECTS_RETENTION_DAYS=days + longer))
    assert {name: large[name] for name in small if large[name] < small[name]} == {}


@pytest.mark.parametrize("shards", range(1, 8))
def test_a_node_does_not_shrink_when_a_shard_is_added(shards: int) -> None:
    full = shards * topology.ROWS_PER_SHARD // (365 + topology.PARTITION_DAYS)
    before, after = of(full), of(full + 1)
    assert after.shards == before.shards + 1
    small, large = amounts(before), amounts(after)
    assert {name: large[name] for name in small if large[name] < small[name]} == {}


@given(
    fewer=st.integers(1, 10**9),
    more=st.integers(0, 10**9),
    shards=st.integers(1, 100),
)
def test_shards_set_by_hand_share_all_events(fewer: int, more: int, shards: int) -> None:
    small = of(fewer, ASPECTS_CLICKHOUSE_SHARDS=shards)
    large = of(fewer + more, ASPECTS_CLICKHOUSE_SHARDS=shards)
    assert large.clickhouse.volume_gib >= small.clickhouse.volume_gib
    stored = large.stored_events * topology.BYTES_PER_EVENT / topology.GIB
    assert large.clickhouse.volume_gib * shards > stored


@given(events=st.integers(1, 10**9), days=st.integers(1, 3650))
def test_volumes_hold_what_is_kept_with_room_for_merges(events: int, days: int) -> None:
    sized = of(events, ASPECTS_RETENTION_DAYS=days)
    stored = sized.stored_events * topology.BYTES_PER_EVENT / topology.GIB
    room = sized.shards * sized.clickhouse.volume_gib * (1 - topology.FREE_SPACE_SHARE)
    assert room >= stored * 0.999


@given(events=st.integers(1, 10**9))
def test_ralph_has_room_for_the_peak(events: int) -> None:
    sized = of(events)
    capacity = (
        sized.ralph_replicas * sized.ralph_workers * topology.RALPH_EVENTS_PER_SECOND_PER_WORKER
    )
    assert capacity * topology.RALPH_TARGET_LOAD >= sized.peak_events_per_second * 0.999
    assert sized.ralph_max_replicas > sized.ralph_replicas


OVERRIDES: list[tuple[str, object, str, object]] = [
    ("ASPECTS_CLICKHOUSE_SHARDS", 7, "shards", 7),
    ("ASPECTS_CLICKHOUSE_REPLICAS", 5, "replicas", 5),
    ("ASPECTS_KEEPER_REPLICAS", 5, "keepers", 5),
    ("ASPECTS_RALPH_REPLICAS", 11, "ralph_replicas", 11),
    ("ASPECTS_RALPH_MAX_REPLICAS", 77, "ralph_max_replicas", 77),
    ("ASPECTS_RALPH_WORKERS", 9, "ralph_workers", 9),
    ("ASPECTS_CLICKHOUSE_INSERT_QUORUM", 2, "insert_quorum", 2),
    ("ASPECTS_CLICKHOUSE_CPU", 13.5, "clickhouse.cpu_request", 13.5),
    ("ASPECTS_CLICKHOUSE_MEMORY_MIB", 4321, "clickhouse.memory_mib", 4321),
    ("ASPECTS_CLICKHOUSE_VOLUME_GIB", 77, "clickhouse.volume_gib", 77),
    ("CLICKHOUSE_K8S_VOLUME_SIZE", "2Ti", "clickhouse.volume_gib", 2048),
    ("ASPECTS_RALPH_CPU", 0.3, "ralph.cpu_request", 0.3),
    ("ASPECTS_RALPH_MEMORY_MIB", 999, "ralph.memory_mib", 999),
    # What Jinja makes of a number is text.
    ("ASPECTS_CLICKHOUSE_SHARDS", "7", "shards", 7),
    ("ASPECTS_CLICKHOUSE_CPU", "13.5", "clickhouse.cpu_request", 13.5),
]


@pytest.mark.parametrize(("setting", "value", "number", "expected"), OVERRIDES)
def test_every_derived_number_can_be_set(
    setting: str, value: object, number: str, expected: object
) -> None:
    assert amounts(of(3_000_000, **{setting: value}))[number] == expected


@pytest.mark.parametrize("value", ["auto", "", None])
def test_auto_leaves_a_number_to_the_formula(value: Any) -> None:
    everything = {setting: value for setting, *_ in OVERRIDES}
    assert of(3_000_000, **everything) == of(3_000_000)


def test_an_external_clickhouse_is_not_planned() -> None:
    for settings in (
        {"RUN_CLICKHOUSE": False},
        {"RUN_CLICKHOUSE": False, "CLICKHOUSE_CLUSTER_NAME": "analytics"},
        {"CLICKHOUSE_CLUSTER_NAME": "analytics"},
    ):
        sized = of(3_000_000, **settings)
        assert not sized.own_clickhouse
        assert (sized.shards, sized.replicas, sized.keepers) == (0, 0, 0)
        assert sized.nodes == ()
        assert not sized.is_cluster
        assert sized.ralph_replicas >= 3


def test_ralph_switched_off_is_not_planned() -> None:
    sized = of(3_000_000, RUN_RALPH=False)
    assert (sized.ralph_replicas, sized.ralph_max_replicas) == (0, 0)


@pytest.mark.parametrize(("replicas", "quorum"), [(1, 0), (2, 0), (3, 2), (4, 3), (5, 3)])
def test_quorum_is_a_majority_from_three_replicas_on(replicas: int, quorum: int) -> None:
    assert of(3_000_000, ASPECTS_CLICKHOUSE_REPLICAS=replicas).insert_quorum == quorum
