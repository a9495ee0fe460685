"""Hold a node against the declared schema.

What a node has is read from its system tables; what is declared is written by `ddl` and then put
into the server's own spelling by the server itself. Each difference carries the statements that
mend it without touching rows, or advice when nothing but a person can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tutoraspects.schema import ddl
from tutoraspects.schema.catalog import ActualColumn, ActualTable, Catalog
from tutoraspects.schema.ddl import Layout, Replica, Statement
from tutoraspects.schema.formatted import Formatter, top_level_split
from tutoraspects.schema.model import Column, Ref, Schema, Table, View

_REPLICATED = re.compile(r"^(?:Replicated|Shared)(?=\w*MergeTree\b)")


@dataclass(frozen=True)
class Difference:
    """`object` of a node is not as declared; `repair` mends it there, else `advice` says how."""

    object: str
    message: str
    repair: tuple[Statement, ...] = ()
    advice: str = ""
    replica: Replica | None = None

    def __str__(self) -> str:
        return f"{self.object}: {self.message}"


@dataclass(frozen=True)
class Comparison:
    """One node against the schema. The layout must be one that does not broadcast."""

    schema: Schema
    layout: Layout
    catalog: Catalog
    formatter: Formatter
    without_replication: bool = False

    def differences(self) -> list[Difference]:
        """Everything that differs, in the order in which it can be mended."""
        self._learn()
        found: list[Difference] = []
        # Several settings may name one database.
        for database in dict.fromkeys(self.schema.databases):
            if database not in self.catalog.databases:
                repair = (ddl.create_database(database, self.layout),)
                found.append(Difference(database, "the database is missing", repair))
        views = dict(self.schema.views)
        made: set[Ref] = set()
        for table in self.schema.tables.values():
            found += self._table(table)
            made.add(table.ref)
            # Right after its tables: rows may arrive in them before the next statement.
            for view in [v for v in views.values() if {v.source, v.target} <= made]:
                found += self._view(views.pop(view.ref))
        for ref in self.schema.fronts:
            table = self.schema.table(ref)
            if ddl.has_front(table, self.layout):
                found += self._front(table)
        return found

    def foreign(self) -> Iterator[Difference]:
        """Tables that somebody else made under our names: of other columns, engines or keys."""
        self._learn()
        for table in self.schema.tables.values():
            ref = ddl.data_ref(table, self.layout)
            actual = self.catalog.tables.get(ref)
            if actual is not None:
                yield from (d for d in self._engine(table, ref, actual) if not d.repair)
                yield from self._columns(table, ref, actual)
            front = self.catalog.tables.get(table.ref)
            if ref != table.ref and front is not None and front.engine != "Distributed":
                yield from self._front(table)

    # Tables that hold rows, and the parsing table ------------------------------------------------

    def _table(self, table: Table) -> Iterator[Difference]:
        ref = ddl.data_ref(table, self.layout)
        actual = self.catalog.tables.get(ref)
        if actual is None:
            yield Difference(
                str(ref),
                "the table is missing",
                (ddl.create_table(table, self.layout),),
                replica=ddl.replica(table, self.layout)
                if self.layout.cluster and table.holds_data
                else None,
            )
            return
        found = [
            *self._engine(table, ref, actual),
            *self._columns(table, ref, actual),
            *self._indexes(table, ref, actual),
            *self._replica(table, ref),
        ]
        if found and not table.holds_data:
            found = [self._recreated(table, ref, found)]
        yield from found

    def _engine(self, table: Table, ref: Ref, actual: ActualTable) -> Iterator[Difference]:
        declared = self.formatter.clauses(ddl.definition(table, self.layout))
        present = self.formatter.clauses(actual.clauses)
        want, have = declared["engine"], present["engine"]
        if self.without_replication:
            want, have = _plain(want), _plain(have)
        copy = "make a new table, copy the rows and exchange the two"
        if want != have:
            yield Difference(str(ref), f"the engine is {have} instead of {want}", advice=copy)
        for keyword in ("PARTITION BY", "ORDER BY", "PRIMARY KEY", "SAMPLE BY"):
            if declared.get(keyword, "") != present.get(keyword, ""):
                yield Difference(
                    str(ref),
                    f"{keyword} is {present.get(keyword) or 'absent'} instead of "
                    f"{declared.get(keyword) or 'absent'}",
                    advice=copy,
                )
        if declared.get("TTL", "") != present.get("TTL", ""):
            yield Difference(
                str(ref),
                f"TTL is {present.get('TTL') or 'absent'} instead of "
                f"{declared.get('TTL') or 'absent'}",
                (ddl.modify_ttl(table, self.layout),),
            )
        wrong = _settings(declared).items() - _settings(present).items()
        for key, value in sorted(wrong):
            is_value = _settings(present).get(key, "absent")
            fixable = key in table.settings
            yield Difference(
                str(ref),
                f"the setting {key} is {is_value} instead of {value}",
                (ddl.modify_settings(table, [key], self.layout),) if fixable else (),
                advice="" if fixable else copy,
            )

    def _columns(self, table: Table, ref: Ref, actual: ActualTable) -> Iterator[Difference]:
        present = {column.name: column for column in actual.columns}
        after = ""
        for column in table.columns:
            name = f"{ref}.{column.name}"
            have = present.get(column.name)
            if have is None:
                repair = (ddl.add_column(ref, column, after, self.layout),)
                yield Difference(name, "the column is missing", repair)
            else:
                yield from self._column(table, name, column, have)
            after = column.name
        yield from self._strangers(table, ref, actual)

    def _column(
        self, table: Table, name: str, column: Column, have: ActualColumn
    ) -> Iterator[Difference]:
        if have.type != column.type:
            yield Difference(
                name,
                f"the type is {have.type} instead of {column.type}",
                advice=f"`ALTER TABLE … MODIFY COLUMN` to {column.type}, which rewrites its data",
            )
        want = (column.kind, self.formatter.expression(column.expression))
        is_now = (have.kind, self.formatter.expression(have.expression))
        if want != is_now:
            yield Difference(
                name,
                f"the value is {' '.join(is_now).strip() or 'plain'} instead of "
                f"{' '.join(want).strip() or 'plain'}",
                advice="change it by `ALTER TABLE … MODIFY COLUMN`",
            )
        codec = have.codec.removeprefix("CODEC(").removesuffix(")")
        if codec != column.codec and table.holds_data:
            repair = ddl.modify_codec(table, column, self.layout)
            message = f"the codec is {codec or 'absent'} instead of {column.codec or 'absent'}"
            yield Difference(name, message, (repair,))

    def _strangers(self, table: Table, ref: Ref, actual: ActualTable) -> Iterator[Difference]:
        """Columns that an insert without a column list would have to fill, or in another order."""
        declared = [column.name for column in table.columns]
        insertable = [c.name for c in actual.columns if c.kind in ("", "DEFAULT")]
        for name in insertable:
            if name not in declared:
                yield Difference(
                    f"{ref}.{name}",
                    "the column is not declared",
                    advice="drop it when nobody uses it: inserts without a column list fail by it",
                )
        known = [name for name in insertable if name in declared]
        wanted = [name for name in declared if name in known]
        if known != wanted:
            yield Difference(
                str(ref),
                f"the columns are in the order {', '.join(known)}",
                advice="move them by `ALTER TABLE … MODIFY COLUMN … AFTER …`",
            )

    def _indexes(self, table: Table, ref: Ref, actual: ActualTable) -> Iterator[Difference]:
        for index in table.indexes:
            have = actual.indexes.get(index.name)
            name = f"{ref}.{index.name}"
            want = (self.formatter.expression(index.expression), index.type, index.granularity)
            if have is None:
                repair = (ddl.add_index(table, index, self.layout),)
                yield Difference(name, "the index is missing", repair)
            elif (self.formatter.expression(have[0]), *have[1:]) != want:
                yield Difference(
                    name,
                    f"the index is {have[1]} over {have[0]} instead of {want[1]} over {want[0]}",
                    advice="drop it and run `aspects schema sync`",
                )

    def _replica(self, table: Table, ref: Ref) -> Iterator[Difference]:
        if self.without_replication or not self.layout.cluster or not table.holds_data:
            return
        have = self.catalog.replicas.get(ref)
        if have is None:
            return  # the engine has been named already
        macros = self.catalog.macros
        want = (
            ddl.expand(ddl.replica_path(table, self.layout), macros),
            ddl.expand(ddl.replica_name(table), macros),
        )
        if have != want:
            yield Difference(
                str(ref),
                f"the replica is {have[1]} in {have[0]} instead of {want[1]} in {want[0]}",
                advice="check the node's macros `shard` and `replica`",
            )

    # What holds no rows --------------------------------------------------------------------------

    def _recreated(self, table: Table, ref: Ref, found: list[Difference]) -> Difference:
        """One difference for an empty table, which is made anew with the views that read it."""
        readers = [view for view in self.schema.views.values() if view.source == table.ref]
        repair = [ddl.drop(view.ref, self.layout, "view") for view in readers]
        repair += [ddl.drop(ref, self.layout, "table"), ddl.create_table(table, self.layout)]
        repair += [ddl.create_view(view, self.schema, self.layout) for view in readers]
        return Difference(str(ref), "; ".join(item.message for item in found), tuple(repair))

    def _view(self, view: View) -> Iterator[Difference]:
        create = ddl.create_view(view, self.schema, self.layout)
        actual = self.catalog.tables.get(view.ref)
        if actual is None:
            yield Difference(str(view.ref), "the view is missing", (create,))
            return
        if actual.engine != "MaterializedView":
            yield Difference(
                str(view.ref),
                f"it is a {actual.engine} instead of a materialized view",
                advice="rename or drop it, then run `aspects schema sync`",
            )
            return
        target = str(ddl.view_target(view, self.schema, self.layout))
        if actual.target != target:
            anew = (ddl.drop(view.ref, self.layout, "view"), create)
            message = f"it writes to {actual.target or 'a table of its own'} instead of {target}"
            yield Difference(str(view.ref), message, anew)
            return
        want = self.formatter.query(ddl.view_query(view, self.schema, self.layout))
        if self.formatter.query(actual.query) != want:
            repair = (ddl.modify_query(view, self.schema, self.layout),)
            yield Difference(str(view.ref), "its SELECT is another one", repair)
        if actual.definer != self.layout.definer:
            message = (
                f"it works with the rights of '{actual.definer or 'whoever inserts'}' "
                f"instead of '{self.layout.definer}'"
            )
            yield Difference(str(view.ref), message, (ddl.modify_definer(view, self.layout),))

    def _front(self, table: Table) -> Iterator[Difference]:
        create = ddl.create_front(table, self.layout)
        actual = self.catalog.tables.get(table.ref)
        if actual is None:
            yield Difference(str(table.ref), "the Distributed table is missing", (create,))
            return
        if actual.engine != "Distributed":
            yield Difference(
                str(table.ref),
                f"it is a {actual.engine} instead of a Distributed table",
                advice="rename it, run `aspects schema sync` and insert its rows again",
            )
            return
        messages = []
        want = self.formatter.clauses(ddl.front_definition(table, self.layout))["engine"]
        have = self.formatter.clauses(actual.clauses)["engine"]
        if want != have:
            messages.append(f"the engine is {have} instead of {want}")
        declared = [(column.name, column.type) for column in table.columns]
        present = [(column.name, column.type) for column in actual.columns]
        if declared != present:
            odd = sorted({name for name, _ in set(declared) ^ set(present)}) or ["in another order"]
            messages.append(f"the columns differ ({', '.join(odd)})")
        if not messages:
            return
        if table.ref in self.catalog.queued:
            advice = "wait until its queued rows are delivered, then run `aspects schema sync`"
            yield Difference(str(table.ref), "; ".join(messages), advice=advice)
            return
        repair = (ddl.drop(table.ref, self.layout, "front"), create)
        yield Difference(str(table.ref), "; ".join(messages), repair)

    def _learn(self) -> None:
        """Ask the server for all spellings in one go."""
        texts: list[str] = []
        for table in self.schema.tables.values():
            texts.append(ddl.PROBE + ddl.definition(table, self.layout))
            texts += [f"SELECT {c.expression}" for c in table.columns if c.expression]
            texts += [f"SELECT {index.expression}" for index in table.indexes]
        for view in self.schema.views.values():
            texts.append(ddl.view_query(view, self.schema, self.layout))
        for ref in self.schema.fronts:
            definition = ddl.front_definition(self.schema.table(ref), self.layout)
            texts.append(ddl.PROBE + definition)
        for actual in self.catalog.tables.values():
            texts += [ddl.PROBE + actual.clauses, actual.query]
            texts += [f"SELECT {c.expression}" for c in actual.columns if c.expression]
        self.formatter.learn(texts)


def _plain(engine: str) -> str:
    """An engine without its replication: ReplicatedX('path', 'name', args) as X(args)."""
    if not _REPLICATED.match(engine):
        return engine
    family, bracket, rest = _REPLICATED.sub("", engine).partition("(")
    arguments = top_level_split(rest.removesuffix(")")) if bracket else []
    kept = [argument for argument in arguments if not argument.startswith("'")]
    return family + (f"({', '.join(kept)})" if kept else "")


def _settings(clauses: dict[str, str]) -> dict[str, str]:
    pairs = (item.partition("=") for item in top_level_split(clauses.get("SETTINGS", "")))
    return {key.strip(): value.strip() for key, _, value in pairs}
