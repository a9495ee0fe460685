"""`python -m bench.day`: a day of 3,000,000 events through Ralph, as fast as the machine takes it.

The day follows the daily curve with its peak hour in the timestamps of its statements, and is sent
hour after hour without a pause: what is the load of the peak hour in life is that of every hour
here. At the end every statement must be stored exactly once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click

from bench import machine
from bench.day import samples as sampling
from bench.front import WAYS, Front
from bench.grid import grid
from tests.lab.lab import Lab
from tests.lab.processes import LabError
from tutoraspects.errors import AspectsError
from tutoraspects.events import clock
from tutoraspects.events.lrs import Endpoint
from tutoraspects.events.progress import Progress
from tutoraspects.events.send import Pace, Summary, send
from tutoraspects.events.stream import Generator
from tutoraspects.topology import plan

BATCH = 100
# From 300 active parts in a partition on, ClickHouse is known to fall behind with merging.
MOST_PARTS = 300
RAW, PARSED = "xapi.xapi_events_all", "xapi.xapi_events_all_parsed"


@click.command()
@click.option("--events", default=3_000_000, show_default=True, help="Events of the day.")
@click.option("--connections", default=32, show_default=True, help="Batches at a time.")
@click.option("--workers", default=16, show_default=True, help="Ralph's workers.")
@click.option("--inserts", type=click.Choice(WAYS), default=WAYS[0], show_default=True)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Where to write day.json and day.md.  [default: nowhere]",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to draw parts, memory and rate as SVG.  [default: nowhere]",
)
def main(
    events: int,
    connections: int,
    workers: int,
    inserts: str,
    output: Path | None,
    plot: Path | None,
) -> None:
    """Send a day of events and watch parts and memory. Exit 1 when a count is off."""
    settings = {"ASPECTS_EVENTS_PER_DAY": 3_000_000}
    made = plan(settings)
    try:
        with Lab(shards=2, replicas=1, settings=settings, schema=True) as lab:
            front = Front.make(
                inserts,
                lab.directory / "front",
                lab.ports,
                lab.rendering,
                lab.nodes[0].http_port,
                workers,
            )
            try:
                front.start()
                facts = machine.facts(lab)
                file = lab.directory / "day.ndjson"
                day = _prepare(file, events)
                result, taken = _send(lab, front, file, events, connections)
                result |= _count(lab)
            finally:
                front.kill()
    except (AspectsError, LabError) as error:
        raise click.ClickException(str(error)) from error
    result = {
        "machine": facts,
        "events": events,
        "inserts": inserts,
        "connections": connections,
        "workers": workers,
        "shards": made.shards,
        "peak_hour_events": max(day),
        **result,
    }
    _judge(result, made.clickhouse.memory_mib)
    text = _markdown(result)
    click.echo(text)
    if output:
        output.mkdir(parents=True, exist_ok=True)
        kept = {**result, "samples": sampling.as_rows(taken)}
        (output / "day.json").write_text(json.dumps(kept) + "\n")
        (output / "day.md").write_text(text)
    if plot:
        plot.write_text(sampling.plot(taken))
    if result["failures"]:
        raise click.ClickException("; ".join(result["failures"]))


def _prepare(file: Path, events: int) -> list[int]:
    """Write yesterday's statements; events by hour."""
    midnight = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight - timedelta(days=1)
    hours = [0] * 26  # sessions that begin before midnight end after it
    generator = Generator(count=events, start=start, days=1, seed=11)
    with file.open("wb") as lines, Progress("statements made", events) as progress:
        for number, line in enumerate(generator.lines(), 1):
            lines.write(line + b"\n")
            at = line.index(b'"timestamp":"') + 13
            moment = datetime.fromisoformat(line[at : at + 19].decode() + "+00:00")
            hours[min(25, int((moment - start) / timedelta(hours=1)))] += 1
            if not number % 1000:
                progress.advance(number)
    return hours


def _send(
    lab: Lab, front: Front, file: Path, events: int, connections: int
) -> tuple[dict[str, Any], list[sampling.Sample]]:
    endpoint = Endpoint(front.ralph.url, front.ralph.username, front.ralph.password)
    sampler = sampling.Sampler(lab, front.ralph)
    cpu = _cpu(lab, front)
    sampler.start()
    with Progress("statements sent", events) as progress:

        def told(summary: Summary) -> None:
            sampler.sent = summary.settled
            progress.advance(summary.settled)

        pace = Pace(batch_size=BATCH, connections=connections)
        summary = send(_lines(file), endpoint, pace, told)
    time.sleep(2 * sampling.PERIOD)
    taken = sampler.stop()
    spent = [after - before for after, before in zip(_cpu(lab, front), cpu, strict=True)]
    names = ("clickhouse_us", "ralph_us", "queue_us")
    return {
        "sent": summary.as_dict(),
        **{name: one / events * 1e6 for name, one in zip(names, spent, strict=True)},
        "most_raw_parts": max(sample.raw_parts for sample in taken),
        "most_parsed_parts": max(sample.parsed_parts for sample in taken),
        "most_node_mib": max(max(sample.node_mib) for sample in taken),
        "most_tracked_mib": max(max(sample.tracked_mib) for sample in taken),
        "most_ralph_mib": max(sample.ralph_mib for sample in taken),
    }, taken


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as lines:
        yield from (line.rstrip(b"\n") for line in lines)


