"""The declaration of ClickHouse users and its three renderings, without a server."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tutoraspects.access import Names, PasswordHash, declare, to_operator, to_sql, to_xml
from tutoraspects.access.courses import scope
from tutoraspects.access.model import SETTING_OF
from tutoraspects.access.profiles import declare_profiles
from tutoraspects.errors import AspectsError
from tutoraspects.settings import CATALOGUE

WRITING = ("INSERT", "ALTER", "CREATE", "DROP", "TRUNCATE", "OPTIMIZE", "KILL", "SYSTEM", "ALL")
READERS = ("ch_report", "ch_health", "ch_monitor")


def privileges(name: str, **options: Any) -> list[str]:
    return [str(grant) for grant in declare(**options).user(name).grants]


def paths(element: ET.Element, prefix: str = "") -> dict[str, list[str]]:
    """An XML section as the operator writes it: path to its texts, in order."""
    found: dict[str, list[str]] = {}
    for child in element:
        path = f"{prefix}/{child.tag}".lstrip("/")
        if len(child):
            for key, values in paths(child, path).items():
                found.setdefault(key, []).extend(values)
        else:
            found.setdefault(path, []).append(child.get("from_env") or (child.text or "").strip())
    return found


# Who may do what --------------------------------------------------------------------------------


def test_readers_hold_no_right_to_write() -> None:
    for name in READERS:
        for grant in declare(pii=True).user(name).grants:
            for privilege in grant.privileges.split(", "):
                assert not privilege.startswith(WRITING), f"{name}: {grant}"


def test_only_the_administrator_may_do_everything() -> None:
    access = declare()
    assert [user.name for user in access.users if user.everything] == ["ch_admin"]
    for user in access.users:
        if not user.everything:
            assert user.grants, f"{user.name}: a user without grants may do everything"
            assert not any("GRANT OPTION" in str(grant) for grant in user.grants)


def test_every_user_has_a_password_but_default_which_is_closed() -> None:
    access = declare()
    passwords = [user.password for user in access.users if user.password]
    assert len(passwords) == len(set(passwords)) == 8
    default = access.user("default")
    assert [str(grant) for grant in default.grants] == ["SELECT ON system.one"]
    assert default.networks == ("127.0.0.1", "::1")


def test_personal_data_is_open_to_reports_only_when_it_is_enabled() -> None:
    names = Names(pii_tables=("user_profile", "course_enrollment"))
    closed = privileges("ch_report", names=names)
    assert "SELECT ON event_sink.course_overviews" in closed
    assert "SELECT ON event_sink.user_profile" not in closed
    assert "SELECT ON event_sink.course_enrollment" not in closed
    assert "SELECT ON event_sink.*" not in closed
    assert "SELECT ON event_sink.*" in privileges("ch_report", names=names, pii=True)


def test_the_text_of_events_is_closed_to_reports() -> None:
    grants = " ".join(privileges("ch_report", pii=True))
    for table in ("xapi.xapi_events_all ", "xapi.xapi_events_all_local ", "xapi.*"):
        assert f"SELECT ON {table}" not in grants + " "


def test_backups_are_taken_and_not_restored() -> None:
    granted = " ".join(privileges("ch_backup"))
    assert "BACKUP ON event_sink.*" in granted
    assert not any(word in granted for word in ("INSERT", "CREATE", "DROP", "ALTER"))


def test_profiles_and_quotas_that_users_name_exist() -> None:
    access = declare()
    assert {user.profile for user in access.users} <= {profile.name for profile in access.profiles}
    assert {user.quota for user in access.users} <= {quota.name for quota in access.quotas}
    for profile in access.profiles:
        names = [setting.name for setting in profile.settings]
        assert len(names) == len(set(names)), profile.name


def test_writers_are_never_refused_by_a_quota() -> None:
    for user in ("ch_lrs", "ch_vector", "ch_cms"):
        quota = next(q for q in declare().quotas if q.name == declare().user(user).quota)
        assert quota.queries == quota.errors == quota.execution_time == 0


def test_limits_follow_from_the_memory_of_a_node() -> None:
    report = {p.name: p for p in declare_profiles(8192, 0)}["report"]
    limits = {setting.name: setting.value for setting in report.settings}
    assert limits["max_memory_usage"] == 2 * 1024**3
    assert limits["max_memory_usage_for_user"] == 4 * 1024**3


def test_an_insert_waits_for_the_quorum() -> None:
    for profile in declare_profiles(4096, 2):
        if profile.name in ("ingest", "sink"):
            assert {s.name: s.value for s in profile.settings}["insert_quorum"] == 2


# Names ------------------------------------------------------------------------------------------


def test_names_come_from_settings_of_the_catalogue() -> None:
    assert set(SETTING_OF.values()) <= set(CATALOGUE)
    names = Names.from_settings(
        {"ASPECTS_CLICKHOUSE_LRS_USER": "writer", "RALPH_DATABASE": "statements"}
    )
    assert names.lrs == "writer" and names.vector == "ch_vector"
    assert "SELECT, INSERT ON statements.xapi_events_all" in [
        str(grant) for grant in declare(names).user("writer").grants
    ]


def test_a_name_with_a_dash_is_quoted_in_grants() -> None:
    grants = [str(g) for g in declare(Names(ralph_database="x-api")).user("ch_lrs").grants]
    assert "SELECT, INSERT ON `x-api`.xapi_events_all" in grants


@pytest.mark.parametrize("name", ["ch.lrs", "a b", "1st", "<b>", "x'; DROP", ""])
def test_a_name_that_xml_or_sql_would_misread_is_refused(name: str) -> None:
    with pytest.raises(AspectsError, match="ASPECTS_CLICKHOUSE_LRS_USER"):
        Names(lrs=name)


# XML and operator -------------------------------------------------------------------------------


def test_the_xml_holds_no_password_and_takes_each_from_the_environment() -> None:
    root = ET.fromstring(to_xml(declare()))
    for user in declare().users:
        element = root.find(f"./users/{user.name}")
        assert element is not None and element.find("password") is None
        hashed = element.find("password_sha256_hex")
        if user.password:
            assert hashed is not None and hashed.get("from_env") == user.password
            assert not hashed.text
        else:
            assert hashed is None and element.find("no_password") is not None


def test_xml_and_operator_say_the_same() -> None:
    access = declare(memory_mib=8192, quorum=2, pii=True)
    root, settings = ET.fromstring(to_xml(access)), to_operator(access, "the-secret")
    for section in ("users", "profiles", "quotas"):
        element = root.find(section)
        assert element is not None
        expected = paths(element)
        found: dict[str, list[str]] = {}
        for path, value in settings[section].items():
            if isinstance(value, dict):
                reference = value["valueFrom"]["secretKeyRef"]
                assert reference["name"] == "the-secret"
                found[path] = [reference["key"]]
            else:
                found[path] = value if isinstance(value, list) else [value]
        # The operator has no other way to say either.
        assert found.pop("default/networks/host_regexp", None) == (
            ["disabled"] if section == "users" else None
        )
        expected.pop("default/no_password", None)
        for path in [path for path in expected if path.endswith("/readonly") and "constr" in path]:
            expected[path] = ["1"]
        assert found == expected


def test_values_for_the_operator_are_text() -> None:
    for section in ("profiles", "quotas"):
        for path, value in to_operator(declare(), "s")[section].items():
            assert isinstance(value, str), path


def test_a_limit_cannot_be_lifted_by_setting_it_to_zero() -> None:
    root = ET.fromstring(to_xml(declare()))
    limits = root.findall("./profiles/report/constraints/*")
    assert len(limits) > 5
    for limit in limits:
        # The one that the server itself sets to 0, see tests/test_clickhouse_config.py.
        if limit.find("readonly") is None and limit.tag != "max_result_rows":
            assert limit.findtext("min") == "1" and limit.findtext("max")


# Rows by course ---------------------------------------------------------------------------------


def test_what_reports_say_they_may_see() -> None:
    assert scope(None) == "courses=*"
    assert (
        scope(["course-v1:B+2+r", "course-v1:A+1+r"]) == "courses=course-v1:A+1+r,course-v1:B+2+r"
    )
    # Names of no course cannot widen it.
    assert scope(["*", "a,b", ""]) == "courses="


def test_every_table_of_courses_is_filtered_for_reports() -> None:
    names = Names.from_settings({"ASPECTS_EVENT_SINK_DATABASE": "sink"})
    filters = {
        (f.database, f.table): f.condition for f in declare(names).user("ch_report").row_filters
    }
    assert {
        ("xapi", "xapi_events_all_parsed"),
        ("xapi", "xapi_events_all_parsed_local"),
        ("xapi", "video_playback_events"),
        ("sink", "course_overviews"),
        ("sink", "dim_course_names"),
        ("reporting", "fact_enrollments"),
    } <= set(filters)
    assert ("xapi", "fact_instance_events") not in filters
    for condition in filters.values():
        # The operator writes it into XML as it is.
        assert "<" not in condition and "&" not in condition


# SQL --------------------------------------------------------------------------------------------


def test_sql_leaves_default_and_the_administrator_alone() -> None:
    hashes = {name: PasswordHash.of("x") for name in ("ch_lrs", "ch_report")}
    text = "\n".join(to_sql(declare(), hashes))
    assert "ch_admin" not in text and " default" not in text and "ch_cms" not in text
    with pytest.raises(AspectsError, match="ch_admin"):
        to_sql(declare(), {"ch_admin": PasswordHash.of("x")})
    with pytest.raises(AspectsError, match="nobody"):
        to_sql(declare(), {"nobody": PasswordHash.of("x")})


def test_sql_holds_salted_hashes_and_no_password() -> None:
    one, two = PasswordHash.of("the password"), PasswordHash.of("the password")
    assert one != two
    assert one.hash == hashlib.sha256(f"the password{one.salt}".encode()).hexdigest()
    text = "\n".join(to_sql(declare(), {"ch_lrs": one}))
    assert "the password" not in text
    assert f"IDENTIFIED WITH sha256_hash BY '{one.hash}' SALT '{one.salt}'" in text


def test_sql_replaces_rights_in_one_statement_on_every_node() -> None:
    statements = to_sql(declare(), {"ch_lrs": PasswordHash.of("x")}, cluster="theirs")
    assert all(" ON CLUSTER theirs " in statement for statement in statements)
    grants = [statement for statement in statements if statement.startswith("GRANT")]
    assert len(grants) == 1 and grants[0].endswith("TO ch_lrs WITH REPLACE OPTION")
    assert "INSERT ON xapi.xapi_events_all," in grants[0]


def test_ralph_looks_back_as_far_as_the_setting_says() -> None:
    hashes = {"ch_lrs": PasswordHash.of("x")}
    settled = "now() - INTERVAL 90 MINUTE >= received_at"
    condition = f"emission_time >= now() - INTERVAL 30 DAY AND {settled}"
    bounded, unbounded = declare(lookback_days=30), declare(lookback_days=0)
    tables = ET.fromstring(to_xml(bounded)).findall("./users/ch_lrs/databases/xapi/*")
    assert [(t.tag, t.findtext("filter")) for t in tables] == [
        ("xapi_events_all", condition),
        ("xapi_events_all_local", condition),
    ]
    filters = ET.fromstring(to_xml(unbounded)).iterfind("./users/ch_lrs/databases/xapi/*/filter")
    assert [found.text for found in filters] == [settled, settled]
    sql = "\n".join(to_sql(bounded, hashes))
    assert f"ON xapi.xapi_events_all FOR SELECT USING {condition} TO ch_lrs" in sql
    every_day = "\n".join(to_sql(unbounded, hashes))
    assert f"ON xapi.xapi_events_all_local FOR SELECT USING {settled} TO ch_lrs" in every_day
    for user in bounded.users:
        assert not user.row_filters or user.name in ("ch_lrs", "ch_report")


@pytest.mark.parametrize(("retry", "settled"), [(1, 31), (60, 90), (120, 180), (1440, 2160)])
def test_ralph_does_not_see_what_may_still_be_sent_again(retry: int, settled: int) -> None:
    access = declare(retry_minutes=retry)
    for rows in access.user("ch_lrs").row_filters:
        assert f"now() - INTERVAL {settled} MINUTE >= received_at" in rows.condition
        # The operator writes it into XML as it is.
        assert not set(rows.condition) & {"<", "&"}
    assert not access.user("ch_vector").row_filters


def test_sql_carries_the_base_settings_and_skips_what_an_older_server_lacks() -> None:
    hashes = {"ch_lrs": PasswordHash.of("x")}
    profile = to_sql(declare(), hashes)[0]
    assert "distributed_foreground_insert = 1" in profile
    assert "deduplicate_insert = 'enable'" in profile
    older = to_sql(declare(), hashes, known_settings={"async_insert", "insert_deduplicate"})[0]
    assert "async_insert = 1" in older and "deduplicate_insert =" not in older
