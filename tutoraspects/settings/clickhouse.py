"""Settings of ClickHouse: how it is reached, who may log in, what it holds."""

from __future__ import annotations

from tutoraspects.settings.setting import AUTO, Group, Setting


def _effective_port(side: str, protocol: str, meaning: str, *, read: bool = True) -> Setting:
    """The port in use, which follows from CLICKHOUSE_SECURE_CONNECTION."""
    default = (
        f"{{% if CLICKHOUSE_SECURE_CONNECTION %}}{{{{ CLICKHOUSE_{side}_TLS_{protocol}_PORT }}}}"
        f"{{% else %}}{{{{ CLICKHOUSE_{side}_INSECURE_{protocol}_PORT }}}}{{% endif %}}"
    )
    name = f"CLICKHOUSE_{side}_{protocol}_PORT"
    return Setting(name, default, "port", meaning, kept=True, read=read)


def _port(name: str, default: str, meaning: str, *, read: bool = True) -> Setting:
    return Setting(name, default, "port", meaning, kept=True, read=read)


CONNECTION = Group(
    "ClickHouse connection",
    "Ports named HOST are opened on the machine with Docker Compose; ports named INTERNAL are "
    "those between services.",
    (
        Setting(
            "CLICKHOUSE_HOST",
            "clickhouse",
            "host",
            "Host through which every client reaches ClickHouse.",
            kept=True,
        ),
        Setting(
            "CLICKHOUSE_CLUSTER_NAME",
            "",
            "name",
            "Name of an external cluster, as in its remote_servers; empty when this plugin deploys "
            "ClickHouse.",
            kept=True,
            optional=True,
        ),
        Setting(
            "CLICKHOUSE_CLUSTER_DDL_NODE_HOST",
            "",
            "host",
            "Node of an external cluster on which statements that change the schema run; empty "
            "takes CLICKHOUSE_HOST.",
            kept=True,
            optional=True,
        ),
        Setting(
            "CLICKHOUSE_SECURE_CONNECTION",
            False,
            "boolean",
            "Whether every client uses TLS; ClickHouse must then run elsewhere.",
            kept=True,
            kind="unique",
        ),
        _port(
            "CLICKHOUSE_HOST_INSECURE_NATIVE_PORT", "9006", "Native port on the host, without TLS."
        ),
        _port(
            "CLICKHOUSE_INTERNAL_INSECURE_NATIVE_PORT",
            "9000",
            "Native port between services, without TLS.",
        ),
        _port(
            "CLICKHOUSE_HOST_TLS_NATIVE_PORT",
            "9440",
            "Native port on the host, with TLS.",
            read=False,
        ),
        _port(
            "CLICKHOUSE_INTERNAL_TLS_NATIVE_PORT", "9440", "Native port between services, with TLS."
        ),
        _effective_port("HOST", "NATIVE", "Native port in use on the host.", read=False),
        _effective_port("INTERNAL", "NATIVE", "Native port in use between services."),
        _port("CLICKHOUSE_HOST_INSECURE_HTTP_PORT", "8123", "HTTP port on the host, without TLS."),
        _port(
            "CLICKHOUSE_INTERNAL_INSECURE_HTTP_PORT",
            "8123",
            "HTTP port between services, without TLS.",
        ),
        _port(
            "CLICKHOUSE_HOST_TLS_HTTP_PORT", "8443", "HTTP port on the host, with TLS.", read=False
        ),
        _port("CLICKHOUSE_INTERNAL_TLS_HTTP_PORT", "8443", "HTTP port between services, with TLS."),
        _effective_port("HOST", "HTTP", "HTTP port in use on the host.", read=False),
        _effective_port("INTERNAL", "HTTP", "HTTP port in use between services."),
        Setting(
            "CLICKHOUSE_K8S_VOLUME_SIZE",
            "",
            "quantity",
            "Volume of each ClickHouse node on Kubernetes, such as 200Gi; empty leaves it to "
            "ASPECTS_CLICKHOUSE_VOLUME_GIB.",
            kept=True,
            optional=True,
        ),
        Setting(
            "ASPECTS_CLICKHOUSE_INSERT_QUORUM",
            AUTO,
            "auto integer",
            "Replicas that must have stored a row before the writer hears so; auto asks for a "
            "majority with three or more replicas and for one below that.",
            minimum=1,
            maximum=9,
        ),
    ),
)

