"""`aspects dbt ...`: run the dbt project that comes with this package."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tutoraspects.dbt_runner import Project

Command = Callable[..., Any]


def _select(command: Command) -> Command:
    return click.option(
        "--select",
        "-s",
        multiple=True,
        metavar="MODELS",
        help="Only these models, in dbt's selection syntax, e.g. `dim_student_status+`.",
    )(command)


def _threads(command: Command) -> Command:
    return click.option(
        "--threads",
        type=click.IntRange(1),
        help="Models at a time.  [default: ASPECTS_DBT_THREADS, else 4]",
    )(command)


def _accept_expired(command: Command) -> Command:
    return click.option(
        "--accept-expired",
        is_flag=True,
        help="Replace a table although retention has deleted events that it still counts.",
    )(command)


@click.group()
def dbt() -> None:
    """The reporting tables and views: make them, test them, document them.

    Unchanged models are left alone; a changed one is built beside the old one, which serves until
    the new one is complete and proven. Every command can be repeated after it was killed.
    """


@dbt.command()
@_select
@_threads
@_accept_expired
def run(select: tuple[str, ...], threads: int | None, accept_expired: bool) -> None:
    """Make what is missing or has changed, on every node."""
    _project(threads).call("run", *_selection(select), *_variables(accept_expired))


@dbt.command()
@_select
@_threads
def test(select: tuple[str, ...], threads: int | None) -> None:
    """Test the models' logic on made-up rows, and the data that is there."""
    _project(threads).call("test", *_selection(select))


@dbt.command()
@_select
@_threads
@_accept_expired
def build(select: tuple[str, ...], threads: int | None, accept_expired: bool) -> None:
    """Run and test, in the order of dependencies."""
    _project(threads).call("build", *_selection(select), *_variables(accept_expired))


@dbt.command()
def freshness() -> None:
    """Tell how old the newest event is; exit with 1 when it is older than a day."""
    _project(None).call("source", "freshness", name="freshness")


@dbt.command()
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("marts"),
    show_default=True,
    help="The folder to write; index.html in it needs no server.",
)
def docs(to: Path) -> None:
    """Write the documentation of every model and column as one HTML page."""
    project = _project(None)
    with project.artifacts() as folder:
        project.call("docs", "generate", "--static", target=folder)
        to.mkdir(parents=True, exist_ok=True)
        (to / "index.html").write_bytes((folder / "static_index.html").read_bytes())
    click.secho(f"done: {to / 'index.html'}", fg="green")


def _project(threads: int | None) -> Project:
    project = Project.from_environment(os.environ, threads)
    project.reach()
    return project


def _selection(select: tuple[str, ...]) -> list[str]:
    if not select:
        return []
    # A misspelled name would be told in passing, and be a success.
    strict = ["--warn-error-options", '{"error": ["NoNodesForSelectionCriteria"]}']
    return [*strict, "--select", *select]


def _variables(accept_expired: bool) -> list[str]:
    return ["--vars", "{accept_expired: true}"] if accept_expired else []
