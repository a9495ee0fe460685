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
    words = ["aspects", "load"]
    for name, value in values.items():
        if value is not None:
            words += [f"--{name.replace('_', '-')}", str(value)]
    # Tutor renders the script with Jinja: braces in a value must not reach it as a template.
    script = shlex.join(words).replace("{", "{{ '{' }}")
    return [("aspects", script)]


#: For the CLI_DO_COMMANDS filter.
COMMANDS = [load_events]