DATABASES = Group(
    "Databases and tables",
    "Names as tutor-contrib-aspects uses them, and how long rows live.",
    (
        Setting(
            "RALPH_DATABASE",
            "xapi",
            "identifier",
            "Database into which Ralph writes statements.",
            kept=True,
        ),
        Setting(
            "ASPECTS_VECTOR_DATABASE",
            "openedx",
            "identifier",
            "Database into which Vector writes statements and tracking logs.",
            kept=True,
        ),
        Setting(
            "ASPECTS_XAPI_SOURCE",
            "ralph",
            "choice",
            "Which of the two writers feeds the platform's statements.",
            kept=True,
            choices=("ralph", "vector"),
        ),
        Setting(
            "ASPECTS_XAPI_DATABASE",
            "{% if ASPECTS_XAPI_SOURCE == 'vector' %}{{ ASPECTS_VECTOR_DATABASE }}"
            "{% else %}{{ RALPH_DATABASE }}{% endif %}",
            "identifier",
            "Database of the raw statements in use.",
            kept=True,
        ),
        Setting(
            "ASPECTS_RAW_XAPI_TABLE",
            "xapi_events_all",
            "identifier",
            "Table of raw statements, of the same name in both databases.",
            kept=True,
        ),
        Setting(
            "ASPECTS_VECTOR_RAW_TRACKING_LOGS_TABLE",
            "_tracking",
            "identifier",
            "Table of raw tracking logs in Vector's database.",
            kept=True,
        ),
        Setting(
            "ASPECTS_EVENT_SINK_DATABASE",
            "event_sink",
            "identifier",
            "Database of the copies of LMS models: courses, blocks, enrolments, tags, profiles.",
            kept=True,
        ),
        Setting(
            "DBT_PROFILE_TARGET_DATABASE",
            "reporting",
            "identifier",
            "Database of the reporting tables.",
            kept=True,
        ),
        Setting(
            "ASPECTS_COURSE_STRUCTURE_REFRESH",
            "EVERY 5 MINUTE",
            "text",
            "How often the outline of courses is computed anew from what was published, as "
            "ClickHouse writes schedules.",
            kept=True,
        ),
        Setting(
            "ASPECTS_COURSE_STRUCTURE_REFRESH_RANDOMIZE",
            "1 MINUTE",
            "text",
            "By how much that moment differs from node to node.",
            kept=True,
        ),
        Setting(
            "ASPECTS_ALEMBIC_MIGRATIONS_DATABASE",
            "{{ RALPH_DATABASE }}",
            "identifier",
            "Database that remembers which schema version is installed.",
            kept=True,
        ),
        Setting(
            "ASPECTS_DATA_TTL_EXPRESSION",
            "toDateTime(emission_time) + INTERVAL {{ ASPECTS_RETENTION_DAYS }} DAY",
            "text",
            "ClickHouse expression of the moment at which an event is deleted.",
            kept=True,
        ),
        Setting(
            "CLICKHOUSE_URL",
            "{{ CLICKHOUSE_HOST }}:{{ CLICKHOUSE_INTERNAL_HTTP_PORT }}",
            "text",
            "Host and HTTP port of ClickHouse.",
            kept=True,
        ),
        Setting(
            "CLICKHOUSE_REPORT_URL",
            "{{ ASPECTS_CLICKHOUSE_REPORT_USER }}:{{ ASPECTS_CLICKHOUSE_REPORT_PASSWORD }}"
            "@{{ CLICKHOUSE_URL }}/{{ ASPECTS_XAPI_DATABASE }}",
            "secret",
            "Address and credentials with which reports are read.",
            kept=True,
        ),
        Setting(
            "CLICKHOUSE_REPORT_SQLALCHEMY_URI",
            "clickhousedb+connect://{{ CLICKHOUSE_REPORT_URL }}",
            "secret",
            "The same as a SQLAlchemy address, for Superset.",
            kept=True,
        ),
        Setting(
            "ASPECTS_CLICKHOUSE_HEALTH_SQLALCHEMY_URI",
            "clickhousedb+connect://{{ ASPECTS_CLICKHOUSE_HEALTH_USER }}:"
            "{{ ASPECTS_CLICKHOUSE_HEALTH_PASSWORD }}@{{ CLICKHOUSE_URL }}/system",
            "secret",
            "The same for the user with which the operator dashboard reads the servers' state.",
        ),
        Setting(
            "CLICKHOUSE_ADMIN_SQLALCHEMY_URI",
            "clickhouse+native://{{ CLICKHOUSE_ADMIN_USER }}:{{ CLICKHOUSE_ADMIN_PASSWORD }}@"
            "{{ CLICKHOUSE_CLUSTER_DDL_NODE_HOST or CLICKHOUSE_HOST }}"
            ":{{ CLICKHOUSE_INTERNAL_NATIVE_PORT }}/{{ ASPECTS_ALEMBIC_MIGRATIONS_DATABASE }}"
            "{% if CLICKHOUSE_SECURE_CONNECTION %}?secure=True{% endif %}",
            "secret",
            "Address and credentials of the administrator as a SQLAlchemy address.",
            kept=True,
            read=False,
        ),
    ),
)


