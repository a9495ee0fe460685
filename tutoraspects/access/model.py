"""What a declaration of ClickHouse access is made of. Plain data, no Tutor, no ClickHouse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from tutoraspects.errors import AspectsError

Value = int | float | str

# A user name becomes an XML element and an identifier in SQL; a table or database name an
# identifier. Dots would split ClickHouse's configuration keys.
_SAFE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_PLAIN_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

EVENT_SINK_TABLES = (
    "course_overviews",
    "course_blocks",
    "course_relationships",
    "user_profile",
    "external_id",
    "course_enrollment",
    "tag",
    "taxonomy",
    "object_tag",
    "auth_user",
)
PII_TABLES = ("user_profile", "external_id", "auth_user")


@dataclass(frozen=True)
class Names:
    """Users, databases and tables as the settings call them."""

    admin: str = "ch_admin"
    lrs: str = "ch_lrs"
    vector: str = "ch_vector"
    cms: str = "ch_cms"
    report: str = "ch_report"
    health: str = "ch_health"
    monitor: str = "ch_monitor"
    backup: str = "ch_backup"
    ralph_database: str = "xapi"
    vector_database: str = "openedx"
    event_sink_database: str = "event_sink"
    reporting_database: str = "reporting"
    migrations_database: str = "xapi"
    raw_table: str = "xapi_events_all"
    tracking_table: str = "_tracking"
    pii_tables: tuple[str, ...] = PII_TABLES

    def __post_init__(self) -> None:
        """Raise AspectsError for a name that XML or SQL would read as something else."""
        for item in fields(self):
            value = getattr(self, item.name)
            for name in value if isinstance(value, tuple) else (value,):
                if not _SAFE_NAME.fullmatch(name):
                    raise AspectsError(
                        f"'{name}' cannot be a ClickHouse name (setting "
                        f"{SETTING_OF[item.name]}): use letters, digits, '_' and '-' only."
                    )

    @classmethod
    def from_settings(cls, values: Mapping[str, object]) -> Names:
        """Read the names from rendered settings; a setting that is absent keeps its default."""
        found: dict[str, str | tuple[str, ...]] = {}
        for name, setting in SETTING_OF.items():
            value = values.get(setting)
            if isinstance(value, list | tuple):
                found[name] = tuple(str(item) for item in value)
            elif value not in (None, ""):
                found[name] = str(value)
        return cls(**found)  # type: ignore[arg-type]


SETTING_OF = {
    "admin": "CLICKHOUSE_ADMIN_USER",
    "lrs": "ASPECTS_CLICKHOUSE_LRS_USER",
    "vector": "ASPECTS_CLICKHOUSE_VECTOR_USER",
    "cms": "ASPECTS_CLICKHOUSE_CMS_USER",
    "report": "ASPECTS_CLICKHOUSE_REPORT_USER",
    "health": "ASPECTS_CLICKHOUSE_HEALTH_USER",
    "monitor": "ASPECTS_CLICKHOUSE_MONITOR_USER",
    "backup": "ASPECTS_CLICKHOUSE_BACKUP_USER",
    "ralph_database": "RALPH_DATABASE",
    "vector_database": "ASPECTS_VECTOR_DATABASE",
    "event_sink_database": "ASPECTS_EVENT_SINK_DATABASE",
    "reporting_database": "DBT_PROFILE_TARGET_DATABASE",
    "migrations_database": "ASPECTS_ALEMBIC_MIGRATIONS_DATABASE",
    "raw_table": "ASPECTS_RAW_XAPI_TABLE",
    "tracking_table": "ASPECTS_VECTOR_RAW_TRACKING_LOGS_TABLE",
    "pii_tables": "EVENT_SINK_PII_MODELS",
}


@dataclass(frozen=True)
class Setting:
    """One ClickHouse setting of a profile, and why it has this value.

    `limit` is what the user may do with it: nothing said ("") means change it freely, "max"
    means only lower it (and not to 0, which is no limit at all), "const" means leave it alone.
    "most" is "max" with 0 allowed, for what the server itself sets to 0 when it asks other nodes
    for the rows of a subquery: with a lower bound they would take the limit to be 1.
    """

    name: str
    value: Value
    why: str
    limit: str = ""


@dataclass(frozen=True)
class Profile:
    """A named set of settings. Every user also gets those of the profile `default`."""

    name: str
    why: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class Quota:
    """What one user may consume in an hour; 0 counts without limiting."""

    name: str
    why: str
    queries: int = 0
    errors: int = 0
    execution_time: int = 0

    @property
    def limits(self) -> dict[str, int]:
        return {
            "duration": 3600,
            "queries": self.queries,
            "errors": self.errors,
            "result_rows": 0,
            "read_rows": 0,
            "execution_time": self.execution_time,
        }


@dataclass(frozen=True)
class Grant:
    """Privileges on one target, e.g. `SELECT, INSERT` on `xapi.xapi_events_all`."""

    privileges: str
    target: str

    def __str__(self) -> str:
        return f"{self.privileges} ON {self.target}"


@dataclass(frozen=True)
class RowFilter:
    """Which rows of a table a user sees: a ClickHouse expression without `<` and `&`, which the
    operator would write into XML as they are. Writing is not affected by it.
    """

    database: str
    table: str
    condition: str


@dataclass(frozen=True)
class User:
    """A ClickHouse user. `password` is the name under which its password's hash is found:
    the environment variable of the server and the key of the Secret. Without one the user
    has no password, which only a user that may do nothing may have.
    """

    name: str
    why: str
    password: str
    profile: str
    quota: str
    grants: tuple[Grant, ...] = ()
    everything: bool = False
    row_filters: tuple[RowFilter, ...] = ()
    networks: tuple[str, ...] = ("::/0",)


@dataclass(frozen=True)
class Access:
    """The whole declaration: the renderers turn it into XML, operator settings and SQL."""

    users: tuple[User, ...]
    profiles: tuple[Profile, ...]
    quotas: tuple[Quota, ...] = field(default=())

    def user(self, name: str) -> User:
        return next(user for user in self.users if user.name == name)


def identifier(name: str) -> str:
    """Quote a name for SQL when it needs quotes."""
    return name if _PLAIN_IDENTIFIER.fullmatch(name) else f"`{name}`"


def table(database: str, name: str) -> str:
    """`database.name`, quoted; the name `*` stands for every table."""
    return f"{identifier(database)}.{'*' if name == '*' else identifier(name)}"
