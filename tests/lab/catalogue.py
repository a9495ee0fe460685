"""Which tables of which node were declared as Replicated, and so stand for a replica set."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from .statements import Replication, Statement, Table

Tables = dict[Table, Replication]


class Catalogue:
    """Learns from the statements that pass the gateway.

    Kept in a file, so that a restart forgets nothing. The nodes themselves cannot tell: there the
    engine is a plain MergeTree.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._nodes: dict[str, Tables] = {}
        if file.exists():
            for node, database, name, path, replica in json.loads(file.read_text()):
                tables = self._nodes.setdefault(node, {})
                tables[Table(database, name)] = Replication(path, replica)

    def replicated(self, node: str) -> Mapping[Table, Replication]:
        """The tables of a node that were declared as Replicated."""
        return self._nodes.get(node, {})

    def is_on_all_nodes(self, table: Table, database: str) -> bool:
        """Is the table one replica set over all nodes?"""
        found = [tables.get(_full(table, database)) for tables in self._nodes.values()]
        return any(replication and replication.over_all_nodes for replication in found)

    def learn(self, statement: Statement, database: str, nodes: Iterable[str]) -> None:
        """Take in a statement that these nodes executed, in a session with this database."""
        if not (statement.created_table or statement.dropped_table or statement.moves):
            return
        with self._lock:
            changed = dict(self._nodes)
            for node in nodes:
                changed[node] = _after(statement, database, self._nodes.get(node, {}))
            if changed != self._nodes:
                self._nodes = changed
                self._save()

    def _save(self) -> None:
        rows = [
            [node, table.database, table.name, replication.path, replication.replica]
            for node, tables in self._nodes.items()
            for table, replication in tables.items()
        ]
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps(rows, indent=1))
        partial.replace(self._file)


def _after(statement: Statement, database: str, before: Tables) -> Tables:
    """A node's tables after it executed the statement."""
    after = dict(before)
    dropped, created = statement.dropped_table, statement.created_table
    if dropped is not None:
        after.pop(_full(dropped, database), None)
    if created is not None:
        after.pop(_full(created, database), None)
        if statement.replication is not None:
            after[_full(created, database)] = statement.replication
    for source, _ in statement.moves:
        after.pop(_full(source, database), None)
    for source, target in statement.moves:
        replication = before.get(_full(source, database))
        if replication is not None:
            after[_full(target, database)] = replication
    return after


def _full(table: Table, database: str) -> Table:
    return table if table.database else Table(database or "default", table.name)
