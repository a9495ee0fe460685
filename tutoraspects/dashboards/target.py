"""What a bundle is compiled for: names of databases, cluster, languages, from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tutoraspects.errors import AspectsError

# Languages of Superset that upstream's plugin supports; copies in others have ids, too.
LANGUAGES = ("en", "es", "it", "fr", "zh", "ja", "de", "pt", "ru", "ko", "sk", "sl", "nl")
LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*")
_TRUE = {"1", "true", "yes", "on"}


@dataclass(frozen=True)
class Target:
    """An installation, as far as dashboards differ from one to the next.

    `databases` maps the names in specifications to real ones. `uris` maps `clickhouse`, `servers`
    and `superset` to SQLAlchemy addresses; passwords in them never enter a bundle.
    """

    databases: Mapping[str, str] = field(
        default_factory=lambda: {
            name: name for name in ("reporting", "event_sink", "xapi", "superset")
        }
    )
    parsed_table: str = "xapi_events_all_parsed"
    cluster: str = ""
    personal_data: bool = True
    hidden_charts: frozenset[str] = frozenset()
    locales: tuple[str, ...] = ()
    uris: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Target:
        """Read the variables of docs/reference/environment.md."""

        def get(name: str, default: str) -> str:
            return environment.get(name) or default

        locales = tuple(
            part.strip()
            for part in get("SUPERSET_DASHBOARD_LOCALES", "").split(",")
            if part.strip()
        )
        for locale in locales:
            if not LOCALE.fullmatch(locale):
                raise AspectsError(
                    f"'{locale}' is not a language such as es or pt-br: correct "
                    "SUPERSET_DASHBOARD_LOCALES."
                )
        return cls(
            databases={
                "reporting": get("ASPECTS_REPORTING_DATABASE", "reporting"),
                "event_sink": get("ASPECTS_EVENT_SINK_DATABASE", "event_sink"),
                "xapi": get("ASPECTS_RALPH_DATABASE", "xapi"),
                "superset": get("SUPERSET_DB_METADATA_NAME", "superset"),
            },
            parsed_table=get("ASPECTS_RAW_XAPI_TABLE", "xapi_events_all") + "_parsed",
            cluster=get("ASPECTS_CLICKHOUSE_CLUSTER", ""),
            personal_data=get("ASPECTS_ENABLE_PII", "0").lower() in _TRUE,
            hidden_charts=frozenset(get("ASPECTS_PII_CHART_UUIDS", "").replace(",", " ").split()),
            locales=locales,
            uris={
                name: environment[variable]
                for name, variable in (
                    ("clickhouse", "CLICKHOUSE_REPORT_SQLALCHEMY_URI"),
                    ("servers", "ASPECTS_CLICKHOUSE_HEALTH_SQLALCHEMY_URI"),
                    ("superset", "SUPERSET_METADATA_SQLALCHEMY_URI"),
                )
                if environment.get(variable)
            },
        )
