"""`python -m bench.dashboards`: every chart of every dashboard, through Superset's API.

A real Superset on two shards with the marts of a million events. Fails when a chart gives an error
or shows nothing, or when a second import of the dashboards changes anything.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from bench import machine
from bench.dashboards import charts
from bench.dashboards.charts import Found
from bench.dashboards.installation import Installation, generator
from bench.dashboards.report import markdown
from bench.marts import events as log
from tests.lab.processes import LabError
from tutoraspects.errors import AspectsError

# These show who looked at what until yesterday, and which charts browsers drew: nobody yet.
MAY_BE_EMPTY = ("superset-active-users", "most-used-charts")


@click.command()
@click.option("--events", default=1_000_000, show_default=True, help="Events in the marts.")
@click.option("--courses", default=200, show_default=True)
@click.option("--learners", default=20_000, show_default=True)
@click.option("--samples", default=3, show_default=True, help="Times that each chart is asked.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of dashboards.json, .md.")
def main(events: int, courses: int, learners: int, samples: int, output: Path | None) -> None:
    """Ask for every chart, uncached; print a report, and write it with --output."""
    try:
        with Installation(generator(events, courses, learners)) as installation:
            facts = machine.facts(installation.lab)
            again = installation.timed("second import", lambda: _import_again(installation))
            found = installation.timed("every chart", lambda: charts.measure(installation, samples))
            largest = installation.lab.client().execute(
                "SELECT count(), uniqExact(actor_id) FROM xapi.xapi_events_all_parsed "
                "WHERE course_key = %(key)s",
                {"key": installation.courses[0]},
            )[0]
    except (LabError, AspectsError) as error:
        raise click.ClickException(str(error)) from None
    result = {
        "charts": [_row(one) for one in found],
        "p95_ms": charts.p95([ms for one in found for ms in one.ms]),
        "import_again": again,
        "population": {
            "events": events,
            "courses": courses,
            "learners": learners,
            "largest_course": {"events": largest[0], "learners": largest[1]},
        },
        "seconds": installation.seconds,
        "machine": facts,
    }
    text = markdown(result)
    click.echo(text)
    if output:
        output.mkdir(parents=True, exist_ok=True)
        (output / "dashboards.json").write_text(json.dumps(result, indent=2) + "\n", "utf8")
        (output / "dashboards.md").write_text(text, encoding="utf8")
    wrong = [
        f"{one.case.name}: {one.error}"
        for one in found
        if one.error and not (one.error == charts.NO_DATA and one.case.chart.chart in MAY_BE_EMPTY)
    ]
    if wrong:
        raise click.ClickException("\n".join(["FAILED", *wrong]))


def _row(one: Found) -> dict[str, Any]:
    return {
        "dashboard": one.case.dashboard,
        "chart": one.case.chart.title,
        "type": one.case.chart.type,
        "person": one.case.person,
        "rows": one.rows,
        "ms": one.ms,
        "median_ms": one.median,
        "database_ms": one.database,
        "error": one.error,
    }


def _import_again(installation: Installation) -> dict[str, Any]:
    """A second import: no object may have another id or another time of change."""
    before = charts.stored(installation.admin)
    log.say("importing again")
    installation.import_dashboards()
    after = charts.stored(installation.admin)
    differences = installation.dashboards("diff").strip().splitlines()[-1]
    if before != after or differences != "no difference":
        raise LabError(f"a second import changed something: {before ^ after}, {differences}")
    return {"objects": len(before), "differences": differences}


if __name__ == "__main__":
    main()