def _account(prefix: str, user: str, purpose: str, *, kept: bool = True) -> tuple[Setting, Setting]:
    return (
        Setting(f"{prefix}_USER", user, "user", f"User {purpose}.", kept=kept, kind="unique"),
        Setting(
            f"{prefix}_PASSWORD",
            "{{ 24|random_string }}",
            "secret",
            f"Password of the user {purpose}.",
            kept=kept,
            kind="unique",
        ),
    )


ACCOUNTS = Group(
    "ClickHouse users",
    "Each service has a user of its own, with no more rights than its job needs. Passwords are "
    "generated once and stay in config.yml.",
    (
        *_account("CLICKHOUSE_ADMIN", "ch_admin", "that changes the schema"),
        *_account("ASPECTS_CLICKHOUSE_LRS", "ch_lrs", "with which Ralph stores statements"),
        *_account("ASPECTS_CLICKHOUSE_VECTOR", "ch_vector", "with which Vector stores events"),
        *_account("ASPECTS_CLICKHOUSE_REPORT", "ch_report", "with which reports are read"),
        *_account("ASPECTS_CLICKHOUSE_CMS", "ch_cms", "with which LMS and CMS copy their models"),
        *_account(
            "ASPECTS_CLICKHOUSE_HEALTH",
            "ch_health",
            "with which the operator dashboard reads the servers' state",
            kept=False,
        ),
        *_account(
            "ASPECTS_CLICKHOUSE_MONITOR",
            "ch_monitor",
            "that reads the server's own metrics",
            kept=False,
        ),
        *_account(
            "ASPECTS_CLICKHOUSE_BACKUP", "ch_backup", "that takes and restores backups", kept=False
        ),
        Setting(
            "ASPECTS_CLICKHOUSE_CLUSTER_SECRET",
            "{{ 32|random_string }}",
            "secret",
            "Secret with which the nodes of the cluster trust each other.",
            kind="unique",
        ),
        Setting(
            "ASPECTS_CLICKHOUSE_SECOND_PASSWORDS",
            {},
            "environment",
            "Second passwords that ClickHouse takes while one is being changed, by account (ADMIN, "
            "LRS, VECTOR, REPORT, HEALTH, CMS, MONITOR, BACKUP).",
        ),
    ),
)
