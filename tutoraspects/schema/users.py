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

ROLES = ("lrs", "vector", "cms", "report", "health", "monitor", "backup")


_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


def declare(
    environment: Mapping[str, str],
    names: Names,
    memory_mib: int | None = None,
    quorum: int | None = None,
    pii: bool | None = None,
) -> Access:
    """The users as the environment describes them; what is given here is used instead.

    The job image has all of it from the settings. Raises AspectsError for a value that cannot be
    right.
    """
    chosen: dict[str, str | tuple[str, ...]] = {
        role: environment[f"ASPECTS_CLICKHOUSE_{role.upper()}_USER"]
        for role in ROLES
        if environment.get(f"ASPECTS_CLICKHOUSE_{role.upper()}_USER")
    }
    models = environment.get("ASPECTS_PII_MODELS")
    if models is not None:
        chosen["pii_tables"] = tuple(name.strip() for name in models.split(",") if name.strip())
    if memory_mib is None:
        memory_mib = _number(environment, "ASPECTS_CLICKHOUSE_MEMORY_MIB", 4096, at_least=1)
    if quorum is None:
        quorum = _number(environment, "ASPECTS_CLICKHOUSE_INSERT_QUORUM", 0)
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
        pii=_flag(environment, "ASPECTS_ENABLE_PII") if pii is None else pii,
        lookback_days=_number(environment, "ASPECTS_RALPH_LOOKBACK_DAYS", 7),
        retry_minutes=_number(environment, "ASPECTS_DELIVERY_RETRY_MINUTES", 60),
    )


def _number(environment: Mapping[str, str], name: str, default: int, at_least: int = 0) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not text.isdecimal() or int(text) < at_least:
        raise AspectsError(f"'{text}' is not a number of at least {at_least}: correct {name}.")
    return int(text)


def _flag(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "").strip().lower()
    if text not in _TRUE | _FALSE:
        raise AspectsError(f"'{text}' is neither true nor false: correct {name}.")
    return text in _TRUE


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
