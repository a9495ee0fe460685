"""The declared schema as data: what exists, not how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from tutoraspects.errors import AspectsError


class Placement(Enum):
    """Where a table's rows live on a cluster. One node makes no difference between the three."""

    SHARDED = "sharded"
    """Each row on one shard: `<name>_local` holds data, `<name>` is its Distributed front."""

    EVERYWHERE = "everywhere"
    """Every row on every node: one replica set over all nodes of the cluster."""

    LOCAL = "local"
    """The same empty table on every node, for views to meet in."""


@dataclass(frozen=True, order=True)
class Ref:
    """A database object by its logical name (on a cluster the data table is `<name>_local`)."""

    database: str
    name: str

    def __str__(self) -> str:
        return f"{self.database}.{self.name}"


@dataclass(frozen=True)
class Column:
    """`kind` is '', DEFAULT, MATERIALIZED or ALIAS; `codec` is written as the server prints it."""

    name: str
    type: str
    codec: str = ""
    kind: str = ""
    expression: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Index:
    """A data-skipping index, e.g. bloom_filter(0.00001) over event_id."""

    name: str
    expression: str
    type: str
    granularity: int = 1


@dataclass(frozen=True)
class Table:
    """A table in the MergeTree family, or `Null`.

    `engine` is the family without `Replicated` (MergeTree, ReplacingMergeTree, Null) and
    `engine_arguments` what stands in its brackets besides the replica path. `sharding_key` is
    an expression over the columns that gives a UInt64, for SHARDED tables only.
    """

    ref: Ref
    columns: tuple[Column, ...]
    placement: Placement
    engine: str = "MergeTree"
    engine_arguments: tuple[str, ...] = ()
    order_by: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()
    partition_by: str = ""
    ttl: str = ""
    indexes: tuple[Index, ...] = ()
    settings: Mapping[str, str | int] = field(default_factory=dict)
    sharding_key: str = ""
    comment: str = ""

    @property
    def holds_data(self) -> bool:
        return self.engine != "Null"


@dataclass(frozen=True)
class View:
    """A materialized view from `source` into `target`, on the node where the rows arrive.

    `query` is a SELECT with `{source}` where the source table's name belongs.
    """

    ref: Ref
    source: Ref
    target: Ref
    query: str
    comment: str = ""


@dataclass
class Schema:
    """Everything that is declared, in the order of its creation."""

    databases: list[str] = field(default_factory=list)
    tables: dict[Ref, Table] = field(default_factory=dict)
    fronts: list[Ref] = field(default_factory=list)
    views: dict[Ref, View] = field(default_factory=dict)

    def table(self, ref: Ref) -> Table:
        try:
            return self.tables[ref]
        except KeyError:
            raise AspectsError(
                f"The version files use the table {ref} before they create it: correct their order."
            ) from None

    def add_column(self, ref: Ref, column: Column, after: str) -> None:
        table = self.table(ref)
        names = [item.name for item in table.columns]
        place = names.index(after) + 1
        columns = (*table.columns[:place], column, *table.columns[place:])
        self.tables[ref] = replace(table, columns=columns)

    def add_index(self, ref: Ref, index: Index) -> None:
        table = self.table(ref)
        self.tables[ref] = replace(table, indexes=(*table.indexes, index))

    def modify_ttl(self, ref: Ref, ttl: str) -> None:
        self.tables[ref] = replace(self.table(ref), ttl=ttl)
