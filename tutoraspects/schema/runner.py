"""Bring a database to the newest version, statement by statement."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from tutoraspects.errors import AspectsError
from tutoraspects.schema import lock, scripts, state, upstream
from tutoraspects.schema.client import Client
from tutoraspects.schema.context import Context
from tutoraspects.schema.ddl import Statement
from tutoraspects.schema.nodes import Cluster, discover

LOCK_SECONDS = 600.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Applied:
    """A version that a run applied. `seconds` is wall time."""

    revision: str
    title: str
    statements: int
    seconds: float

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def applied(context: Context) -> set[str]:
    """Revisions that the database has."""
    cluster = discover(context.target)
    with Client(context.target, cluster.control) as client:
        return state.applied(client, context.names)


def script(context: Context, target: str = "head", done: set[str] | None = None) -> list[str]:
    """The SQL that an upgrade runs, with a comment before each version; empty if up to date."""
    pending = context.history.pending(done or set(), target)
    if not pending:
        return []
    bootstrap = context.history.bootstrap.statements(context.layout)
    lines = [f"{statement.sql};" for statement in bootstrap]
    for version in pending:
        lines.append(f"-- {version.revision}: {version.title}")
        lines += [f"{statement.sql};" for statement in version.statements(context.layout)]
    return lines


def upgrade(
    context: Context,
    say: Say,
    lock_timeout: float = LOCK_SECONDS,
    target: str = "head",
) -> list[Applied]:
    """Apply every version up to `target` that the database does not have.

    A version counts as applied when its last statement has succeeded; each statement can be run
    again, so a killed run is continued by the next one. Raises AspectsError at the first
    statement that fails, naming it, and before the first of all on a volume of upstream's plugin.
    """
    cluster = discover(context.target)
    done: list[Applied] = []
    with (
        Client(context.target, cluster.control) as client,
        lock.hold(context.target, cluster.control, context.lock_name, lock_timeout, say),
    ):
        present = state.applied(client, context.names)
        pending = context.history.pending(present, target)
        if not pending:
            return done
        if not present:
            upstream.refuse(client, context)
        say(_headline(len(pending), cluster))
        for statement in context.history.bootstrap.statements(context.layout):
            _run(client, statement)
        for version in pending:
            done.append(_apply(client, context, version, say))
    return done


def _headline(versions: int, cluster: Cluster) -> str:
    where = f"{len(cluster.nodes)} nodes" if cluster.target.cluster else "one node"
    word = "version" if versions == 1 else "versions"
    return f"{versions} schema {word} to apply on {where}, through {cluster.control}"


def _apply(client: Client, context: Context, version: scripts.Version, say: Say) -> Applied:
    start = time.monotonic()
    statements = version.statements(context.layout)
    label = f"{version.revision} {version.title}"
    for number, statement in enumerate(statements, 1):
        try:
            _run(client, statement)
        except AspectsError:
            say(f"{label}: FAILED at statement {number} of {len(statements)} ({statement.about})")
            raise
    state.record(client, context.names, version.revision)
    seconds = time.monotonic() - start
    say(f"{label}: done, {len(statements)} statements in {seconds:.1f} s")
    return Applied(version.revision, version.title, len(statements), round(seconds, 3))


def _run(client: Client, statement: Statement) -> None:
    try:
        client.run(statement.sql)
    except AspectsError as error:
        raise type(error)(*_renamed(error, statement)) from None


def _renamed(error: AspectsError, statement: Statement) -> tuple[object, ...]:
    message = f"Cannot make {statement.about}: {str(error)[0].lower()}{str(error)[1:]}"
    code = getattr(error, "code", None)
    return (message,) if code is None else (message, code)
