"""`tutor aspects …`: parse, call, print."""

from __future__ import annotations

import json
from typing import Any

import click
from tutor import config as tutor_config
from tutor.commands.context import Context

from tutoraspects import topology
from tutoraspects.cli import gitops
from tutoraspects.cli import plan as presentation
from tutoraspects.cli.preflight import preflight
from tutoraspects.cli.secrets import secrets
from tutoraspects.settings import validation


@click.group(short_help="Plan and run learner analytics")
def aspects() -> None:
    """Plan and run the learner analytics of Open edX."""


@aspects.command(short_help="Show what follows from the events a day")
@click.option(
    "--events-per-day",
    type=click.IntRange(min=1),
    metavar="N",
    help="Plan for N events a day instead of ASPECTS_EVENTS_PER_DAY; saves nothing.",
)
@click.option(
    "--retention-days",
    type=click.IntRange(min=1),
    metavar="N",
    help="Plan for N days of retention instead of ASPECTS_RETENTION_DAYS; saves nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a machine to read.")
@click.pass_obj
def plan(
    context: Context, events_per_day: int | None, retention_days: int | None, as_json: bool
) -> None:
    """Show the shards, replicas, Keepers, Ralphs, CPU, memory and volumes of this configuration.

    Each number follows from the events a day and the days of retention, unless the setting in
    the last column was set by hand.

    \b
    Examples:
      tutor aspects plan
      tutor aspects plan --events-per-day 3000000
      tutor aspects plan --json | jq .total
    """
    values: dict[str, Any] = tutor_config.load(context.root)
    if events_per_day:
        values["ASPECTS_EVENTS_PER_DAY"] = events_per_day
    if retention_days:
        values["ASPECTS_RETENTION_DAYS"] = retention_days
    validation.validate(values, registered=values)
    result = topology.plan(values)
    if as_json:
        click.echo(json.dumps(presentation.as_data(result), indent=2))
    else:
        click.echo(presentation.as_text(result, values))


aspects.add_command(gitops.gitops)
aspects.add_command(preflight)
aspects.add_command(secrets)

#: For the CLI_COMMANDS filter.
COMMANDS: list[click.Command] = [aspects]
