"""The `aspects` command of the job image. Nothing here or below imports Tutor."""

from __future__ import annotations

import importlib
import sys
from typing import NamedTuple

import click

from tutoraspects import __version__
from tutoraspects.errors import AspectsError


class Subcommand(NamedTuple):
    """Where a command is, under its own name, and what the list of commands says about it."""

    module: str
    help: str


COMMANDS = {
    "dashboards": Subcommand(
        "tutoraspects.cli.dashboards", "Check, compile, import and compare Superset's dashboards."
    ),
    "dbt": Subcommand("tutoraspects.cli.dbt", "Make, test and document the reporting tables."),
    "load": Subcommand("tutoraspects.cli.load", "Send generated learning events to Ralph."),
    "reparse": Subcommand(
        "tutoraspects.cli.reparse", "Mend events that are stored as text and lack their columns."
    ),
    "schema": Subcommand(
        "tutoraspects.cli.schema", "Bring ClickHouse's tables up to date; compare, repair nodes."
    ),
}


class LazyGroup(click.Group):
    """Imports a subcommand when it is called; to list them it imports nothing.

    So `aspects --help` works without the extra [jobs], and says what could be called with it.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in self.list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        try:
            module = importlib.import_module(COMMANDS[cmd_name].module)
        except ModuleNotFoundError as error:
            raise AspectsError(
                f"`aspects {cmd_name}` needs the Python package '{error.name}': install "
                "`tutor-contrib-aspects-cluster[jobs]`."
            ) from None
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aspects")
def aspects() -> None:
    """Work on the ClickHouse side of Aspects.

    Where ClickHouse is comes from the environment: ASPECTS_CLICKHOUSE_HOST, _NATIVE_PORT, _USER,
    _PASSWORD or _PASSWORD_FILE, _SECURE, _CLUSTER.
    """


def main() -> None:
    """Run the command; whatever the operator can mend ends in one sentence and exit code 1."""
    try:
        aspects.main(standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except (KeyboardInterrupt, click.Abort):
        fail("Interrupted: run the same command again to continue.")
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except AspectsError as error:
        fail(str(error))


def fail(message: str) -> None:
    """Print one red sentence on stderr and exit with 1."""
    click.secho(message, fg="red", err=True)
    sys.exit(1)
