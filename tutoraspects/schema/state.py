"""Which versions a database has. Append-only rows, the same on every node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutoraspects import __version__
from tutoraspects.schema.ddl import qualified
from tutoraspects.schema.model import Column, Placement, Ref, Table
from tutoraspects.schema.names import Names

if TYPE_CHECKING:
    from tutoraspects.schema.client import Client
    from tutoraspects.schema.operations import Operations

# Upstream's plugin keeps its own `alembic_version` in the same database: never the same name.
TABLE = "aspects_schema_versions"


def ref(names: Names) -> Ref:
    return Ref(names.migrations_database, TABLE)


def declare(op: Operations) -> None:
    """The table itself and its database, which every upgrade makes sure of first."""
    op.create_database(op.names.migrations_database)
    op.create_table(
        Table(
            ref=ref(op.names),
            columns=(
                Column("revision", "String"),
                Column("applied_at", "DateTime64(3)", kind="DEFAULT", expression="now64(3)"),
                Column("release", "String"),
            ),
            placement=Placement.EVERYWHERE,
            order_by=("revision", "applied_at"),
            comment="Versions of the Aspects schema that are complete",
        )
    )


def applied(client: Client, names: Names) -> set[str]:
    """Revisions that are complete; empty before the first upgrade."""
    place = ref(names)
    exists = client.rows(
        "SELECT 1 FROM system.tables WHERE database = %(database)s AND name = %(name)s",
        {"database": place.database, "name": place.name},
    )
    if not exists:
        return set()
    return {row[0] for row in client.rows(f"SELECT DISTINCT revision FROM {qualified(place)}")}


def history(client: Client, names: Names) -> dict[str, str]:
    """Revision -> UTC time at which it was first complete, as text."""
    if not applied(client, names):
        return {}
    return dict(
        client.rows(
            f"SELECT revision, formatDateTime(min(applied_at), '%F %T', 'UTC') "
            f"FROM {qualified(ref(names))} GROUP BY revision"
        )
    )


def record(client: Client, names: Names, revision: str) -> None:
    """Write that a revision's last statement has succeeded."""
    client.insert(
        f"INSERT INTO {qualified(ref(names))} (revision, release) VALUES",
        [(revision, __version__)],
    )
