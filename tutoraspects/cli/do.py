"""`tutor local|dev|k8s do …`: jobs that run the `aspects` command in the job image."""

from __future__ import annotations

import shlex
from typing import Any

import click

from tutoraspects.cli.load import options, plan

# Those of `aspects schema`, whose module needs packages that are not installed beside Tutor.
SCHEMA_COMMANDS = ("upgrade", "status", "check", "sync", "users")
# Those of `aspects dbt` that leave something in ClickHouse or on the screen, not in a file.
DBT_COMMANDS = ("run", "test", "build", "freshness")


@click.command(name="load-events", help="Send generated learning events to Ralph, for load tests.")
@options
def load_events(**values: Any) -> list[tuple[str, str]]:
    """Run `aspects load` in the job image, with the same options.

    Ralph's address and password are those of this configuration.
    """
    plan(**values)  # a value that cannot be is refused here, before a container starts
    words = ["load"]
    for name, value in values.items():
        if value is not None:
            words += [f"--{name.replace('_', '-')}", str(value)]
    return _run(words)


@click.command(
    name="aspects-schema",
    short_help="Bring the ClickHouse schema up to date, compare and repair nodes.",
    # Options belong to the command in the job image; `--help` before its name is this text.
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("command", type=click.Choice(SCHEMA_COMMANDS))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def aspects_schema(command: str, arguments: tuple[str, ...]) -> list[tuple[str, str]]:
    """Run `aspects schema COMMAND ARGUMENTS` in the job image.

    `aspects-schema COMMAND --help` explains the options of a command.

    \b
    Examples:
      tutor local do aspects-schema upgrade
      tutor k8s do aspects-schema check
      tutor k8s do aspects-schema upgrade --sql
    """
    return _run(["schema", command, *arguments])


@click.command(
    name="reparse-events", help="Mend events whose node died in the middle of an insert."
)
@click.option(
    "--days",
    type=click.FloatRange(min=0, min_open=True),
    default=7.0,
    show_default=True,
    help="Look at events that happened in the last N days.",
)
@click.option("--dry-run", is_flag=True, help="Count what lacks columns; change nothing.")
def reparse_events(days: float, dry_run: bool) -> list[tuple[str, str]]:
    """Parse again the events that are stored as text and are not in columns.

    A ClickHouse node that is killed in the middle of an insert can leave some. Runs `aspects
    reparse` in the job image; it is safe at any time.
    """
    words = ["reparse", "--days", f"{days:g}"]
    return _run([*words, "--dry-run"] if dry_run else words)


@click.command(
    name="aspects-dbt",
    short_help="Make, test or document the reporting tables.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("command", type=click.Choice(DBT_COMMANDS))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def aspects_dbt(command: str, arguments: tuple[str, ...]) -> list[tuple[str, str]]:
    """Run `aspects dbt COMMAND ARGUMENTS` in the job image.

    `aspects-dbt COMMAND --help` explains the options of a command.

    \b
    Examples:
      tutor local do aspects-dbt run
      tutor k8s do aspects-dbt test
      tutor k8s do aspects-dbt run --accept-expired
    """
    return _run(["dbt", command, *arguments])


def _run(words: list[str]) -> list[tuple[str, str]]:
    """The job's script: `aspects` with these arguments, quoted for the shell."""
    # Tutor renders the script with Jinja: braces in a value must not reach it as a template.
    return [("aspects", shlex.join(["aspects", *words]).replace("{", "{{ '{' }}"))]


#: For the CLI_DO_COMMANDS filter.
COMMANDS = [load_events, aspects_schema, aspects_dbt, reparse_events]
