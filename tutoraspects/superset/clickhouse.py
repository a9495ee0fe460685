"""What Superset asks ClickHouse needlessly."""

from __future__ import annotations

from typing import Any


def know_default_schema() -> None:
    """Answer which schema is a connection's default without making one.

    Superset asks twice for each chart that is not cached, and opens a connection each time, with
    three requests to ClickHouse; but for this driver the answer is a constant of the dialect. A
    dataset of ours always names its tables with their databases.
    """
    from clickhouse_connect.cc_sqlalchemy.dialect import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
        ClickHouseDialect,
    )
    from superset.db_engine_specs.clickhouse import (  # type: ignore[import-not-found,unused-ignore]
        ClickHouseConnectEngineSpec,
    )

    def get_default_schema(_spec: type, _database: Any, _catalog: str | None) -> str:
        return str(ClickHouseDialect.default_schema_name)

    ClickHouseConnectEngineSpec.get_default_schema = classmethod(get_default_schema)
