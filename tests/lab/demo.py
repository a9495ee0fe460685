"""`make demo`: from one number to exactly N events in a two-shard ClickHouse, on real servers.

Every step is the command that an operator runs: `tutor` renders, `aspects schema upgrade` makes
the schema, `aspects load` sends. Only the servers differ: they are the laboratory's processes,
started from what was rendered, because no container engine is needed here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click

from tests.events import samples
from tests.lab.lab import Lab
from tests.lab.processes import LabError
from tests.lab.rendering import ROOT
from tutoraspects.errors import AspectsError
from tutoraspects.events.lrs import Endpoint
from tutoraspects.events.send import Summary, send

EVENTS_PER_DAY = 3_000_000
SEED = 20260101


def say(text: str) -> None:
    click.secho(f"\n== {text}", bold=True)


def tutor(root: Path, *arguments: str) -> None:
    """Show and run a `tutor` command on the demo's own project. Raises LabError when it fails."""
    command = Path(sys.executable).with_name("tutor")
    click.echo(f"$ tutor {' '.join(arguments)}")
    environment = {name: value for name, value in os.environ.items() if name[:6] != "TUTOR_"}
    environment |= {"TUTOR_ROOT": str(root), "TUTOR_PLUGINS_ROOT": str(root / "plugins")}
    done = subprocess.run(
        [str(command), *arguments], env=environment, text=True, capture_output=True, check=False
    )
    if done.returncode:
        raise LabError(f"tutor {' '.join(arguments)}: {done.stderr or done.stdout}")
    click.echo(done.stdout.rstrip())


def tree(folder: Path, indent: str = "  ") -> None:
    """Print a folder's files with their sizes."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            click.echo(f"{indent}{path.name}/")
            tree(path, indent + "    ")
        else:
            click.echo(f"{indent}{path.name:<28} {path.stat().st_size:>7,} B")


def recent(originals: Iterable[tuple[str, dict[str, Any]]]) -> list[bytes]:
    """The real statements as if they had happened yesterday, each with an identifier of its own.

    They are years old, so the retention of the configuration would drop them; and several are one
    event seen with different settings, which share an identifier.
    """
    moment = datetime.now(timezone.utc) - timedelta(days=1)
    lines = []
    for number, (name, statement) in enumerate(originals):
        statement["id"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{number}"))
        statement["timestamp"] = (moment + timedelta(seconds=number)).isoformat()
        lines.append(json.dumps(statement).encode())
    return lines


def rows(lab: Lab, query: str) -> list[tuple[Any, ...]]:
    client = lab.client()
    try:
        answer: list[tuple[Any, ...]] = client.execute(query)
        return answer
    finally:
        client.disconnect()


def load(lab: Lab, count: int) -> dict[str, Any]:
    """`aspects load` as an operator calls it; returns its --json result."""
    arguments = ["load", "--count", str(count), "--seed", str(SEED), "--batch-size", "100"]
    click.echo(f"$ aspects {' '.join(arguments)}")
    done = lab.aspects(*arguments, "--connections", "4", "--json")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def count_and_show(lab: Lab, sent: int) -> bool:
    """Print what is stored; true when every count is what was sent."""
    database = lab.rendering.job_environment["ASPECTS_RALPH_DATABASE"]
    raw, parsed, quarantine = (
        f"{database}.{table}"
        for table in ("xapi_events_all", "xapi_events_all_parsed", "xapi_events_quarantine")
    )
    ((stored, distinct),) = rows(lab, f"SELECT count(), uniqExact(event_id) FROM {raw}")
    ((parsed_distinct,),) = rows(lab, f"SELECT uniqExact(event_id) FROM {parsed}")
    ((refused,),) = rows(lab, f"SELECT uniqExact(event_id) FROM {quarantine}")
    click.echo(f"{'sent':<22}{sent:>9,}")
    click.echo(f"{'stored':<22}{stored:>9,}")
    click.echo(f"{'distinct':<22}{distinct:>9,}")
    click.echo(f"{'parsed':<22}{parsed_distinct:>9,}")
    click.echo(f"{'quarantined':<22}{refused:>9,}")
    click.echo("\nper shard")
    on_shards = 0
    for index, node in enumerate(lab.nodes):
        local = lab.client(node=index)
        ((events,),) = local.execute(f"SELECT uniqExact(event_id) FROM {raw}_local")
        local.disconnect()
        on_shards += events
        click.echo(f"  {node.name:<20}{events:>9,}  {events / max(distinct, 1):>5.1%}")
    click.echo("\nper verb")
    verbs = rows(
        lab,
        f"SELECT verb_id, uniqExact(event_id) AS events FROM {parsed} "
        "GROUP BY verb_id ORDER BY events DESC",
    )
    for verb, events in verbs:
        click.echo(f"  {verb:<62}{events:>9,}")
    return sent == stored == distinct == parsed_distinct == on_shards and refused == 0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--count", default=20_000, show_default=True, help="Generated statements to send.")
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT / ".lab" / "demo",
    help="Where the demo's Tutor project goes.  [default: .lab/demo]",
)
def demo(count: int, root: Path) -> None:
    """Save a 3,000,000-events-a-day configuration, start it, and count the events sent to it."""
    started = time.monotonic()
    try:
        exact = run(count, root)
    except (LabError, AspectsError) as error:
        raise click.ClickException(str(error)) from None
    seconds = time.monotonic() - started
    if not exact:
        raise click.ClickException("the counts differ from what was sent: see above")
    click.secho(f"\nEvery event is there exactly once. ({seconds:.0f} s)", fg="green", bold=True)


def run(count: int, root: Path) -> bool:
    shutil.rmtree(root, ignore_errors=True)
    (root / "plugins").mkdir(parents=True)
    say("The plugin, and a configuration made from one number")
    tutor(root, "plugins", "enable", "aspects")
    tutor(root, "config", "save", "--set", f"ASPECTS_EVENTS_PER_DAY={EVENTS_PER_DAY}")
    say("The plan that follows from it")
    tutor(root, "aspects", "plan")
    say("What was rendered: env/plugins/aspects/")
    tree(root / "env/plugins/aspects")

    say("Starting it: one process per shard, from the rendered files; the schema; Ralph")
    boot = time.monotonic()
    with Lab(None, None, root=root) as lab:
        lab.upgrade_schema()
        lab.add_ralph(workers=2)
        names = ", ".join(node.name for node in lab.nodes)
        click.echo(f"{names} and Ralph are up after {time.monotonic() - boot:.1f} s")
        click.echo(lab.aspects("schema", "status").stdout.rstrip())

        real = recent(samples.real()) if samples.place().is_dir() else []
        sent, passed = 0, True
        if real:
            say(f"Sending the {len(real)} real statements of event-routing-backends through Ralph")
            endpoint = Endpoint(lab.ralph.url, lab.ralph.username, lab.ralph.password)
            summary: Summary = send(real, endpoint)
            click.echo(f"acknowledged {summary.acknowledged}, refused {summary.refused}")
            sent += len(real)
            passed = summary.acknowledged == len(real)
        say(f"Sending {count:,} generated statements through Ralph")
        result = load(lab, count)
        click.echo(
            f"acknowledged {result['acknowledged']:,} in {result['seconds']:.1f} s: "
            f"{result['events_per_second']:,.0f} events a second, acknowledgement "
            f"p50 {result['latency_p50_ms']:.0f} ms, p99 {result['latency_p99_ms']:.0f} ms"
        )
        sent += count
        say("Counting")
        return count_and_show(lab, sent) and passed and result["acknowledged"] == count


if __name__ == "__main__":
    demo()
