"""What a node has: databases, tables, columns, indexes and replicas, as its system tables say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tutoraspects.schema.client import Client
from tutoraspects.schema.model import Ref

_TARGET = re.compile(r"^CREATE MATERIALIZED VIEW \S+ TO (\S+)")
_DEFINER = re.compile(r"\bDEFINER = (\S+) SQL SECURITY DEFINER\b")


@dataclass(frozen=True)
class ActualColumn:
    name: str
    type: str
    kind: str
    expression: str
    codec: str


@dataclass(frozen=True)
class ActualTable:
    """A table or view of a node. `clauses` are the engine and what follows it."""

    engine: str
    clauses: str
    query: str
    create: str
    columns: tuple[ActualColumn, ...] = ()
    indexes: dict[str, tuple[str, str, int]] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """`database.table` that a materialized view writes to."""
        found = _TARGET.match(self.create)
        return found.group(1).replace("`", "") if found else ""

    @property
    def definer(self) -> str:
        """The user whose rights a view uses, or '' when it was made without one."""
        found = _DEFINER.search(self.create.split(" AS SELECT ")[0].split(" AS WITH ")[0])
        return found.group(1).strip("`") if found else ""


@dataclass(frozen=True)
class Catalog:
    """One node's objects in the databases that were asked for."""

    databases: frozenset[str]
    tables: dict[Ref, ActualTable]
    replicas: dict[Ref, tuple[str, str]]
    macros: dict[str, str]
    queued: frozenset[Ref]


def read(client: Client, databases: Iterable[str]) -> Catalog:
    """Read a node's objects. Raises AspectsError when it does not answer."""
    wanted = {"databases": tuple(databases)}
    columns: dict[Ref, list[ActualColumn]] = {}
    for database, table, *column in client.rows(
        "SELECT database, table, name, type, default_kind, default_expression, compression_codec "
        "FROM system.columns WHERE database IN %(databases)s ORDER BY database, table, position",
        wanted,
    ):
        columns.setdefault(Ref(database, table), []).append(ActualColumn(*column))
    indexes: dict[Ref, dict[str, tuple[str, str, int]]] = {}
    for database, table, name, kind, expression, granularity in client.rows(
        "SELECT database, table, name, type_full, expr, granularity "
        "FROM system.data_skipping_indices WHERE database IN %(databases)s",
        wanted,
    ):
        indexes.setdefault(Ref(database, table), {})[name] = (expression, kind, granularity)
    tables = {}
    for database, name, engine, clauses, query, create in client.rows(
        "SELECT database, name, engine, engine_full, as_select, create_table_query "
        "FROM system.tables WHERE database IN %(databases)s",
        wanted,
    ):
        ref = Ref(database, name)
        tables[ref] = ActualTable(
            engine, clauses, query, create, tuple(columns.get(ref, ())), indexes.get(ref, {})
        )
    return Catalog(
        databases=frozenset(
            row[0]
            for row in client.rows(
                "SELECT name FROM system.databases WHERE name IN %(databases)s", wanted
            )
        ),
        tables=tables,
        replicas={
            Ref(database, table): (path, replica)
            for database, table, path, replica in client.rows(
                "SELECT database, table, zookeeper_path, replica_name FROM system.replicas "
                "WHERE database IN %(databases)s",
                wanted,
            )
        },
        macros=dict(client.rows("SELECT macro, substitution FROM system.macros")),
        queued=frozenset(
            Ref(database, table)
            for database, table in client.rows(
                "SELECT database, table FROM system.distribution_queue "
                "WHERE database IN %(databases)s AND data_files > 0",
                wanted,
            )
        ),
    )
