"""Declared objects as statements. ON CLUSTER, engines, replica paths and Distributed fronts are
written here and nowhere else in Python; a test holds everybody else to that.

On one node a table is `<name>`. On a cluster a sharded table is `<name>_local` with a Distributed
front `<name>`; a table that every node holds whole is one replica set over all nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tutoraspects.schema.model import Column, Index, Placement, Ref, Schema, Table, View

LOCAL_SUFFIX = "_local"


@dataclass(frozen=True)
class Layout:
    """How objects are laid out.

    `cluster` is the cluster's name, or empty on one node. `definer` is the user whose rights the
    materialized views use, so that services need no rights on the tables behind the first one.
    With `broadcast` a statement reaches every node by ON CLUSTER, else only the connected node.
    """

    cluster: str = ""
    definer: str = "default"
    broadcast: bool = True

    @property
    def on_cluster(self) -> str:
        return f" ON CLUSTER {ident(self.cluster)}" if self.cluster and self.broadcast else ""


@dataclass(frozen=True)
class Statement:
    """One statement and the object it is about, for progress lines and errors."""

    sql: str
    about: str


def ident(name: str) -> str:
    """Quote an identifier."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def literal(text: str) -> str:
    """Quote a string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def qualified(ref: Ref) -> str:
    return f"{ident(ref.database)}.{ident(ref.name)}"


def data_ref(table: Table, layout: Layout) -> Ref:
    """The table that holds the rows: `<name>_local` when it is sharded over a cluster."""
    if layout.cluster and table.placement is Placement.SHARDED:
        return Ref(table.ref.database, table.ref.name + LOCAL_SUFFIX)
    return table.ref


def has_front(table: Table, layout: Layout) -> bool:
    return data_ref(table, layout) != table.ref


def replica_path(table: Table, layout: Layout) -> str:
    """Where the table's replicas meet in Keeper: one path per shard, or one for all nodes."""
    group = "{shard}" if table.placement is Placement.SHARDED else "all"
    ref = data_ref(table, layout)
    return f"/clickhouse/tables/{layout.cluster}/{group}/{ref.database}/{ref.name}"


def replica_name(table: Table) -> str:
    """Unique in the replica set; `{replica}` alone is unique within a shard at least."""
    return "{replica}" if table.placement is Placement.SHARDED else "{shard}-{replica}"


def data_engine(table: Table, layout: Layout) -> str:
    """The engine with its arguments, e.g. ReplicatedReplacingMergeTree('…', '…', version)."""
    arguments = list(table.engine_arguments)
    family = table.engine
    if layout.cluster and table.holds_data:
        family = f"Replicated{family}"
        arguments = [
            literal(replica_path(table, layout)),
            literal(replica_name(table)),
            *arguments,
        ]
    return family + (f"({', '.join(arguments)})" if arguments else "")


def definition(table: Table, layout: Layout) -> str:
    """The engine and everything after it but the comment, in the server's order of clauses."""
    parts = [data_engine(table, layout)]
    if table.partition_by:
        parts.append(f"PARTITION BY {table.partition_by}")
    if table.primary_key:
        parts.append(f"PRIMARY KEY ({', '.join(table.primary_key)})")
    if table.order_by:
        parts.append(f"ORDER BY ({', '.join(table.order_by)})")
    if table.ttl:
        parts.append(f"TTL {table.ttl}")
    if table.holds_data:
        settings = {**table.settings, "index_granularity": 8192}
        parts.append("SETTINGS " + ", ".join(f"{key} = {value}" for key, value in settings.items()))
    return " ".join(parts)


def front_definition(table: Table, layout: Layout) -> str:
    """The Distributed engine over the table's shards."""
    local = data_ref(table, layout)
    arguments = [literal(layout.cluster), literal(local.database), literal(local.name)]
    return f"Distributed({', '.join(arguments)}, {table.sharding_key})"


# A statement around a definition, for the server to write in its own way.
PROBE = "CREATE TABLE probe (`x` Int8) ENGINE = "


def column_clause(column: Column, with_codec: bool = True) -> str:
    parts = [ident(column.name), column.type]
    if column.kind:
        parts += [column.kind, column.expression]
    if column.comment:
        parts += ["COMMENT", literal(column.comment)]
    if column.codec and with_codec:
        parts.append(f"CODEC({column.codec})")
    return " ".join(parts)


def index_clause(index: Index) -> str:
    return (
        f"INDEX {ident(index.name)} {index.expression} "
        f"TYPE {index.type} GRANULARITY {index.granularity}"
    )


def create_database(name: str, layout: Layout) -> Statement:
    return Statement(
        f"CREATE DATABASE IF NOT EXISTS {ident(name)}{layout.on_cluster}", f"database {name}"
    )


def create_table(table: Table, layout: Layout) -> Statement:
    """The table that holds the rows, without its front."""
    ref = data_ref(table, layout)
    items = [*map(column_clause, table.columns), *map(index_clause, table.indexes)]
    comment = f" COMMENT {literal(table.comment)}" if table.comment else ""
    return Statement(
        f"CREATE TABLE IF NOT EXISTS {qualified(ref)}{layout.on_cluster} ("
        + ", ".join(items)
        + f") ENGINE = {definition(table, layout)}{comment}",
        f"table {ref}",
    )


