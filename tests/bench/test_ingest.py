"""The comparison with upstream's layout, at a size that takes a moment."""

from __future__ import annotations

import json
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.ingest import history, measure
from bench.ingest.__main__ import main
from bench.ingest.sides import PARSED, RAW
from bench.ingest.upstream import Upstream
from bench.plot import Line, Panel, svg
from bench.statements import Templates
from tests.lab.lab import Lab


def test_statements_get_new_ids_and_nothing_else_changes() -> None:
    templates = Templates(50)
    first, second = ([json.loads(text) for _, _, text in templates.rows(50)] for _ in range(2))
    assert not {one["id"] for one in first} & {one["id"] for one in second}
    for one, other in zip(first, second, strict=True):
        assert uuid.UUID(one.pop("id")) and uuid.UUID(other.pop("id"))
        assert one.pop("timestamp") <= other.pop("timestamp")
        assert one == other


def test_a_plot_is_a_drawing() -> None:
    line = Line("node 1 & 2", [(0.0, 3.0), (1.0, 7.0), (2.0, 0.0)])
    drawn = svg([Panel("Parts", [line]), Panel("None", [Line("x", [])])], 2.0)
    points = [one.get("points") for one in ET.fromstring(drawn).iter() if one.get("points")]
    assert len(points) == 1 and points[0] and points[0].count(",") == 3


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Lab(shards=1) as lab:  # for its directory and configuration; its node stays unused
        side = Upstream(lab.directory, lab.ports, lab.rendering)
        try:
            side.start()
            yield side
        finally:
            side.kill()


def test_history_is_spread_over_time_and_its_copies_are_other_events(upstream: Upstream) -> None:
    history.prepare(upstream)
    assert history.extend(upstream, 0, 3 * history.SEED_ROWS) == 60_000
    assert upstream.number(f"SELECT uniqExact(event_id) FROM {RAW}") == 60_000
    assert upstream.number(f"SELECT count() FROM {PARSED} WHERE org != ''") > 30_000
    days = "dateDiff('hour', min(emission_time), max(emission_time)) / 24"
    assert upstream.number(f"SELECT toUInt32(10 * {days}) FROM {RAW}") == 14
    same = "JSONExtractString(event, 'id') = toString(event_id) AND parseDateTime64BestEffort("
    same += "JSONExtractString(event, 'timestamp'), 6) = emission_time"
    assert upstream.number(f"SELECT count() FROM {RAW} WHERE NOT ({same})") == 0


def test_upstream_reads_the_whole_table_for_one_id(upstream: Upstream) -> None:
    stored = upstream.number(f"SELECT count() FROM {RAW}")
    assert stored
    assert measure.existence(upstream, 1, 2, upstream.ralph_login).rows_read == stored


def test_plain_inserts_arrive(upstream: Upstream) -> None:
    before = upstream.number(f"SELECT count() FROM {RAW}")
    assert measure.raw_rate(upstream, Templates(20), 300, 100) > 0
    assert upstream.number(f"SELECT count() FROM {RAW}") - before == 300


@pytest.mark.slow
def test_the_whole_comparison(tmp_path: Path) -> None:
    arguments = "--events 40000 --rounds 1 --seconds 2 --bulk-rows 2000 --checks 5 --workers 2"
    done = CliRunner().invoke(main, [*arguments.split(), "--output", str(tmp_path)])
    assert done.exit_code == 0, done.output
    result = json.loads((tmp_path / "ingest.json").read_text())
    assert {check["stored"] for check in result["checks"]} == {20_000, 40_000, 80_000}
    for way in ("queued", "immediate"):
        for batch in ("1", "100"):
            for side in ("upstream", "one node", "2 shards"):
                assert result["ingest"][way][batch][side]["events"] > 0
    assert "batches of 100, 2 shards" in (tmp_path / "ingest.md").read_text()
