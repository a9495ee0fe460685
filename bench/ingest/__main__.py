"""`python -m bench.ingest`: upstream's layout against ours, on the same machine, in the same run.

All sides run all the time and hold the same history; rounds alternate between them, because the
speed of a shared machine changes within minutes. What counts is the median over the rounds.
"""

from __future__ import annotations

import json
import statistics
import time
from contextlib import ExitStack
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import click

from bench import machine
from bench.front import WAYS
from bench.ingest import history, measure
from bench.ingest.report import CASES, markdown
from bench.ingest.sides import Ours, Side
from bench.ingest.upstream import Upstream
from bench.statements import Templates
from tests.lab.lab import Lab
from tests.lab.processes import LabError
from tutoraspects.errors import AspectsError

RESULTS = Path(__file__).resolve().parents[1] / "results"
SETTINGS = {"ASPECTS_EVENTS_PER_DAY": 3_000_000}
_TEMPLATES = 20_000
# Events a second that no machine of this benchmark reaches: so many are prepared for a round.
_CEILING = {100: 12_000, 1: 600}


@click.command()
@click.option("--events", default=5_000_000, show_default=True, help="Stored before the rounds.")
@click.option("--rounds", default=3, show_default=True, help="Rounds of every case on every side.")
@click.option("--seconds", default=10.0, show_default=True, help="Length of a round.")
@click.option("--connections", default=16, show_default=True, help="Requests at a time.")
@click.option("--workers", default=16, show_default=True, help="Our Ralph's workers.")
@click.option(
    "--shards",
    type=click.IntRange(1),
    multiple=True,
    default=(1, 2),
    show_default=True,
    help="Our sides: a laboratory of so many shards each.",
)
@click.option("--bulk-rows", default=50_000, show_default=True, help="Rows of a plain INSERT.")
@click.option("--checks", default=60, show_default=True, help="Existence checks of each kind.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Where to write ingest.json and ingest.md.  [default: nowhere]",
)
def main(
    events: int,
    rounds: int,
    seconds: float,
    connections: int,
    workers: int,
    shards: tuple[int, ...],
    bulk_rows: int,
    checks: int,
    output: Path | None,
) -> None:
    """Compare ingest through Ralph with upstream's layout."""
    began = time.monotonic()
    try:
        with ExitStack() as running:
            labs = [
                running.enter_context(Lab(number, 1, settings=SETTINGS, schema=True))
                for number in shards
            ]
            upstream = Upstream(labs[0].directory, labs[0].ports, labs[0].rendering)
            running.callback(upstream.kill)
            upstream.start()
            sides: list[Side] = [upstream]
            for lab in labs:
                sides.append(Ours(lab, workers))
                running.callback(sides[-1].kill_fronts)
            bench = _Bench(sides, labs[0].directory, checks)
            result = {
                "machine": machine.facts(labs[0]),
                "stored": events,
                "connections": connections,
                "workers": {side.name: side.fronts[WAYS[0]].ralph.workers for side in sides},
                "bulk_rows": bulk_rows,
                **bench.run(events, rounds, seconds, connections, bulk_rows),
            }
    except (AspectsError, LabError) as error:
        raise click.ClickException(str(error)) from error
    result["minutes"] = round((time.monotonic() - began) / 60, 1)
    text = markdown(result)
    click.echo(text)
    if output:
        output.mkdir(parents=True, exist_ok=True)
        (output / "ingest.json").write_text(json.dumps(result, indent=1) + "\n")
        (output / "ingest.md").write_text(text)