def _cpu(lab: Lab, front: Front) -> tuple[float, float, float]:
    queue = front.queue.cpu_seconds() if front.queue else 0.0
    nodes = sum(node.process.cpu_seconds() for node in lab.nodes)
    return nodes, front.ralph.cpu_seconds(), queue


def _count(lab: Lab) -> dict[str, Any]:
    """What is stored, counted to the last event."""
    client = lab.client()
    found: dict[str, Any] = {}
    for name, query in (
        ("raw", f"SELECT uniqExact(event_id) FROM {RAW}"),
        ("parsed", f"SELECT uniqExact(event_id) FROM {PARSED}"),
        ("quarantined", "SELECT count() FROM xapi.xapi_events_quarantine"),
        (
            "bytes_per_event",
            "SELECT sum(bytes_on_disk) FROM clusterAllReplicas('aspects', system.parts) "
            "WHERE active AND database = 'xapi'",
        ),
    ):
        found[name] = client.execute(query)[0][0]
    found["bytes_per_event"] /= max(1, found["raw"])
    return {"stored": found}


def _judge(result: dict[str, Any], memory_mib: int) -> None:
    """What went wrong, in `failures`; what the rate means, in events a day."""
    events, stored = result["events"], result["stored"]
    failures = []
    for name in ("raw", "parsed"):
        if stored[name] != events:
            failures.append(f"{events} events sent, {stored[name]} {name} stored")
    if stored["quarantined"] or result["sent"]["acknowledged"] != events:
        failures.append(f"quarantined: {stored['quarantined']}, sender: {result['sent']}")
    if max(result["most_raw_parts"], result["most_parsed_parts"]) >= MOST_PARTS:
        failures.append(f"{MOST_PARTS} active parts or more in one partition")
    if result["most_node_mib"] > memory_mib:
        failures.append(f"a node took more than the plan's {memory_mib} MiB")
    rate = result["sent"]["events_per_second"]
    result["failures"] = failures
    result["flat_events_per_day"] = rate * 86_400
    result["curved_events_per_day"] = rate * 86_400 / clock.peak_factor()


def _markdown(result: dict[str, Any]) -> str:
    sent, stored = result["sent"], result["stored"]
    peak = result["peak_hour_events"]
    rows = [
        ("events sent and acknowledged", f"{sent['acknowledged']:,}"),
        ("distinct events stored, raw and parsed", f"{stored['raw']:,} and {stored['parsed']:,}"),
        ("quarantined", f"{stored['quarantined']:,}"),
        ("time for the whole day", f"{sent['seconds'] / 60:.1f} min"),
        ("events per second", f"{sent['events_per_second']:,.0f}"),
        ("the day's peak hour", f"{peak:,} events, {peak / 3600:,.0f} a second"),
        ("acknowledged after, p50 and p99", f"{_latencies(sent)} ms"),
        ("events a day at this rate, around the clock", f"{result['flat_events_per_day']:,.0f}"),
        (
            "events a day with the curve, its peak hour at this rate",
            f"{result['curved_events_per_day']:,.0f}",
        ),
        (
            "most active parts in a partition, raw and parsed",
            f"{result['most_raw_parts']} and {result['most_parsed_parts']}",
        ),
        ("most memory of a node", f"{result['most_node_mib']:,.0f} MiB"),
        ("of it counted by ClickHouse", f"{result['most_tracked_mib']:,.0f} MiB"),
        (
            f"most memory of Ralph's {result['workers']} workers",
            f"{result['most_ralph_mib']:,.0f} MiB",
        ),
        (
            "CPU µs per event, ClickHouse, Ralph, insert queue",
            f"{result['clickhouse_us']:,.0f}, {result['ralph_us']:,.0f}, {result['queue_us']:,.0f}",
        ),
        ("bytes on disk per event", f"{stored['bytes_per_event']:,.0f}"),
    ]
    measured = grid(("A day", ""), rows)
    return measured + "\n" + grid(("Measured on", ""), result["machine"].items())


def _latencies(sent: dict[str, Any]) -> str:
    return f"{sent['latency_p50_ms']:,.0f} and {sent['latency_p99_ms']:,.0f}"


if __name__ == "__main__":
    main()
