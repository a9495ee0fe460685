"""Who may do what: the one declaration of the ClickHouse users."""

from __future__ import annotations

from tutoraspects.access.courses import course_filters
from tutoraspects.access.marts import marts
from tutoraspects.access.model import (
    EVENT_SINK_TABLES,
    Access,
    Grant,
    Names,
    RowFilter,
    User,
    identifier,
    table,
)
from tutoraspects.access.profiles import declare_profiles, declare_quotas

# What the operator dashboard shows of the servers. clusterAllReplicas asks for the right to whole
# tables, also where a query names a few columns.
HEALTH_TABLES = (
    "asynchronous_metrics",
    "disks",
    "events",
    "metrics",
    "query_log",
    "replication_queue",
)
# Minutes at least between the last retry of the LMS and the time from which Ralph sees a statement.
SETTLED_MARGIN = 30
LOCALHOST = ("127.0.0.1", "::1")


def declare(
    names: Names | None = None,
    *,
    memory_mib: int = 4096,
    quorum: int = 0,
    pii: bool = False,
    lookback_days: int = 7,
    retry_minutes: int = 60,
) -> Access:
    """Declare users, profiles and quotas.

    `memory_mib`: memory of one ClickHouse node, from which the limits of single queries follow.
    `quorum`: replicas that must confirm an insert, 0 for one. `pii`: ASPECTS_ENABLE_PII; without
    it reports cannot read the tables that identify learners. `lookback_days`: how far Ralph looks
    back for statements that it already has (ASPECTS_RALPH_LOOKBACK_DAYS), 0 for without end.
    `retry_minutes`: for how long the LMS sends again what was not acknowledged
    (ASPECTS_DELIVERY_RETRY_MINUTES); Ralph does not look at what may still be in that state.
    """
    names = names or Names()
    return Access(
        users=(
            _default(),
            _admin(names),
            _lrs(names, lookback_days, settled_minutes(retry_minutes)),
            _vector(names),
            _cms(names),
            _report(names, pii),
            _health(names),
            _monitor(names),
            _backup(names),
        ),
        profiles=declare_profiles(memory_mib, quorum),
        quotas=declare_quotas(),
    )


def _default() -> User:
    """ClickHouse's own `default` user, closed.

    Nothing needs it: queries between the nodes of a cluster carry the initial user's name under
    the cluster's secret, ON CLUSTER runs without a user, probes ask /ping. It cannot be left out,
    because the operator would then add it with full rights.
    """
    return User(
        name="default",
        why="Closed: has no password, comes from nowhere but the node itself, may read nothing.",
        password="",
        profile="closed",
        quota="monitor",
        grants=(Grant("SELECT", "system.one"),),
        networks=LOCALHOST,
    )


def _admin(names: Names) -> User:
    return User(
        name=names.admin,
        why="Schema, dbt, restore, emergencies. No service that stays up logs in with it.",
        password="CH_ADMIN_PASSWORD_SHA256",
        profile="jobs",
        quota="jobs",
        everything=True,
    )


def _local_and_front(database: str, name: str) -> tuple[str, str]:
    """A table and, on a cluster, the local table behind it.

    The front is Distributed. The nodes trust each other by the cluster's secret and run the
    second half of a query as the same user, who therefore needs the same right on the local table.
    """
    return table(database, name), table(database, f"{name}_local")


def _writer_grants(names: Names, database: str, raw_tables: tuple[str, ...]) -> tuple[Grant, ...]:
    """Read and write the raw tables; read the staging table, in which the views look for the rows
    that they are being handed. It has no rows of its own (Engine=Null).
    """
    return (
        *(
            Grant("SELECT, INSERT", target)
            for name in raw_tables
            for target in _local_and_front(database, name)
        ),
        Grant("SELECT", table(names.ralph_database, f"{names.raw_table}_parse")),
    )


