"""`aspects schema ...`: parse, call, print."""

from __future__ import annotations

import json
import os

import click

from tutoraspects.schema import runner
from tutoraspects.schema.runner import Context


def _context() -> Context:
    return Context.from_environment(os.environ)


def _say(line: str) -> None:
    click.echo(line, err=True)


lock_timeout = click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0),
    default=runner.LOCK_SECONDS,
    show_default=True,
    help="Seconds to wait for another schema run.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
as_sql = click.option("--sql", "as_sql", is_flag=True, help="Print what would run; run nothing.")


@click.group()
def schema() -> None:
    """ClickHouse databases, tables and views: bring them up to date and keep every node equal."""


@schema.command()
@as_sql
@as_json
@lock_timeout
def upgrade(as_sql: bool, as_json: bool, lock_timeout: float) -> None:
    """Apply the schema versions that the database does not have."""
    context = _context()
    if as_sql:
        lines = runner.script(context, done=runner.applied(context))
        click.echo("\n".join(lines or ["-- Nothing to do."]))
        return
    done = runner.upgrade(context, _say, lock_timeout)
    if as_json:
        head = context.history.head
        click.echo(json.dumps({"head": head, "applied": [item.as_dict() for item in done]}))
    elif not done:
        click.echo(f"Nothing to do: the schema is at version {context.history.head}.")
    else:
        click.secho(f"done: the schema is at version {context.history.head}.", fg="green")
