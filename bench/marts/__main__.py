"""`python -m bench.marts`: what an event costs on its way into the marts, and what reading costs.

Generated statements are stored once and copied by the server with other ids and times
(bench.marts.events), so that ten million need no client.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from bench import machine
from bench.marts import build, cost, events, freshness, reads
from bench.marts.report import markdown
from tests.lab.lab import Lab
from tests.lab.processes import LabError
from tutoraspects.errors import AspectsError
from tutoraspects.events.stream import Generator

RESULTS = Path(__file__).resolve().parents[1] / "results"


@click.command()
@click.option("--seed-events", default=500_000, show_default=True, help="Generated statements.")
@click.option(
    "--sizes",
    type=click.IntRange(1),
    multiple=True,
    default=(1_000_000, 3_000_000, 10_000_000),
    show_default=True,
    help="Read at so many stored events.",
)
@click.option("--courses", default=2_000, show_default=True)
@click.option("--learners", default=200_000, show_default=True)
@click.option("--cost-events", default=500_000, show_default=True, help="Inserted for the cost.")
@click.option("--samples", default=12, show_default=True, help="Courses each query is asked about.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of marts.json, marts.md.")
def main(
    seed_events: int,
    sizes: tuple[int, ...],
    courses: int,
    learners: int,
    cost_events: int,
    samples: int,
    output: Path | None,
) -> None:
    """Feed and read the marts; print a report, and write it with --output."""
    generator = Generator(seed=11, count=seed_events, courses=courses, learners=learners)
    try:
        with Lab(1, schema=True) as lab:
            facts = machine.facts(lab)
            costs = cost.measure(lab, generator, cost_events)
        with Lab(2, schema=True) as lab:
            built = build.measure(lab)
            found = reads.measure(lab, generator, sorted(sizes), samples)
            lab.add_ralph(2)
            fresh = freshness.measure(lab)
    except (LabError, AspectsError) as error:
        raise click.ClickException(str(error)) from None
    result = {
        "build": built,
        "costs": [asdict(item) for item in costs],
        "reads": found,
        "freshness": fresh,
        "population": {"courses": courses, "learners": learners, "generated": seed_events},
        "machine": facts,
    }
    text = markdown(result)
    click.echo(text)
    if output:
        output.mkdir(parents=True, exist_ok=True)
        (output / "marts.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf8")
        (output / "marts.md").write_text(text, encoding="utf8")


if __name__ == "__main__":
    events.say("generating")
    main()