class _Bench:
    def __init__(self, sides: list[Side], folder: Path, checks: int) -> None:
        self.sides = sides
        self.folder = folder
        self.checks = checks
        self.templates = Templates(_TEMPLATES)
        self.stored = dict.fromkeys((side.name for side in sides), 0)
        self.found: list[dict[str, Any]] = []

    def run(
        self, events: int, rounds: int, seconds: float, connections: int, bulk_rows: int
    ) -> dict[str, Any]:
        """Everything in order: some history, checks, more history, rounds, and so on."""
        for side in self.sides:
            history.prepare(side)
        self._history(events // 10)
        self._check()
        self._history(events)
        self._check()
        ingest = self._ingest(rounds, seconds, connections)
        raw = {side.name: self._raw(side, rounds, bulk_rows) for side in self.sides}
        for name, rates in raw.items():
            reached = ingest["queued"]["100"][name]["events_per_second"]
            rates["share_of_bulk"] = reached / rates["bulk"]
            rates["share_of_batches"] = reached / rates["batches"]
        for side in self.sides:
            side.stop_views()  # the checks need the raw table only
        self._history(2 * events)
        self._check()
        return {"ingest": ingest, "raw": raw, "checks": self.found}

    def _ingest(self, rounds: int, seconds: float, connections: int) -> dict[str, dict[str, Any]]:
        """Way of inserting -> batch size -> side -> medians."""
        for side in self.sides:
            for front in side.fronts.values():
                measure.warm_up(front, self.templates, self.folder)
        taken: dict[tuple[str, int], dict[str, list[measure.Round]]] = {
            (way, batch): {side.name: [] for side in self.sides}
            for way in WAYS
            for batch in _CEILING
        }
        for number in range(rounds):
            for (way, batch), by_side in taken.items():
                for side in self.sides:
                    most = int(seconds * _CEILING[batch])
                    one = measure.ingest(
                        side, way, self.templates, self.folder, batch, connections, seconds, most
                    )
                    by_side[side.name].append(one)
                    _say(
                        f"round {number + 1} of {rounds}, {way} inserts, {CASES[str(batch)]}, "
                        f"{side.name}: {one.events_per_second:,.0f} events/s, "
                        f"p99 {one.p99_ms:,.0f} ms"
                    )
        return {
            way: {str(batch): _medians(taken[way, batch]) for batch in _CEILING} for way in WAYS
        }

    def _history(self, wanted: int) -> None:
        for side in self.sides:
            _say(f"{side.name}: {wanted:,} stored events")
            self.stored[side.name] = history.extend(side, self.stored[side.name], wanted)
            side.settle()

    def _check(self) -> None:
        for side in self.sides:
            who = [(side.name, side.ralph_login)]
            if side.ralph_login != side.admin:
                # Without the row policy: what the index alone does, and a look-back of 0.
                who.append((f"{side.name}, no look-back", side.admin))
            for ids in (1, 100):
                for name, login in who:
                    check = measure.existence(side, ids, self.checks, login)
                    found = {"stored": self.stored[side.name], "ids": ids, "who": name}
                    self.found.append({**found, **asdict(check)})
                    _say(f"{name}, {ids} ids: {check.rows_read:,.0f} rows, {check.cpu_ms:.1f} ms")

    def _raw(self, side: Side, rounds: int, bulk_rows: int) -> dict[str, float]:
        rates = {}
        for name, rows, batch in (("bulk", bulk_rows, bulk_rows), ("batches", 10_000, 100)):
            runs = [measure.raw_rate(side, self.templates, rows, batch) for _ in range(rounds)]
            rates[name] = statistics.median(runs)
            _say(f"{side.name}, without Ralph, {batch:,} rows an INSERT: {rates[name]:,.0f}/s")
            side.settle()
        return rates


def _medians(by_side: dict[str, list[measure.Round]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: {
            **{
                field.name: statistics.median(getattr(one, field.name) for one in rounds)
                for field in fields(measure.Round)
            },
            "rounds": [round(one.events_per_second, 1) for one in rounds],
        }
        for name, rounds in by_side.items()
    }
    for name, rounds in by_side.items():
        found[name]["ratio"] = statistics.median(
            one.events_per_second / upstream.events_per_second
            for one, upstream in zip(rounds, by_side["upstream"], strict=True)
        )
    return found


def _say(text: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {text}", err=True)


if __name__ == "__main__":
    main()