def create_front(table: Table, layout: Layout) -> Statement:
    """The Distributed table that clients use."""
    columns = ", ".join(column_clause(column, with_codec=False) for column in table.columns)
    comment = f" COMMENT {literal(table.comment)}" if table.comment else ""
    return Statement(
        f"CREATE TABLE IF NOT EXISTS {qualified(table.ref)}{layout.on_cluster} ({columns}) "
        f"ENGINE = {front_definition(table, layout)}{comment}",
        f"front {table.ref}",
    )


def view_query(view: View, schema: Schema, layout: Layout) -> str:
    """The view's SELECT, reading the table that holds the rows."""
    source = data_ref(schema.table(view.source), layout)
    return view.query.replace("{source}", qualified(source))


def view_target(view: View, schema: Schema, layout: Layout) -> Ref:
    return data_ref(schema.table(view.target), layout)


def create_view(view: View, schema: Schema, layout: Layout) -> Statement:
    target = view_target(view, schema, layout)
    return Statement(
        f"CREATE MATERIALIZED VIEW IF NOT EXISTS {qualified(view.ref)}{layout.on_cluster} "
        f"TO {qualified(target)} "
        f"DEFINER = {ident(layout.definer)} SQL SECURITY DEFINER "
        f"AS {view_query(view, schema, layout)}",
        f"view {view.ref}",
    )


def modify_query(view: View, schema: Schema, layout: Layout) -> Statement:
    """Change a view's SELECT in place: rows that arrive meanwhile are not missed."""
    return Statement(
        f"ALTER TABLE {qualified(view.ref)}{layout.on_cluster} "
        f"MODIFY QUERY {view_query(view, schema, layout)}",
        f"view {view.ref}",
    )


def modify_definer(view: View, layout: Layout) -> Statement:
    return Statement(
        f"ALTER TABLE {qualified(view.ref)}{layout.on_cluster} "
        f"MODIFY SQL SECURITY DEFINER DEFINER = {ident(layout.definer)}",
        f"view {view.ref}",
    )


def drop(ref: Ref, layout: Layout, about: str) -> Statement:
    """For fronts and views only: neither holds a row."""
    return Statement(
        f"DROP TABLE IF EXISTS {qualified(ref)}{layout.on_cluster} SYNC", f"{about} {ref}"
    )


def add_column(
    ref: Ref, column: Column, after: str, layout: Layout, with_codec: bool = True
) -> Statement:
    """To one table: fronts take no codec. `after` is '' for the first place."""
    place = f"AFTER {ident(after)}" if after else "FIRST"
    return Statement(
        f"ALTER TABLE {qualified(ref)}{layout.on_cluster} ADD COLUMN IF NOT EXISTS "
        f"{column_clause(column, with_codec)} {place}",
        f"column {ref}.{column.name}",
    )


def add_index(table: Table, index: Index, layout: Layout) -> Statement:
    """New parts get the index; older ones when they are merged or it is materialized."""
    ref = data_ref(table, layout)
    clause = index_clause(index).replace("INDEX ", "INDEX IF NOT EXISTS ", 1)
    return Statement(
        f"ALTER TABLE {qualified(ref)}{layout.on_cluster} ADD {clause}", f"index {ref}.{index.name}"
    )


def modify_ttl(table: Table, layout: Layout) -> Statement:
    """Without rewriting parts: they follow the new TTL when they are next merged."""
    ref = data_ref(table, layout)
    change = f"MODIFY TTL {table.ttl}" if table.ttl else "REMOVE TTL"
    return Statement(
        f"ALTER TABLE {qualified(ref)}{layout.on_cluster} {change} "
        "SETTINGS materialize_ttl_after_modify = 0",
        f"TTL of {ref}",
    )


def modify_settings(table: Table, keys: Sequence[str], layout: Layout) -> Statement:
    ref = data_ref(table, layout)
    changes = ", ".join(f"{key} = {table.settings[key]}" for key in keys)
    return Statement(
        f"ALTER TABLE {qualified(ref)}{layout.on_cluster} MODIFY SETTING {changes}",
        f"settings of {ref}",
    )


def modify_codec(table: Table, column: Column, layout: Layout) -> Statement:
    """New parts use the codec; older ones when they are merged."""
    ref = data_ref(table, layout)
    return Statement(
        f"ALTER TABLE {qualified(ref)}{layout.on_cluster} MODIFY COLUMN {ident(column.name)} "
        f"CODEC({column.codec})",
        f"codec of {ref}.{column.name}",
    )


def expand(text: str, macros: Mapping[str, str]) -> str:
    """Put a node's macros into a replica path or name."""
    for key, value in macros.items():
        text = text.replace("{" + key + "}", value)
    return text


@dataclass(frozen=True)
class Replica:
    """Path and name of a table's replica as its engine has them, macros not replaced."""

    path: str
    name: str


def replica(table: Table, layout: Layout) -> Replica:
    return Replica(replica_path(table, layout), replica_name(table))


def drop_replica(lost: Replica, macros: Mapping[str, str]) -> Statement:
    """Forget a replica of the same name whose disk was lost, so that it can be made again.

    The server refuses when that replica is alive.
    """
    path = expand(lost.path, macros)
    return Statement(
        f"SYSTEM DROP REPLICA {literal(expand(lost.name, macros))} FROM ZKPATH {literal(path)}",
        f"replica in {path}",
    )
