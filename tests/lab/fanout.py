"""What the gateway's two listeners share: the nodes, the catalogue, and how answers become one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from .catalogue import Catalogue
from .disguise import disguise
from .statements import Statement, Table

Answer = TypeVar("Answer")

# ClickHouse's ErrorCodes.cpp
CLUSTER_DOESNT_EXIST = 701
TIMEOUT_EXCEEDED = 159
NETWORK_ERROR = 210

NOTHING = "SELECT 1 WHERE 0"


@dataclass(frozen=True)
class Backend:
    """A node as the gateway knows it."""

    name: str
    http_port: int
    native_port: int
    gateway_http_port: int
    gateway_native_port: int

    host = "127.0.0.1"


@dataclass(frozen=True)
class Failure:
    """What a node answered instead of doing a statement."""

    code: int
    message: str

    @property
    def full(self) -> str:
        """As ClickHouse writes an error that came from another host."""
        return f"Code: {self.code}. DB::Exception: {self.message}"


class Refusal(Exception):
    """The gateway's own answer to a statement."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Cluster:
    """All nodes behind the gateway, and what was learnt from the statements so far.

    `plain_tables` is None where every Replicated engine becomes a plain one; else the nodes have
    ZooKeeper, and only tables of these names do.
    """

    def __init__(
        self,
        name: str,
        nodes: list[Backend],
        catalogue: Catalogue,
        plain_tables: list[str] | None = None,
    ) -> None:
        self.name = name
        self.nodes = nodes
        self.catalogue = catalogue
        self.plain_tables = plain_tables
        self._pool = ThreadPoolExecutor(max_workers=32, thread_name_prefix="fan-out")

    def text(self, statement: Statement, node: Backend) -> str:
        """The statement as the node is to run it."""
        if statement.verb in ("SELECT", "WITH"):
            replicated = self.catalogue.replicated(node.name)
            plain = {t: r for t, r in replicated.items() if self._is_plain(t)}
            return disguise(statement.original, plain)
        if statement.syncs_replica and self.plain_tables is None:
            return NOTHING
        created = statement.created_table
        if created is None or self._is_plain(created):
            return statement.text
        return statement.text_replicated

    def _is_plain(self, table: Table) -> bool:
        """Is the table a plain one on the nodes, whatever engine it was declared with?"""
        return self.plain_tables is None or table.name in self.plain_tables

    def on_all_nodes(self, statement: Statement, database: str) -> bool:
        """Is the statement a write that has to be repeated on every node?"""
        table = statement.written_table
        if table is None or not self._is_plain(table):
            return False
        return self.catalogue.is_on_all_nodes(table, database)

    def learn(self, statement: Statement, database: str, node: Backend | None = None) -> None:
        """Remember what a statement did: on one node, or on all of them."""
        nodes = self.nodes if node is None else [node]
        self.catalogue.learn(statement, database, [each.name for each in nodes])

    def check_name(self, statement: Statement) -> None:
        """Refuse ON CLUSTER with a name that no node knows, as ClickHouse does."""
        name = statement.cluster
        if name is not None and name not in (self.name, "{cluster}"):
            raise Refusal(
                Failure(
                    CLUSTER_DOESNT_EXIST,
                    f"Requested cluster '{name}' not found. (CLUSTER_DOESNT_EXIST)",
                )
            )

    def everywhere(self, task: Callable[[Backend], Answer]) -> list[Answer]:
        """Run `task` on every node at once; answers in the order of the nodes."""
        return list(self._pool.map(task, self.nodes))


def ddl_failure(nodes: list[Backend], failures: list[Failure | None]) -> Failure | None:
    """What ON CLUSTER raises for the nodes' answers (distributed_ddl_output_mode = throw).

    A node that is down does not fail the statement in ClickHouse: it would do it later, and the
    client waits for distributed_ddl_task_timeout. The gateway raises the same code at once.
    """
    for node, failure in zip(nodes, failures, strict=True):
        if failure is not None and failure.code != NETWORK_ERROR:
            return Failure(
                failure.code,
                f"There was an error on [{node.host}:{node.native_port}]: {failure.full}",
            )
    down = [node for node, failure in zip(nodes, failures, strict=True) if failure is not None]
    if down:
        return Failure(
            TIMEOUT_EXCEEDED,
            "Distributed DDL task is not finished on "
            f"{len(down)} of {len(nodes)} hosts (distributed_ddl_task_timeout): "
            + ", ".join(f"{node.host}:{node.native_port}" for node in down),
        )
    return None


def status_rows(
    nodes: list[Backend], failures: list[Failure | None]
) -> list[tuple[str, int, int, str, int, int]]:
    """The rows ON CLUSTER returns: host, port, status, error, hosts remaining, hosts active."""
    return [
        (
            node.host,
            node.native_port,
            failure.code if failure else 0,
            failure.full if failure else "",
            len(nodes) - index - 1,
            0,
        )
        for index, (node, failure) in enumerate(zip(nodes, failures, strict=True))
    ]


STATUS_COLUMNS = (
    ("host", "String"),
    ("port", "UInt16"),
    ("status", "Int64"),
    ("error", "String"),
    ("num_hosts_remaining", "UInt64"),
    ("num_hosts_active", "UInt64"),
)
