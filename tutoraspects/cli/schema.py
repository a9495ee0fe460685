"""`aspects schema ...`: parse, call, print."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

import click

from tutoraspects.errors import AspectsError
from tutoraspects.schema import repair, runner, users
from tutoraspects.schema import status as schema_status
from tutoraspects.schema.context import Context


def _context() -> Context:
    return Context.from_environment(os.environ)


def _say(line: str) -> None:
    click.echo(line, err=True)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2))


lock_timeout = click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0),
    default=runner.LOCK_SECONDS,
    show_default=True,
    help="Seconds to wait for another schema run.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
as_sql = click.option("--sql", "as_sql", is_flag=True, help="Print what would run; run nothing.")
without_replication = click.option(
    "--without-replication",
    is_flag=True,
    help="Compare engines without their Replicated part, for servers that replicate by themselves.",
)


@click.group()
def schema() -> None:
    """ClickHouse databases, tables and views: bring them up to date and keep every node equal."""


@schema.command()
@as_sql
@as_json
@lock_timeout
def upgrade(as_sql: bool, as_json: bool, lock_timeout: float) -> None:
    """Apply the schema versions that the database does not have.

    Each statement can run again: a run that was killed is continued by the next one.
    """
    context = _context()
    if as_sql:
        lines = runner.script(context, done=runner.applied(context))
        click.echo("\n".join(lines or ["-- Nothing to do."]))
        return
    done = runner.upgrade(context, _say, lock_timeout)
    if as_json:
        _print_json({"version": context.history.head, "applied": [i.as_dict() for i in done]})
    elif not done:
        click.echo(f"Nothing to do: the schema is at version {context.history.head}.")
    else:
        click.secho(f"done: the schema is at version {context.history.head}.", fg="green")


@schema.command()
@as_json
def status(as_json: bool) -> None:
    """Show versions, nodes and replicas; exit with 1 when a node cannot be asked."""
    result = schema_status.read(_context())
    silent = [node for node in result.nodes if node.error]
    if as_json:
        _print_json(result.as_dict())
        sys.exit(1 if silent else 0)
    absent = "unknown" if len(silent) == len(result.nodes) else "not applied"
    for version in result.versions:
        when = f"{version.applied_at} UTC" if version.applied_at else absent
        click.echo(f"{version.revision}  {when:23}  {version.title}")
    for node in result.nodes:
        if node.error:
            click.echo(f"{node.node}  {node.error}")
            continue
        line = f"{node.node}  ClickHouse {node.version}, {node.tables} tables"
        if node.replicas:
            line += (
                f", {node.replicas} replicas ({node.read_only} read-only, {node.delay} s behind)"
            )
        click.echo(line)
    _refuse_silence(silent, len(result.nodes))


@schema.command()
@as_json
@without_replication
def check(as_json: bool, without_replication: bool) -> None:
    """Compare every node with the declared schema; exit with 1 when one differs."""
    report = repair.check(_context(), _say, without_replication)
    if as_json:
        _print_json(report.as_dict())
        sys.exit(0 if report.sound else 1)
    for node in report.nodes:
        for item in node.differences:
            remedy = "" if item.repair else f"; {item.advice}"
            click.echo(f"{node.node}  {item}{remedy}")
        if node.error:
            click.echo(f"{node.node}  {node.error}")
    _refuse_silence([node for node in report.nodes if node.error], len(report.nodes))
    if report.pending:
        raise AspectsError(
            f"The database lacks the schema version {report.pending[0]}: "
            "run `aspects schema upgrade`."
        )
    if not report.sound:
        faulty = sum(not node.sound for node in report.nodes)
        mendable = any(item.repair for node in report.nodes for item in node.differences)
        raise AspectsError(
            f"{faulty} of {len(report.nodes)} nodes differ from the declared schema, in "
            f"{report.count} place{'' if report.count == 1 else 's'}: "
            + ("run `aspects schema sync`." if mendable else "each needs a hand, as told above.")
        )
    click.secho(
        f"done: {report.objects} objects are as declared on {len(report.nodes)} of "
        f"{len(report.nodes)} nodes, version {report.version}.",
        fg="green",
    )


def _refuse_silence(
    silent: Sequence[schema_status.NodeStatus | repair.NodeReport], of: int
) -> None:
    """Nothing can be said of the schema while a node does not answer."""
    if silent:
        raise AspectsError(
            f"{len(silent)} of {of} nodes cannot be asked, the first being {silent[0].node} "
            f"({silent[0].error.rstrip('.')}): mend that and repeat."
        )


@schema.command()
@as_sql
@as_json
@click.option("--dry-run", is_flag=True, help="Tell what would be mended; change nothing.")
@lock_timeout
@without_replication
def sync(
    as_sql: bool, as_json: bool, dry_run: bool, lock_timeout: float, without_replication: bool
) -> None:
    """Mend nodes that differ: make what is missing, renew views and Distributed tables.

    Never drops or rewrites a table that holds rows: what would need that is named, with what to
    do about it, and the command exits with 1.
    """
    nothing = as_sql or dry_run
    say = (lambda line: None) if as_sql else _say
    repairs = repair.sync(_context(), say, lock_timeout, nothing, without_replication)
    left = [item for node in repairs for item in node.left if not item.repair]
    if as_json:
        _print_json([node.as_dict() for node in repairs])
        sys.exit(1 if left else 0)
    if as_sql:
        for node in repairs:
            click.echo(f"-- {node.node}")
            for statement in node.statements:
                click.echo(f"{statement};")
    if left:
        raise AspectsError(
            f"{len(left)} {'difference needs' if len(left) == 1 else 'differences need'} a hand, "
            f"the first being {left[0]}; {left[0].advice}."
        )
    if not nothing:
        click.secho(f"done: {len(repairs)} of {len(repairs)} nodes are as declared.", fg="green")


@schema.command("users")
@as_sql
@click.option("--memory-mib", type=click.IntRange(min=1), help="Memory of one node.")
@click.option("--quorum", type=click.IntRange(min=0), help="Replicas that confirm an insert.")
@click.option(
    "--pii/--no-pii", default=None, help="Reports may read the tables that identify learners."
)
def make_users(as_sql: bool, memory_mib: int | None, quorum: int | None, pii: bool | None) -> None:
    """Make the services' users on a cluster that is not ours.

    Limits, quorum, personal data and Ralph's look-back are as the settings say, unless an option
    says otherwise.

    For each ASPECTS_CLICKHOUSE_<ROLE>_PASSWORD (or _PASSWORD_FILE) in the environment, with ROLE
    one of LRS, VECTOR, CMS, REPORT, HEALTH, MONITOR, BACKUP. Run again, it brings them up to date.
    """
    context = _context()
    declared = users.declare(os.environ, context.names, memory_mib, quorum, pii)
    sql = users.statements(os.environ, context.target, declared)
    if as_sql:
        click.echo(";\n".join([*sql, ""]), nl=False)
        return
    users.apply(context.target, sql)
    click.secho(f"done: {len(sql)} statements.", fg="green")
