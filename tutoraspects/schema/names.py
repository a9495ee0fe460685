"""What the databases and tables are called, and how long events are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from tutoraspects.errors import AspectsError

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_VARIABLES = {
    "xapi_database": ("ASPECTS_RALPH_DATABASE", "xapi"),
    "vector_database": ("ASPECTS_VECTOR_DATABASE", "openedx"),
    "event_sink_database": ("ASPECTS_EVENT_SINK_DATABASE", "event_sink"),
    "reporting_database": ("ASPECTS_REPORTING_DATABASE", "reporting"),
    "migrations_database": ("ASPECTS_MIGRATIONS_DATABASE", ""),
    "raw_table": ("ASPECTS_RAW_XAPI_TABLE", "xapi_events_all"),
    "tracking_table": ("ASPECTS_VECTOR_RAW_TRACKING_LOGS_TABLE", "_tracking"),
}


@dataclass(frozen=True)
class Names:
    """Names that the operator may choose; everything else is derived from them.

    `events_ttl` is a ClickHouse expression over the column `emission_time`, or empty to keep
    events for ever. `migrations_database` is the Ralph database unless set.
    """

    xapi_database: str = "xapi"
    vector_database: str = "openedx"
    event_sink_database: str = "event_sink"
    reporting_database: str = "reporting"
    migrations_database: str = "xapi"
    raw_table: str = "xapi_events_all"
    tracking_table: str = "_tracking"
    events_ttl: str = "toDateTime(emission_time) + INTERVAL 1 YEAR"

    @property
    def parse_table(self) -> str:
        return f"{self.raw_table}_parse"

    @property
    def parsed_table(self) -> str:
        return f"{self.raw_table}_parsed"

    @property
    def quarantine_table(self) -> str:
        return "xapi_events_quarantine"

    @property
    def databases(self) -> tuple[str, ...]:
        """Every database, each once, in the order in which they are created."""
        return tuple(
            dict.fromkeys(
                (
                    self.migrations_database,
                    self.xapi_database,
                    self.vector_database,
                    self.event_sink_database,
                    self.reporting_database,
                )
            )
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Names:
        """Read the names. Raises AspectsError for one that is not a plain identifier."""
        values = {
            field: environment.get(variable) or default
            for field, (variable, default) in _VARIABLES.items()
        }
        values["migrations_database"] = values["migrations_database"] or values["xapi_database"]
        for field, value in values.items():
            if not _IDENTIFIER.fullmatch(value):
                raise AspectsError(
                    f"'{value}' is not a ClickHouse name of letters, digits and underscores: "
                    f"correct {_VARIABLES[field][0]}."
                )
        if values["xapi_database"] == values["vector_database"]:
            raise AspectsError(
                f"Ralph and Vector cannot share the database '{values['xapi_database']}': "
                "give ASPECTS_RALPH_DATABASE and ASPECTS_VECTOR_DATABASE different names."
            )
        default_ttl = next(field.default for field in fields(cls) if field.name == "events_ttl")
        ttl = environment.get("ASPECTS_DATA_TTL_EXPRESSION")
        return cls(**values, events_ttl=str(default_ttl) if ttl is None else ttl.strip())

    def ttl_over(self, column: str) -> str:
        """The retention expression for a table whose event time is called `column`."""
        return re.sub(r"\bemission_time\b", column, self.events_ttl)
