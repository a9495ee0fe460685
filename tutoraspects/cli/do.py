"""`tutor local|dev|k8s do …`: jobs that run the `aspects` command in the job image."""

from __future__ import annotations

import shlex
from typing import Any

import click

from tutoraspects.cli.load import options


@click.command(name="load-events", help="Send generated learning events to Ralph, for load tests.")
@options
def load_events(**values: Any) -> list[tuple[str, str]]:
    """The job's script: `aspects load` with the same options. Values are quoted for the shell."""
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
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def aspects_schema(arguments: tuple[str, ...]) -> list[tuple[str, str]]:
    """Run `aspects schema ARGUMENTS` in the job image.

    \b
    Examples:
      tutor local do aspects-schema upgrade
      tutor k8s do aspects-schema check
      tutor k8s do aspects-schema upgrade --sql
    """
    return _run(["schema", *arguments])


@click.command(
    name="reparse-events", help="Mend events whose node died in the middle of an insert."
)
@click.option("--days", help="Look at events of the last N days.")
@click.option("--dry-run", is_flag=True, help="Count them only.")
def reparse_events(days: str | None, dry_run: bool) -> list[tuple[str, str]]:
    """Run `aspects reparse` in the job image."""
    words = ["reparse"]
    if days is not None:
        words += ["--days", days]
    return _run([*words, "--dry-run"] if dry_run else words)


def _run(words: list[str]) -> list[tuple[str, str]]:
    """The job's script: `aspects` with these arguments, quoted for the shell."""
    # Tutor renders the script with Jinja: braces in a value must not reach it as a template.
    return [("aspects", shlex.join(["aspects", *words]).replace("{", "{{ '{' }}"))]


#: For the CLI_DO_COMMANDS filter.
COMMANDS = [load_events, aspects_schema, reparse_events]
