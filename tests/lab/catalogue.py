"""Which tables of the laboratory are one replica set over all nodes."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from .statements import Replication, Statement, Table


class Catalogue:
    """Learns from the statements that pass the gateway; kept in a file, so that a restart forgets nothing.

    A table is known by the replica path its CREATE gave it. The nodes cannot tell: there the engine
    is a plain MergeTree.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._tables: dict[Table, Replication] = {}
        if file.exists():
            for database, name, path, replica in json.loads(file.read_text()):
                self._tables[Table(database, name)] = Replication(path, replica)

    def learn(self, statement: Statement, database: str) -> None:
        """Take in a statement that was executed, in a session whose database is `database`."""
        created, dropped, moves = statement.created_table, statement.dropped_table, statement.moves
        if created is None and dropped is None and not moves:
            return
        with self._lock:
            known = dict(self._tables)
            if dropped is not None:
                known.pop(_full(dropped, database), None)
            if created is not None:
                known.pop(_full(created, database), None)
                if statement.replication is not None:
                    known[_full(created, database)] = statement.replication
            for source, _target in moves:
                known.pop(_full(source, database), None)
            for source, target in moves:
                replication = self._tables.get(_full(source, database))
                if replication is not None:
                    known[_full(target, database)] = replication
            if known != self._tables:
                self._tables = known
                self._save()

    def on_all_nodes(self, statement: Statement, database: str) -> bool:
        """Does the statement write to a table that is one replica set over all nodes?"""
        table = statement.written_table
        if table is None:
            return False
        replication = self._tables.get(_full(table, database))
        return replication is not None and replication.over_all_nodes

    def _save(self) -> None:
        rows = [
            [table.database, table.name, replication.path, replication.replica]
            for table, replication in self._tables.items()
        ]
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps(rows, indent=1))
        partial.replace(self._file)


def _full(table: Table, database: str) -> Table:
    return table if table.database else Table(database or "default", table.name)
