"""`python -m bench.topology`: what one event costs, beside what the sizing formula assumes.

Sends generated statements through a real Ralph with one worker into one real ClickHouse node, both
as the templates configure them, merges everything, and reads sizes and CPU times. Wall-clock
figures depend on the machine and on what else it does; bytes and CPU times much less so.

Generated statements compress better than real ones: `--archive FILE` stores real ones instead,
one JSON statement a line, as the event archive has them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click

from tests.lab.lab import Lab
from tests.lab.processes import LabError
from tutoraspects import topology
from tutoraspects.errors import AspectsError
from tutoraspects.events.lrs import Endpoint
from tutoraspects.events.send import Pace, Summary, send
from tutoraspects.events.stream import Generator

RAW, PARSED = "xapi_events_all", "xapi_events_all_parsed"
# So many batches wait for the worker that it is never idle.
CONNECTIONS = 8


@click.command()
@click.option("--count", default=200_000, show_default=True, help="How many statements.")
@click.option("--batch-size", default=100, show_default=True, help="Statements in a request.")
@click.option("--archive", type=click.Path(path_type=Path, exists=True), help="Real statements.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(count: int, batch_size: int, archive: Path | None, as_json: bool) -> None:
    """Measure the constants of tutoraspects/topology.py."""
    try:
        lines = _archive(archive) if archive else _generated(count)
        with Lab(shards=1, replicas=1) as lab:
            lab.upgrade_schema()
            lab.add_ralph(workers=1)
            found = _measure(lab, lines, batch_size)
    except (AspectsError, LabError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(f"{'WHAT':44}{'MEASURED':>12}  ASSUMED")
    for what, (measured, assumed) in found.items():
        shown = "" if assumed is None else f"{assumed:,.4g}"
        click.echo(f"{what:44}{measured:>12,.4g}  {shown}")


def _generated(count: int) -> Iterator[bytes]:
    """Statements of the last ten days, so that their time to live does not drop them."""
    start = datetime.now(timezone.utc) - timedelta(days=11)
    return Generator(count=count, start=start, days=10).lines()


def _archive(path: Path) -> Iterator[bytes]:
    with path.open("rb") as lines:
        yield from (line.rstrip(b"\n") for line in lines)


def _measure(
    lab: Lab, lines: Iterable[bytes], batch_size: int
) -> dict[str, tuple[float, float | None]]:
    """Name -> (measured, what the formula assumes); bytes, seconds and MiB."""
    node, ralph = lab.nodes[0], lab.ralph
    cpu = node.process.cpu_seconds(), ralph.cpu_seconds()
    rate = _send(lab, lines, batch_size).events_per_second
    _settle(lab)
    node_cpu, ralph_cpu = node.process.cpu_seconds() - cpu[0], ralph.cpu_seconds() - cpu[1]
    sizes = _sizes(lab)
    stored = sizes["rows"]
    per_event = {name: size / stored for name, size in sizes.items()}
    return {
        "events stored": (stored, None),
        "bytes of the text of an event": (per_event["text"], None),
        "bytes stored, raw": (per_event["raw"], topology.RAW_BYTES_PER_EVENT),
        "bytes stored, parsed": (per_event["parsed"], topology.PARSED_BYTES_PER_EVENT),
        "bytes stored, indices": (per_event["index"], topology.INDEX_BYTES_PER_EVENT),
        "ClickHouse core seconds of an event": (
            node_cpu / stored,
            topology.INSERT_CORE_SECONDS_PER_EVENT,
        ),
        "Ralph core seconds of an event": (ralph_cpu / stored, None),
        "events a second of a Ralph worker": (rate, topology.RALPH_EVENTS_PER_SECOND_PER_WORKER),
        "memory of a Ralph worker, MiB": (
            ralph.process.memory_mib(),
            topology.RALPH_BASE_MEMORY_MIB + topology.RALPH_MEMORY_MIB_PER_WORKER,
        ),
    }


def _send(lab: Lab, lines: Iterable[bytes], batch_size: int) -> Summary:
    endpoint = Endpoint(lab.ralph.url, lab.ralph.username, lab.ralph.password)
    return send(lines, endpoint, Pace(batch_size=batch_size, connections=CONNECTIONS))


def _settle(lab: Lab) -> None:
    """Merge every partition into one part, as time does."""
    client = lab.client()
    for table in (RAW, PARSED):
        client.execute(f"OPTIMIZE TABLE xapi.{table} FINAL")
    while client.execute("SELECT count() FROM system.merges")[0][0]:
        time.sleep(0.2)
    client.disconnect()


def _sizes(lab: Lab) -> dict[str, float]:
    client = lab.client()

    def number(query: str) -> float:
        rows: list[Any] = client.execute(query)
        return float(rows[0][0])

    parts = "FROM system.parts WHERE active AND database = 'xapi' AND table = '{}'"
    sizes = {
        "rows": number(f"SELECT count() FROM xapi.{RAW}"),
        "text": number(f"SELECT sum(length(event)) FROM xapi.{RAW}"),
        "raw": number("SELECT sum(bytes_on_disk) " + parts.format(RAW)),
        "parsed": number("SELECT sum(bytes_on_disk) " + parts.format(PARSED)),
        "index": number(
            "SELECT sum(data_compressed_bytes) FROM system.data_skipping_indices "
            "WHERE database = 'xapi'"
        ),
    }
    client.disconnect()
    sizes["raw"] -= sizes["index"]
    return sizes


if __name__ == "__main__":
    main()
