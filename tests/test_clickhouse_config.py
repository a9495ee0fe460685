"""The rendered ClickHouse configuration on real servers: accepted, and as good as its word."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clickhouse_nodes import LIBRARY, Nodes, started
from tests.helpers import TutorProject, project
from tutoraspects.access import Names, PasswordHash, declare, to_sql
from tutoraspects.templating import SYSTEM_LOGS_DROPPED, SYSTEM_LOGS_KEPT

ACCESS_DENIED = 497
READONLY = 164
SETTING_CONSTRAINT_VIOLATION = 452
AUTHENTICATION_FAILED = 516
TOO_MANY_ROWS = 396

# The shape of the real tables: on a cluster the rows are in `_local`, the views run as ch_admin.
DEFINER = "DEFINER = ch_admin SQL SECURITY DEFINER"
STATEMENT = "event_id UUID, emission_time DateTime64(6), event String"
RAW = f"{STATEMENT}, received_at DateTime MATERIALIZED now()"
SCHEMA = (
    "CREATE DATABASE xapi",
    "CREATE DATABASE openedx",
    "CREATE DATABASE event_sink",
    "CREATE DATABASE reporting",
    *(
        statement
        for database in ("xapi", "openedx")
        for statement in (
            f"CREATE TABLE {database}.xapi_events_all_local ({RAW}) ENGINE = ReplacingMergeTree "
            "PARTITION BY toYYYYMM(emission_time) ORDER BY (emission_time, event_id)",
            f"CREATE TABLE {database}.xapi_events_all ({RAW}) ENGINE = Distributed("
            f"'aspects', '{database}', 'xapi_events_all_local', cityHash64(event_id))",
        )
    ),
    f"CREATE TABLE xapi.xapi_events_all_parse ({STATEMENT}, problem String) ENGINE = Null",
    "CREATE TABLE xapi.xapi_events_all_parsed_local "
    "(event_id UUID, verb String, course_key String) ENGINE = ReplacingMergeTree ORDER BY event_id",
    "CREATE TABLE xapi.xapi_events_all_parsed (event_id UUID, verb String, course_key String) "
    "ENGINE = Distributed("
    "'aspects', 'xapi', 'xapi_events_all_parsed_local')",
    "CREATE TABLE xapi.xapi_events_quarantine_local (event String, reason String, "
    "received_at DateTime) ENGINE = MergeTree ORDER BY received_at",
    "CREATE TABLE xapi.xapi_events_quarantine (event String, reason String, received_at DateTime) "
    "ENGINE = Distributed('aspects', 'xapi', 'xapi_events_quarantine_local')",
    *(
        f"CREATE MATERIALIZED VIEW xapi.parse_{database} TO xapi.xapi_events_all_parse {DEFINER} "
        "AS SELECT *, if(isValidJSON(event), '', 'not JSON') AS problem "
        f"FROM {database}.xapi_events_all_local"
        for database in ("xapi", "openedx")
    ),
    f"CREATE MATERIALIZED VIEW xapi.keep TO xapi.xapi_events_all_parsed_local {DEFINER} AS SELECT "
    "event_id, JSONExtractString(event, 'verb') AS verb, 'course-v1:A+1+r' AS course_key "
    "FROM xapi.xapi_events_all_parse WHERE problem = ''",
    f"CREATE MATERIALIZED VIEW xapi.refuse TO xapi.xapi_events_quarantine_local {DEFINER} AS "
    "SELECT event, problem AS reason, now() AS received_at FROM xapi.xapi_events_all_parse "
    "WHERE problem != ''",
    "CREATE TABLE openedx._tracking_local (time DateTime, message String) "
    "ENGINE = MergeTree ORDER BY time",
    "CREATE TABLE openedx._tracking AS openedx._tracking_local "
    "ENGINE = Distributed('aspects', 'openedx', '_tracking_local', rand())",
    *(
        f"CREATE TABLE event_sink.{name} (id Int32, user_id Int32, time_last_dumped String"
        f"{', course_key String' if name == 'course_overviews' else ''}) "
        "ENGINE = ReplacingMergeTree ORDER BY id"
        for name in ("course_overviews", "user_profile", "external_id", "auth_user")
    ),
    "CREATE TABLE reporting.fact (n UInt32) ENGINE = MergeTree ORDER BY n",
)
EVENT = '{"event_id": "%s", "emission_time": "2026-03-01T08:00:00.5Z", "event": "%s"}'


@pytest.fixture(scope="module")
def cluster_project(tmp_path_factory: pytest.TempPathFactory) -> TutorProject:
    made = project(
        tmp_path_factory.mktemp("project"),
        ASPECTS_EVENTS_PER_DAY=3_000_000,
        ASPECTS_CLICKHOUSE_SHARDS=2,
        ASPECTS_CLICKHOUSE_REPLICAS=1,
    )
    made.save()
    return made


@pytest.fixture(scope="module")
def rendered(cluster_project: TutorProject) -> Path:
    return cluster_project.env / "plugins/aspects/apps/clickhouse"


@pytest.fixture(scope="module")
def nodes(rendered: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    assert LIBRARY.exists(), f"{LIBRARY} is missing: run `make lab`"
    with started(rendered, tmp_path_factory.mktemp("nodes"), shards=2) as running:
        for statement in SCHEMA:
            running.do(statement)
        running.do("INSERT INTO reporting.fact SELECT number FROM numbers(10)")
        # Before that there is no system.query_log to be refused.
        running.do("SYSTEM FLUSH LOGS")
        yield running


def declared() -> dict[str, dict[str, str]]:
    """Profile name to setting to value."""
    return {
        profile.name: {setting.name: str(setting.value) for setting in profile.settings}
        for profile in declare().profiles
    }


# What the servers take from the files -----------------------------------------------------------


def test_macros_and_cluster_come_from_the_environment(nodes: Nodes) -> None:
    for index, shard in enumerate(("01", "02")):
        found = nodes.ask("admin", "SELECT macro, substitution FROM system.macros", node=index)
        assert dict(found.rows) == {"cluster": "aspects", "shard": shard, "replica": f"{shard}-1"}
    clusters = nodes.ask("admin", "SELECT DISTINCT cluster FROM system.clusters")
    assert "aspects" in clusters.text and "default" not in clusters.text


def test_every_setting_of_the_profiles_exists(nodes: Nodes) -> None:
    known = {row[0] for row in nodes.ask("admin", "SELECT name FROM system.settings").rows}
    for profile, settings in declared().items():
        assert set(settings) <= known, profile


def test_writers_take_blocks_of_many_months_and_the_servers_know_one_zone(
    nodes: Nodes, rendered: Path
) -> None:
    settings = (
        "max_partitions_per_insert_block",
        "deduplicate_blocks_in_dependent_materialized_views",
    )
    for role in ("lrs", "vector"):
        values = ", ".join(f"toString(getSetting('{name}'))" for name in settings)
        ((partitions, views),) = nodes.ask(role, f"SELECT {values}").rows
        assert int(partitions) >= 1000
        assert views in ("1", "true")
    # The laboratory's library takes the machine's zone.
    assert ET.parse(rendered / "server.xml").findtext("timezone") == "UTC"


@pytest.mark.parametrize("role", ["lrs", "vector", "cms", "report", "health", "monitor", "backup"])
def test_every_user_gets_the_settings_of_its_profile_over_those_of_default(
    nodes: Nodes, role: str
) -> None:
    user = declare().user(f"ch_{role}")
    expected = {**declared()["default"], **declared()[user.profile]}
    # They follow from the node's memory, which the plan sets.
    names = [name for name in expected if not name.startswith("max_memory_usage")]
    query = "SELECT " + ", ".join(f"toString(getSetting('{name}'))" for name in names)
    answer = nodes.ask(role, query)
    assert answer.code == 0, answer.text
    boolean = {"true": "1", "false": "0"}
    found = [boolean.get(value, value) for value in answer.rows[0]]
    assert dict(zip(names, found, strict=True)) == {name: expected[name] for name in names}


def test_table_settings_and_server_settings_are_taken(nodes: Nodes, rendered: Path) -> None:
    root = ET.parse(rendered / "server.xml").getroot()
    tables = {
        row[0]: row[1]
        for row in nodes.ask("admin", "SELECT name, value FROM system.merge_tree_settings").rows
    }
    wanted = {element.tag: element.text for element in root.find("merge_tree") or ()}
    assert wanted and {name: tables.get(name) for name in wanted} == wanted
    server = {
        row[0]: row[1]
        for row in nodes.ask("admin", "SELECT name, value FROM system.server_settings").rows
    }
    for name in (
        "max_server_memory_usage_to_ram_ratio",
        "cache_size_to_ram_max_ratio",
        "max_connections",
        "max_concurrent_queries",
        "shutdown_wait_unfinished",
        "shutdown_wait_unfinished_queries",
        "async_insert_queue_flush_on_shutdown",
        "max_table_size_to_drop",
        "enable_webterminal",
    ):
        assert server[name] == root.findtext(name), name


def test_every_log_table_has_an_end(nodes: Nodes) -> None:
    nodes.do("SYSTEM FLUSH LOGS")
    found = {
        row[0]: row[1]
        for row in nodes.ask(
            "admin",
            "SELECT name, create_table_query FROM system.tables "
            "WHERE database = 'system' AND engine LIKE '%MergeTree'",
        ).rows
    }
    assert "query_log" in found and "part_log" in found
    assert not set(found) & set(SYSTEM_LOGS_DROPPED)
    for name, create in found.items():
        assert f"TTL event_date + toIntervalDay({SYSTEM_LOGS_KEPT[name]})" in create, name


def test_no_password_reaches_the_query_log(nodes: Nodes) -> None:
    for statement in (
        "CREATE USER somebody IDENTIFIED BY 'looked-at-me'",
        "CREATE USER somebody IDENTIFIED WITH sha256_hash BY 'looked-at-me' SALT 'looked-at-me'",
    ):
        nodes.ask("admin", statement)
    nodes.do("SYSTEM FLUSH LOGS")
    logged = nodes.ask("admin", "SELECT query, exception FROM system.query_log").text
    assert "somebody" in logged
    assert "looked-at-me" not in logged


def test_nor_do_those_that_the_server_cannot_recognise(rendered: Path) -> None:
    """The library does not know query_masking_rules, so this looks at the expressions alone."""
    rules = ET.parse(rendered / "server.xml").findall("./query_masking_rules/rule")
    for text, rest in (
        ("CREATE USRE a IDENTIFIED BY 'looked-at-me'", "CREATE USRE a IDENTIFIED BY '[hidden]'"),
        ("ATTACH x password = 'looked-at-me'", "ATTACH x password = '[hidden]'"),
        ("secret_access_key='looked-at-me', b", "secret_access_key='[hidden]', b"),
        ("s3('u', 'AKIAABCDEFGHIJKLMNOP')", "s3('u', '[hidden]')"),
        ("'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'", "'[hidden]'"),
        ("WHERE name = 'Ada' AND id = 'd41d8'", "WHERE name = 'Ada' AND id = 'd41d8'"),
    ):
        for rule in rules:
            text = re.sub(rule.findtext("regexp", ""), rule.findtext("replace", ""), text)
        assert text == rest


def test_http_fields_may_be_large(nodes: Nodes) -> None:
    large = "x" * 300_000
    answer = nodes.ask("cms", "SELECT length({text:String})", param_text=large)
    assert answer.text.strip() == "300000"


def test_quotas_count_everybody(nodes: Nodes) -> None:
    found = nodes.ask("admin", "SELECT name FROM system.quotas ORDER BY name")
    assert [row[0] for row in found.rows] == sorted(quota.name for quota in declare().quotas)


# What the users may do --------------------------------------------------------------------------

ALLOWED = (
    ("lrs", "INSERT INTO xapi.xapi_events_all FORMAT JSONEachRow " + EVENT % ("0" * 32, "{}")),
    ("lrs", "SELECT event FROM xapi.xapi_events_all WHERE event_id IN (generateUUIDv4())"),
    ("vector", "INSERT INTO openedx.xapi_events_all FORMAT JSONEachRow " + EVENT % ("1" * 32, "?")),
    ("vector", "INSERT INTO openedx._tracking VALUES ('2026-03-01 08:00:00', '{}')"),
    ("vector", "SELECT 1"),
    ("cms", 'INSERT INTO event_sink.user_profile FORMAT CSV 1,7,"2026-03-01 08:00:00+00:00"'),
    ("cms", "SELECT max(time_last_dumped) FROM event_sink.course_overviews WHERE id = 1"),
    ("cms", "ALTER TABLE event_sink.user_profile DELETE WHERE user_id IN (7)"),
    ("cms", "ALTER TABLE event_sink.auth_user DELETE WHERE user_id IN (7)"),
    ("report", "SELECT * FROM reporting.fact"),
    ("report", "SELECT count() FROM xapi.xapi_events_all_parsed"),
    ("report", "SELECT reason, max(received_at) FROM xapi.xapi_events_quarantine GROUP BY reason"),
    ("report", "SELECT count() FROM event_sink.course_overviews"),
    ("health", "SELECT user, query FROM system.query_log"),
    ("health", "SELECT value FROM system.metrics LIMIT 1"),
    ("health", "SELECT free_space FROM clusterAllReplicas('aspects', system.disks)"),
    ("health", "SELECT count() FROM system.replication_queue WHERE num_tries > 1"),
    ("report", "SELECT count() FROM numbers(10) SETTINGS max_threads = 1, max_block_size = 100"),
    ("monitor", "SELECT count() FROM system.parts WHERE database = 'reporting'"),
    ("monitor", "SELECT count() FROM system.replicas"),
    ("monitor", "SELECT count() FROM system.processes"),
    ("admin", "CREATE TABLE reporting.made (n UInt8) ENGINE = Memory"),
    ("admin", "DROP TABLE reporting.made"),
)


@pytest.mark.parametrize(("role", "statement"), ALLOWED)
def test_every_user_can_do_its_job(nodes: Nodes, role: str, statement: str) -> None:
    answer = nodes.ask(role, statement)
    assert answer.code == 0, answer.text


WRITES = (
    "INSERT INTO xapi.xapi_events_all_parsed VALUES (generateUUIDv4(), 'x', 'y')",
    "INSERT INTO reporting.fact VALUES (1)",
    "DROP TABLE reporting.fact",
    "DROP TABLE xapi.xapi_events_all_local",
    "DROP DATABASE xapi",
    "TRUNCATE TABLE xapi.xapi_events_all_local",
    "ALTER TABLE xapi.xapi_events_all_local DELETE WHERE 1",
    "ALTER TABLE reporting.fact ADD COLUMN m UInt8",
    "OPTIMIZE TABLE reporting.fact FINAL",
    "CREATE TABLE reporting.mine (n UInt8) ENGINE = Memory",
    "CREATE VIEW reporting.mine AS SELECT 1",
    "CREATE DATABASE mine",
    "CREATE FUNCTION mine AS (x) -> x",
    "RENAME TABLE reporting.fact TO reporting.gone",
    "DETACH TABLE reporting.fact",
    "SYSTEM STOP MERGES reporting.fact",
    "SYSTEM SHUTDOWN",
    "CREATE USER mine",
    "GRANT SELECT ON *.* TO ch_report",
    "BACKUP TABLE reporting.fact TO Disk('backups', 'fact')",
)
OUTSIDE = (
    "SELECT * FROM url('http://127.0.0.1:1/', CSV, 'a String')",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/key', NOSIGN, CSV, 'a String')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM clusterAllReplicas('aspects', system.one)",
    "SELECT * FROM file('/etc/passwd', LineAsString)",
    "INSERT INTO FUNCTION url('http://127.0.0.1:1/', CSV, 'a String') VALUES ('x')",
)
REFUSED = (
    *(
        (role, statement)
        for role in ("lrs", "vector", "cms", "report", "health", "monitor")
        for statement in WRITES
    ),
    *(
        (role, statement)
        for role in ("lrs", "vector", "cms", "report", "monitor")
        for statement in OUTSIDE
    ),
    *(("backup", s) for s in WRITES if not s.startswith("BACKUP")),
    *(("health", s) for s in OUTSIDE if "clusterAllReplicas" not in s),
    ("health", "SELECT count() FROM reporting.fact"),
    ("health", "SELECT count() FROM clusterAllReplicas('aspects', reporting.fact)"),
    ("health", "SELECT * FROM clusterAllReplicas('aspects', system.processes)"),
    ("report", "SELECT count() FROM system.query_log"),
    ("report", "SELECT value FROM system.metrics"),
    ("report", "SELECT free_space FROM system.disks"),
    ("lrs", "SELECT count() FROM xapi.xapi_events_all_parsed"),
    ("lrs", "SELECT count() FROM openedx.xapi_events_all"),
    ("lrs", "SELECT count() FROM event_sink.user_profile"),
    ("lrs", "SELECT count() FROM system.query_log"),
    ("vector", "SELECT count() FROM xapi.xapi_events_all"),
    ("vector", "INSERT INTO xapi.xapi_events_all VALUES (generateUUIDv4(), now(), '{}')"),
    ("cms", "SELECT count() FROM xapi.xapi_events_all"),
    ("cms", "ALTER TABLE event_sink.user_profile UPDATE user_id = 1 WHERE 1"),
    ("cms", "TRUNCATE TABLE event_sink.user_profile"),
    ("cms", "DROP TABLE event_sink.user_profile"),
    ("report", "SELECT count() FROM xapi.xapi_events_all"),
    ("report", "SELECT count() FROM xapi.xapi_events_all_local"),
    ("report", "SELECT event FROM xapi.xapi_events_quarantine"),
    ("report", "SELECT count() FROM event_sink.user_profile"),
    ("report", "SELECT count() FROM event_sink.external_id"),
    ("report", "SELECT count() FROM event_sink.auth_user"),
    ("report", "INSERT INTO event_sink.course_overviews VALUES (1, 1, '')"),
    ("report", "CREATE TEMPORARY TABLE mine (n UInt8)"),
    ("report", "SELECT query FROM system.processes"),
    ("report", "SELECT * FROM system.macros"),
    ("report", "SET readonly = 0"),
    ("report", "SELECT 1 SETTINGS max_execution_time = 100000"),
    ("report", "SELECT 1 SETTINGS max_memory_usage = 0"),
    ("report", "SELECT 1 SETTINGS max_execution_time = 0"),
    ("report", "SELECT 1 SETTINGS max_result_rows = 1000001"),
    ("report", "SELECT 1 SETTINGS result_overflow_mode = 'break'"),
    ("monitor", "SELECT count() FROM xapi.xapi_events_all"),
    ("monitor", "SELECT count() FROM event_sink.user_profile"),
    ("backup", "SELECT count() FROM xapi.xapi_events_all"),
    ("backup", "INSERT INTO event_sink.user_profile VALUES (1, 1, '')"),
    ("default", "SELECT count() FROM xapi.xapi_events_all"),
    ("default", "SELECT count() FROM event_sink.user_profile"),
    ("default", "CREATE DATABASE mine"),
)


@pytest.mark.parametrize(("role", "statement"), REFUSED)
def test_and_nothing_else(nodes: Nodes, role: str, statement: str) -> None:
    answer = nodes.ask(role, statement)
    allowed = (ACCESS_DENIED, READONLY, SETTING_CONSTRAINT_VIOLATION)
    assert answer.code in allowed, f"{answer.code}: {answer.text}"


@pytest.mark.parametrize("role", ["admin", "lrs", "report"])
def test_a_wrong_password_opens_nothing(nodes: Nodes, role: str) -> None:
    for password in ("", "wrong"):
        answer = nodes.ask(role, "SELECT 1", password=password)
        assert answer.code == AUTHENTICATION_FAILED, answer.text


def test_backups_are_taken_by_a_user_of_their_own(nodes: Nodes) -> None:
    # The library cannot take one: it fails, but not for want of a right.
    taken = nodes.ask("backup", "BACKUP TABLE reporting.fact TO Disk('backups', 'fact')")
    assert taken.code not in (0, ACCESS_DENIED, READONLY), taken.text


# What the profiles do ---------------------------------------------------------------------------


def test_a_batch_through_the_front_is_stored_on_its_shards_when_it_is_acknowledged(
    nodes: Nodes,
) -> None:
    before = int(nodes.ask("admin", "SELECT count() FROM xapi.xapi_events_all_parsed").text)
    batch = "\n".join(
        EVENT % (f"00000000-0000-4000-8000-{number:012d}", '{\\"verb\\": \\"viewed\\"}')
        for number in range(200)
    )
    start = time.monotonic()
    answer = nodes.ask("lrs", f"INSERT INTO xapi.xapi_events_all FORMAT JSONEachRow {batch}")
    elapsed = time.monotonic() - start
    assert answer.code == 0, answer.text
    each = [
        int(nodes.ask("admin", "SELECT count() FROM xapi.xapi_events_all_local", node=node).text)
        for node in range(2)
    ]
    assert min(each) > 0
    after = int(nodes.ask("admin", "SELECT count() FROM xapi.xapi_events_all_parsed").text)
    assert after - before == 200
    assert elapsed < 5


def test_ralph_reads_its_lookback_and_writes_anything(nodes: Nodes) -> None:
    def count(role: str, table: str, since: str) -> int:
        answer = nodes.ask(
            role,
            f"SELECT count() FROM xapi.{table} WHERE emission_time >= toDateTime('{since}') "
            "AND event = 'lookback'",
        )
        assert answer.code == 0, answer.text
        return int(answer.text)

    since = "2000-01-01 00:00:00"
    for days in (1, 6, 8, 400):
        answer = nodes.ask(
            "lrs",
            "INSERT INTO xapi.xapi_events_all SELECT generateUUIDv4(), "
            f"now() - INTERVAL {days} DAY, 'lookback' FROM numbers(20)",
        )
        assert answer.code == 0, answer.text
    assert count("admin", "xapi_events_all", since) == 80
    # Just arrived: their inserts may have failed half-way, and are sent again.
    assert count("lrs", "xapi_events_all", since) == 0
    for minutes in (89, 91):
        nodes.do(
            "INSERT INTO xapi.xapi_events_all_local (event_id, emission_time, event, received_at) "
            "SETTINGS insert_allow_materialized_columns = 1 SELECT event_id, emission_time, event, "
            f"now() - INTERVAL {minutes} MINUTE FROM xapi.xapi_events_all_local "
            "WHERE event = 'lookback' LIMIT 1 BY event_id"
        )
    assert count("lrs", "xapi_events_all", since) == 40
    local = sum(
        int(
            nodes.ask(
                "lrs",
                "SELECT count() FROM xapi.xapi_events_all_local WHERE event = 'lookback'",
                node=node,
            ).text
        )
        for node in range(2)
    )
    assert local == 40
    plan = nodes.ask(
        "lrs",
        "EXPLAIN indexes = 1 SELECT event FROM xapi.xapi_events_all_local "
        "WHERE event_id IN (generateUUIDv4())",
    ).text
    assert "PrimaryKey" in plan and "Condition: (emission_time in [" in plan


def test_what_cannot_be_parsed_is_counted_for_reports(nodes: Nodes) -> None:
    broken = EVENT % ("f" * 32, "{")
    assert (
        nodes.ask("lrs", f"INSERT INTO xapi.xapi_events_all FORMAT JSONEachRow {broken}").code == 0
    )
    answer = nodes.ask("report", "SELECT DISTINCT reason FROM xapi.xapi_events_quarantine")
    assert answer.text.strip() == "not JSON"


def test_reports_see_what_came_twice_once(nodes: Nodes) -> None:
    nodes.do(
        "CREATE TABLE reporting.twice (k UInt8, v UInt8) ENGINE = ReplacingMergeTree(v) ORDER BY k"
    )
    nodes.do("SYSTEM STOP MERGES reporting.twice")
    for version in (1, 2):
        nodes.do(f"INSERT INTO reporting.twice VALUES (1, {version})")
    assert nodes.ask("report", "SELECT v FROM reporting.twice").text == "2\n"
    assert nodes.ask("admin", "SELECT count() FROM reporting.twice").text == "2\n"


def test_a_report_that_is_too_large_fails_instead_of_being_shortened(nodes: Nodes) -> None:
    answer = nodes.ask("report", "SELECT number FROM numbers(1000001) FORMAT Null")
    assert answer.code == TOO_MANY_ROWS, answer.text


def test_wild_dates_do_not_refuse_a_block(nodes: Nodes) -> None:
    rows = "\n".join(
        f'{{"event_id": "00000000-0000-4000-9000-{number:012d}", '
        f'"emission_time": "{1970 + number // 12}-{number % 12 + 1:02d}-01", "event": "{{}}"}}'
        for number in range(400)  # months, so 200 partitions on each shard
    )
    answer = nodes.ask("lrs", f"INSERT INTO xapi.xapi_events_all FORMAT JSONEachRow {rows}")
    assert answer.code == 0, answer.text


def test_the_sql_for_external_clusters_is_sql(nodes: Nodes) -> None:
    hashes = {f"ch_{role}": PasswordHash.of("x") for role in ("lrs", "report", "backup")}
    for statement in to_sql(declare(Names(), pii=True), hashes, cluster="theirs"):
        quoted = statement.replace("\\", "\\\\").replace("'", "\\'")
        answer = nodes.ask("admin", f"SELECT formatQuery('{quoted}')")
        assert answer.code == 0, f"{statement}\n{answer.text}"


def test_one_node_starts_from_its_files(tmp_path: Path) -> None:
    made = project(tmp_path / "project", ASPECTS_ENABLE_PII=True)
    made.save()
    with started(made.env / "plugins/aspects/apps/clickhouse", tmp_path / "nodes", 1) as running:
        assert running.ask("admin", "SELECT count() FROM system.clusters").text == "0\n"
        running.do("CREATE DATABASE event_sink")
        running.do("CREATE TABLE event_sink.user_profile (id UInt8) ENGINE = Memory")
        answer = running.ask("report", "SELECT count() FROM event_sink.user_profile")
        assert answer.text == "0\n", answer.text


# Rows by course ---------------------------------------------------------------------------------

COURSES = ("course-v1:A+1+r", "course-v1:A+2+r", "")


@pytest.fixture(scope="module")
def courses(nodes: Nodes) -> Nodes:
    """30 rows of a mart on two shards, ten of each course and ten of none, and a view of it."""
    columns = "(course_key LowCardinality(String), n UInt32)"
    for statement in (
        f"CREATE TABLE reporting.rows_local {columns} ENGINE = MergeTree ORDER BY course_key",
        f"CREATE TABLE reporting.rows {columns} ENGINE = Distributed('aspects', 'reporting', "
        "'rows_local', n)",
        "CREATE VIEW reporting.fact_enrollments AS SELECT * FROM reporting.rows",
        "CREATE VIEW reporting.learner_summary AS SELECT course_key, count() AS n "
        "FROM reporting.fact_enrollments GROUP BY course_key",
    ):
        nodes.do(statement)
    nodes.ask(
        "admin",
        "INSERT INTO reporting.rows SELECT "
        f"['{COURSES[0]}', '{COURSES[1]}', ''][number % 3 + 1], number FROM numbers(30)",
    )
    return nodes


@pytest.mark.parametrize("mart", ["fact_enrollments", "learner_summary"])
@pytest.mark.parametrize(
    ("said", "rows"),
    [
        ("", 0),
        ("an evening with SQL", 0),
        ("courses=", 0),
        ("courses=course-v1:A+1+r", 10),
        ("courses=course-v1:A+1+r,course-v1:A+2+r", 20),
        ("courses=course-v1:B+9+r", 0),
        # Courses between two that are named are not named.
        ("courses=course-v1:A+0+r,course-v1:A+9+r", 0),
        ("courses=course-v1:A+0+r,course-v1:A+2+r", 10),
        ("courses=*,course-v1:A+1+r", 10),
        ("courses=*", 30),
    ],
)
def test_reports_see_the_courses_that_they_name(
    courses: Nodes, mart: str, said: str, rows: int
) -> None:
    """On every shard: a view of a view of a Distributed table."""
    value = "n" if mart == "learner_summary" else "1"
    for query in (
        f"SELECT sum({value}) FROM reporting.{mart}",
        f"SELECT sum({value}) FROM reporting.{mart} WHERE course_key IN "
        "(SELECT course_key FROM reporting.learner_summary)",
        f"WITH once AS (SELECT * FROM reporting.{mart}) SELECT sum({value}) FROM once",
    ):
        assert courses.ask("report", query, log_comment=said).text.strip() == str(rows), query


def test_a_view_of_a_distributed_table_has_more_rows_than_one(courses: Nodes) -> None:
    """The initiator takes the limit of result rows away from its subqueries by setting it to 0. A
    shard that may not have it at 0 takes it to be the least that it may be, which once was 1."""
    query = "SELECT count() FROM (SELECT n FROM reporting.rows)"
    assert courses.ask("report", query).text.strip() == "30"