def settled_minutes(retry_minutes: int) -> int:
    """Minutes after which a statement that arrived is not sent again by the LMS for a failure.

    More than its patience by a half, because each try takes time besides the pauses between them.
    """
    return retry_minutes + max(SETTLED_MARGIN, retry_minutes // 2)


def _lrs(names: Names, lookback_days: int, settled: int) -> User:
    """Ralph. Before each insert it asks for the statement ids that it is about to store, and drops
    those that it finds. Which rows it may find is bounded twice.

    By time, because no index on ids answers in a time that does not grow with the table. The raw
    table is sorted by time: a bound on it is what the primary key and the partitions can use.

    By arrival, because a row of the raw table is no proof that its insert went to the end: a node
    may die between the row and what the views make of it. The insert then failed, the sender
    repeats it, and the repetition is what completes it. To store a row again is always safe, to
    drop it is not.
    """
    condition = f"now() - INTERVAL {settled} MINUTE >= received_at"
    if lookback_days:
        condition = f"emission_time >= now() - INTERVAL {lookback_days} DAY AND {condition}"
    return User(
        name=names.lrs,
        why="Ralph: looks statements up by id and stores them.",
        password="CH_LRS_PASSWORD_SHA256",
        profile="ingest",
        quota="ingest",
        grants=_writer_grants(names, names.ralph_database, (names.raw_table,)),
        row_filters=tuple(
            RowFilter(names.ralph_database, name, condition)
            for name in (names.raw_table, f"{names.raw_table}_local")
        ),
    )


def _vector(names: Names) -> User:
    return User(
        name=names.vector,
        why="Vector: stores statements and tracking logs.",
        password="CH_VECTOR_PASSWORD_SHA256",
        profile="ingest",
        quota="ingest",
        grants=_writer_grants(
            names, names.vector_database, (names.raw_table, names.tracking_table)
        ),
    )


def _cms(names: Names) -> User:
    return User(
        name=names.cms,
        why="LMS and CMS: copy their models, look up what is there, delete retired users.",
        password="CH_CMS_PASSWORD_SHA256",
        profile="sink",
        quota="ingest",
        grants=(Grant("SELECT, INSERT, ALTER DELETE", table(names.event_sink_database, "*")),),
    )


# Tables that the LMS does not count among personal data, and the columns that name nobody.
_NAMELESS = {
    "course_enrollment": "SELECT(id, course_key, created, is_active, mode, user_id, dump_id, "
    "time_last_dumped, version)",
}


def _report(names: Names, pii: bool) -> User:
    sinks = ("*",) if pii else tuple(n for n in EVENT_SINK_TABLES if n not in names.pii_tables)
    parsed = _local_and_front(names.ralph_database, f"{names.raw_table}_parsed")
    quarantine = _local_and_front(names.ralph_database, "xapi_events_quarantine")
    # Those that are not in the reporting database. A view asks with the rights of its reader, so
    # the one of personal data is of no use, and not shown, without the tables behind it.
    elsewhere = [mart.of(names) for mart in marts() if mart.database != "reporting_database"]
    return User(
        name=names.report,
        why="Superset and everyone behind it: reads, within limits, and nothing else.",
        password="CH_REPORT_PASSWORD_SHA256",
        profile="report",
        quota="report",
        grants=(
            Grant("SELECT, dictGet", table(names.reporting_database, "*")),
            *(Grant("SELECT", target) for target in parsed),
            # How much is in quarantine and why, not what: the text may hold anything.
            *(Grant("SELECT(received_at, reason)", target) for target in quarantine),
            *(
                Grant(_NAMELESS.get(name, "SELECT"), table(names.event_sink_database, name))
                for name in sinks
            ),
            *(Grant("SELECT", table(*mart)) for mart in elsewhere if mart[1] != "user_pii"),
        ),
        row_filters=course_filters(names),
    )


def _health(names: Names) -> User:
    """The operator dashboard's view of the servers. Apart from the reports, because
    clusterAllReplicas needs the right to address other hosts, and the log of queries has the texts
    of everybody's. Superset connects with it only for those who see every course.
    """
    return User(
        name=names.health,
        why="The operator dashboard: how every node of ClickHouse is doing; reads no data.",
        password="CH_HEALTH_PASSWORD_SHA256",
        profile="monitor",
        quota="monitor",
        grants=(
            *(Grant("SELECT", f"system.{name}") for name in HEALTH_TABLES),
            # system.replication_queue lists only the tables that one may see.
            Grant("SHOW TABLES", "*.*"),
            # clusterAllReplicas
            Grant("REMOTE", "*.*"),
        ),
    )


def _monitor(names: Names) -> User:
    return User(
        name=names.monitor,
        why="Exporters, alerts and health checks: reads the state of the server, no data.",
        password="CH_MONITOR_PASSWORD_SHA256",
        profile="monitor",
        quota="monitor",
        # system.parts, replicas and the like list only the tables that one may see.
        grants=(Grant("SELECT", "system.*"), Grant("SHOW", "*.*")),
    )


def _backup(names: Names) -> User:
    """Takes backups and cannot restore: whoever gets hold of the schedule's password can copy
    data to a bucket and cannot put other data in its place. Restoring is ch_admin's.
    """
    databases = (
        names.ralph_database,
        names.vector_database,
        names.event_sink_database,
        names.reporting_database,
        names.migrations_database,
    )
    return User(
        name=names.backup,
        why="BACKUP to S3, with ON CLUSTER. RESTORE is the administrator's.",
        password="CH_BACKUP_PASSWORD_SHA256",
        profile="jobs",
        quota="jobs",
        grants=(
            *(Grant("BACKUP", f"{identifier(name)}.*") for name in dict.fromkeys(databases)),
            Grant("SHOW", "*.*"),
            Grant("SELECT", "system.*"),
            Grant("S3, CLUSTER", "*.*"),
        ),
    )
