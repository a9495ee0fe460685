"""Tables of tutor-contrib-aspects under our names: found before the first version is applied.

Every version creates its tables only where there are none, so that a run that was killed can be
repeated. On upstream's volume that would keep tables of other columns and engines, and the first
events would fail or slip by the views.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tutoraspects.errors import AspectsError
from tutoraspects.schema import catalog
from tutoraspects.schema.compare import Comparison
from tutoraspects.schema.formatted import Formatter

if TYPE_CHECKING:
    from tutoraspects.schema.client import Client
    from tutoraspects.schema.context import Context

# Where upstream's migrations keep their state.
VERSION_TABLE = "alembic_version"


def refuse(client: Client, context: Context) -> None:
    """Raise AspectsError when the node has upstream's versions and tables that are not ours."""
    marked = client.rows(
        "SELECT 1 FROM system.tables WHERE database = %(database)s AND name = %(name)s",
        {"database": context.names.migrations_database, "name": VERSION_TABLE},
    )
    if not marked:
        return
    schema = context.history.schema
    comparison = Comparison(
        schema=schema,
        layout=replace(context.layout, broadcast=False),
        catalog=catalog.read(client, schema.databases),
        formatter=Formatter(client),
    )
    found = next(comparison.foreign(), None)
    if found is not None:
        raise AspectsError(
            f"ClickHouse at {client.address} holds tables of tutor-contrib-aspects, which this "
            f"plugin does not convert ({found}): move that data away, with Kubernetes the volume "
            "claim `clickhouse`, with Docker Compose the folder data/clickhouse, or choose other "
            "databases, as the page 'Come from tutor-contrib-aspects' describes, and repeat."
        )
