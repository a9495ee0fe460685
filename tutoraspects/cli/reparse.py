"""`aspects reparse`: mend events that are stored as text and lack their columns."""

from __future__ import annotations

import json
import os

import click

from tutoraspects.events import reparse as events
from tutoraspects.schema.context import Context


@click.command()
@click.option(
    "--days",
    type=click.FloatRange(min=0, min_open=True),
    default=7.0,
    show_default=True,
    help="Look at events that happened in the last N days.",
)
@click.option("--dry-run", is_flag=True, help="Count what lacks columns; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def reparse(days: float, dry_run: bool, as_json: bool) -> None:
    """Parse again the events that are stored as text and are not in columns.

    A ClickHouse node that is killed in the middle of an insert can leave some. Run it after such
    an accident; it is safe at any time, and a second run finds nothing.
    """
    repairs = events.reparse(
        Context.from_environment(os.environ),
        days,
        lambda line: click.echo(line, err=True),
        dry_run=dry_run,
    )
    if as_json:
        click.echo(json.dumps([repair.as_dict() for repair in repairs], indent=2))
        return
    lacking = sum(repair.lacking for repair in repairs)
    looked_at = sum(repair.looked_at for repair in repairs)
    done = "lack columns" if dry_run else "lacked columns and have them now"
    click.secho(
        f"done: {lacking:,} of {looked_at:,} stored events on {len(repairs)} nodes {done}.",
        fg="green",
    )
