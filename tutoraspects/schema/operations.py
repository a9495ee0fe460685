"""What a version file may do: recorded once, used as statements and as the declared schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tutoraspects.schema import ddl
from tutoraspects.schema.ddl import Layout, Statement
from tutoraspects.schema.model import Column, Index, Ref, Schema, Table, View
from tutoraspects.schema.names import Names

Render = Callable[[Layout], list[Statement]]


@dataclass
class Operations:
    """The `op` of a version file's `upgrade(op)`.

    Each call changes `schema` (the declaration so far) and keeps how to write itself as
    statements, which is asked later for one node or a cluster. Every statement can be run
    again: a run that was killed repeats the whole version.
    """

    names: Names
    schema: Schema = field(default_factory=Schema)
    _renders: list[Render] = field(default_factory=list)

    def create_database(self, name: str) -> None:
        self.schema.databases.append(name)
        self._renders.append(lambda layout: [ddl.create_database(name, layout)])

    def create_table(self, table: Table) -> None:
        """Create the table that holds rows; clients of a sharded one wait for `create_front`."""
        self.schema.tables[table.ref] = table
        self._renders.append(lambda layout: [ddl.create_table(table, layout)])

    def create_front(self, ref: Ref) -> None:
        """Open a sharded table to clients. Comes after its views, so that no row slips by them."""
        table = self.schema.table(ref)
        self.schema.fronts.append(ref)
        self._renders.append(
            lambda layout: [ddl.create_front(table, layout)] if ddl.has_front(table, layout) else []
        )

    def create_view(self, view: View) -> None:
        tables = {ref: self.schema.table(ref) for ref in (view.source, view.target)}
        self.schema.views[view.ref] = view
        known = Schema(tables=tables)
        self._renders.append(lambda layout: [ddl.create_view(view, known, layout)])

    def modify_query(self, view: View) -> None:
        """Replace a view's SELECT in place."""
        tables = {ref: self.schema.table(ref) for ref in (view.source, view.target)}
        self.schema.views[view.ref] = view
        known = Schema(tables=tables)
        self._renders.append(lambda layout: [ddl.modify_query(view, known, layout)])

    def add_column(self, ref: Ref, column: Column, after: str) -> None:
        """To the data table and, on a cluster, to its front."""
        table = self.schema.table(ref)
        self.schema.add_column(ref, column, after)

        def render(layout: Layout) -> list[Statement]:
            data = ddl.data_ref(table, layout)
            refs = [data, table.ref] if ddl.has_front(table, layout) else [data]
            return [ddl.add_column(item, column, after, layout, item == data) for item in refs]

        self._renders.append(render)

    def add_index(self, ref: Ref, index: Index) -> None:
        table = self.schema.table(ref)
        self.schema.add_index(ref, index)
        self._renders.append(lambda layout: [ddl.add_index(table, index, layout)])

    def modify_ttl(self, ref: Ref, ttl: str) -> None:
        self.schema.modify_ttl(ref, ttl)
        table = self.schema.table(ref)
        self._renders.append(lambda layout: [ddl.modify_ttl(table, layout)])

    def statements(self, layout: Layout) -> list[Statement]:
        """What was recorded, in order, for this layout."""
        return list(_flatten(render(layout) for render in self._renders))


def _flatten(groups: Iterable[list[Statement]]) -> Iterable[Statement]:
    for group in groups:
        yield from group
