"""Hold every node against the declaration, and mend what can be mended without touching rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tutoraspects.errors import AspectsError
from tutoraspects.schema import catalog, ddl, lock, marts, state
from tutoraspects.schema.client import REPLICA_ACTIVE, REPLICA_EXISTS, Client, ServerError
from tutoraspects.schema.compare import Comparison, Difference
from tutoraspects.schema.context import Context
from tutoraspects.schema.ddl import Statement
from tutoraspects.schema.formatted import Formatter
from tutoraspects.schema.nodes import Cluster, discover
from tutoraspects.schema.runner import Say
from tutoraspects.schema.target import Address

# Twice the time after which Keeper forgets a server that is gone.
SESSION_SECONDS = 60


@dataclass(frozen=True)
class NodeReport:
    """What one node differs in. `error` is set instead when the node could not be asked."""

    node: str
    differences: tuple[Difference, ...] = ()
    error: str = ""

    @property
    def sound(self) -> bool:
        return not self.differences and not self.error

    def as_dict(self) -> dict[str, object]:
        return {
            "node": self.node,
            "error": self.error,
            "differences": [
                {
                    "object": item.object,
                    "difference": item.message,
                    "repair": [statement.sql for statement in item.repair],
                    "advice": item.advice,
                }
                for item in self.differences
            ],
        }


@dataclass
class Report:
    """All nodes, and the versions that no node knows to be complete."""

    version: str
    objects: int
    pending: list[str] = field(default_factory=list)
    nodes: list[NodeReport] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.pending and all(node.sound for node in self.nodes)

    @property
    def count(self) -> int:
        return sum(len(node.differences) + bool(node.error) for node in self.nodes)

    def as_dict(self) -> dict[str, object]:
        return {
            "version": self.version,
            "objects": self.objects,
            "pending": self.pending,
            "sound": self.sound,
            "nodes": [node.as_dict() for node in self.nodes],
        }


def check(context: Context, say: Say, without_replication: bool = False) -> Report:
    """Compare every node with the declaration; nothing is changed.

    A node that does not answer is part of the report. Raises AspectsError when the nodes cannot
    be found out.
    """
    cluster = discover(context.target)
    report = _report(context)
    applied: set[str] = set()
    others = _marts(context, cluster, say)
    for address in cluster.nodes:
        start = time.monotonic()
        with Client(context.target, address) as client:
            try:
                applied |= state.applied(client, context.names)
                differences = (
                    *_compare(context, client, without_replication),
                    *marts.differences(marts.read(client, context.names), others),
                )
                node = NodeReport(str(address), differences)
            except AspectsError as error:
                node = NodeReport(str(address), error=str(error))
        report.nodes.append(node)
        verdict = "cannot be asked" if node.error else _count(len(node.differences))
        say(f"{address}: {verdict}, {time.monotonic() - start:.1f} s")
    report.pending = [version.revision for version in context.history.pending(applied)]
    return report


@dataclass(frozen=True)
class Repair:
    """What sync did, or would do, on one node."""

    node: str
    done: tuple[str, ...]
    statements: tuple[str, ...]
    left: tuple[Difference, ...]

    def as_dict(self) -> dict[str, object]:
        return {
            "node": self.node,
            "mended": list(self.done),
            "statements": list(self.statements),
            "left": [
                {"object": i.object, "difference": i.message, "advice": i.advice} for i in self.left
            ],
        }


def sync(
    context: Context,
    say: Say,
    lock_timeout: float,
    dry_run: bool = False,
    without_replication: bool = False,
) -> list[Repair]:
    """Mend every node; with `dry_run` only tell what would run.

    Raises AspectsError when the database has not all versions (that is what upgrade is for), when
    a node does not answer, or when a statement fails. Run it again after that: what has been
    mended is not touched twice.
    """
    cluster = discover(context.target)
    with _locked(context, cluster, lock_timeout, say, dry_run):
        _demand_versions(context, cluster)
        others = _marts(context, cluster, say)
        repairs = []
        for address in cluster.nodes:
            with Client(context.target, address) as client:
                node = Node(context, client, address, others, without_replication)
                repairs.append(_sync_node(node, say, dry_run))
    return repairs


@contextmanager
def _locked(
    context: Context, cluster: Cluster, timeout: float, say: Say, dry_run: bool
) -> Iterator[None]:
    if dry_run:
        yield
        return
    with lock.hold(context.target, cluster.control, context.lock_name, timeout, say):
        yield


def _demand_versions(context: Context, cluster: Cluster) -> None:
    applied: set[str] = set()
    for address in cluster.nodes:
        with Client(context.target, address) as client:
            applied |= state.applied(client, context.names)
    pending = [version.revision for version in context.history.pending(applied)]
    if pending:
        raise AspectsError(
            f"The database lacks the schema version {pending[0]}: run `aspects schema upgrade`."
        )


def _compare(context: Context, client: Client, without_replication: bool) -> Iterator[Difference]:
    comparison = Comparison(
        schema=context.history.schema,
        layout=replace(context.layout, broadcast=False),
        catalog=catalog.read(client, context.history.schema.databases),
        formatter=Formatter(client),
        without_replication=without_replication,
    )
    yield from comparison.differences()


@dataclass(frozen=True)
class Node:
    """A node that is to be mended, and what the nodes have of dbt's objects."""

    context: Context
    client: Client
    address: Address
    others: list[marts.Marts]
    without_replication: bool

    def differences(self) -> list[Difference]:
        """In the order of mending. What parses events comes last: rows reach the parsed table
        when it is there, and must find every mart's feed on it."""
        declared = list(_compare(self.context, self.client, self.without_replication))
        own = marts.read(self.client, self.context.names)
        views = {str(ref) for ref in self.context.history.schema.views}
        return [
            *(item for item in declared if item.object not in views),
            *marts.differences(own, self.others),
            *(item for item in declared if item.object in views),
        ]


