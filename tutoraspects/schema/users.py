"""Users of an external cluster: `tutoraspects.access` with passwords from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tutoraspects.access.declaration import declare as declare_access
from tutoraspects.access.model import Access
from tutoraspects.access.model import Names as AccessNames
from tutoraspects.access.render import PasswordHash, to_sql
from tutoraspects.errors import AspectsError
from tutoraspects.schema.client import Client
from tutoraspects.schema.names import Names
from tutoraspects.schema.nodes import discover
from tutoraspects.schema.target import Target, read_secret

ROLES = ("lrs", "vector", "cms", "report", "monitor", "backup")


def declare(
    environment: Mapping[str, str], names: Names, memory_mib: int, quorum: int, pii: bool
) -> Access:
    """The users under the names that ASPECTS_CLICKHOUSE_<ROLE>_USER give, else the usual ones."""
    chosen = {
        role: environment[f"ASPECTS_CLICKHOUSE_{role.upper()}_USER"]
        for role in ROLES
        if environment.get(f"ASPECTS_CLICKHOUSE_{role.upper()}_USER")
    }
    return declare_access(
        replace(
            AccessNames(**chosen),  # type: ignore[arg-type]
            ralph_database=names.xapi_database,
            vector_database=names.vector_database,
            event_sink_database=names.event_sink_database,
            reporting_database=names.reporting_database,
            migrations_database=names.migrations_database,
            raw_table=names.raw_table,
            tracking_table=names.tracking_table,
        ),
        memory_mib=memory_mib,
        quorum=quorum,
        pii=pii,
    )


def passwords(environment: Mapping[str, str]) -> dict[str, PasswordHash]:
    """User -> salted hash, for each user whose password the environment has.

    Raises AspectsError when it has none at all.
    """
    found = {}
    for role in ROLES:
        variable = f"ASPECTS_CLICKHOUSE_{role.upper()}"
        password = read_secret(environment, f"{variable}_PASSWORD")
        if password:
            user = environment.get(f"{variable}_USER") or f"ch_{role}"
            found[user] = PasswordHash.of(password)
    if not found:
        variables = ", ".join(f"_{role.upper()}_PASSWORD" for role in ROLES)
        raise AspectsError(
            f"No user has a password: set ASPECTS_CLICKHOUSE{variables} or the same with _FILE."
        )
    return found


def statements(environment: Mapping[str, str], target: Target, declared: Access) -> list[str]:
    """What makes the users on the cluster; settings that the server does not know are left out."""
    hashes = passwords(environment)
    with Client(target, discover(target).control) as client:
        known = {row[0] for row in client.rows("SELECT name FROM system.settings")}
    return to_sql(declared, hashes, cluster=target.cluster, known_settings=known)


def apply(target: Target, sql: list[str]) -> None:
    """Run the statements. Raises AspectsError at the first that fails, without its text."""
    with Client(target, discover(target).control) as client:
        for statement in sql:
            client.run(statement)