def _marts(context: Context, cluster: Cluster, say: Say) -> list[marts.Marts]:
    """dbt's objects of every node that answers."""
    found = []
    for address in cluster.nodes:
        with Client(context.target, address) as client:
            try:
                found.append(marts.read(client, context.names))
            except AspectsError as error:
                say(f"{address}: {error}")
    return found


def _sync_node(node: Node, say: Say, dry_run: bool) -> Repair:
    start = time.monotonic()
    differences = node.differences()
    mendable = [item for item in differences if item.repair]
    done: list[str] = []
    statements: list[str] = []
    for item in mendable:
        statements += [statement.sql for statement in item.repair]
        if dry_run:
            continue
        _mend(node.client, item)
        done.append(str(item))
        say(f"{node.address}: mended {item}")
    left = differences
    if not dry_run and mendable:
        left = node.differences()
    for item in left:
        if not item.repair:
            say(f"{node.address}: cannot mend {item}; {item.advice}")
    if not dry_run and any(item.object in _parsing(node.context) for item in mendable):
        say(f"{node.address}: events that came meanwhile may be unparsed: run `aspects reparse`")
    word = "would mend" if dry_run else "done, mended"
    count = len(mendable)
    say(f"{node.address}: {word} {count} of {len(differences)}, {time.monotonic() - start:.1f} s")
    return Repair(str(node.address), tuple(done), tuple(statements), tuple(left))


def _parsing(context: Context) -> set[str]:
    """What stands between an event and its parsed row besides tables that hold rows."""
    schema = context.history.schema
    passing = [table.ref for table in schema.tables.values() if not table.holds_data]
    return {str(ref) for ref in [*schema.views, *passing]}


def _mend(client: Client, item: Difference) -> None:
    for statement in item.repair:
        try:
            client.run(statement.sql)
        except ServerError as error:
            if error.code != REPLICA_EXISTS or item.replica is None:
                raise
            _replace_replica(client, item, statement)


def _replace_replica(client: Client, item: Difference, statement: Statement) -> None:
    """Make a table whose replica is still known in Keeper, from before the node lost its disk.

    Until the lost server's session ends there, the replica counts as alive and is not dropped.
    """
    assert item.replica is not None
    macros = dict(client.rows("SELECT macro, substitution FROM system.macros"))
    drop = ddl.drop_replica(item.replica, macros)
    deadline = time.monotonic() + SESSION_SECONDS
    while True:
        try:
            client.run(drop.sql)
            break
        except ServerError as error:
            if error.code != REPLICA_ACTIVE or time.monotonic() > deadline:
                raise
            time.sleep(1)
    client.run(statement.sql)


def _count(number: int) -> str:
    return f"{number} difference" + ("" if number == 1 else "s")


def _report(context: Context) -> Report:
    schema = context.history.schema
    fronts = len(schema.fronts) if context.layout.cluster else 0
    return Report(
        version=context.history.head,
        objects=len(set(schema.databases)) + len(schema.tables) + len(schema.views) + fronts,
    )
