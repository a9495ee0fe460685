"""Who sees what: pages, chart data, SQL Lab, for everybody who may come along."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.superset import assets
from tests.superset.client import Answer, Client, bootstrap, through_lms
from tests.superset.conftest import World, sql_lab
from tutoraspects.superset.database import READ

pytestmark = pytest.mark.slow

REFUSED = (401, 403, 404)


def ask(client: Client, ids: dict[str, int], columns: list[str], **more: Any) -> Answer:
    return client.post("/api/v1/chart/data", assets.query(ids, columns, **more))


def seen(client: Client, ids: dict[str, int], column: str = "course_key", **more: Any) -> Any:
    """Rows by the value of a column."""
    answer = ask(client, ids, [column], **more)
    assert answer.status == 200, answer.text
    return {row[column]: row["rows"] for row in answer.json["result"][0]["data"]}


# name -> how many of the first two courses, or None for all there are
PEOPLE = {"root": None, "dean": None, "anna": [0], "bert": [1], "both": [0, 1]}


@pytest.mark.parametrize("name", PEOPLE)
def test_chart_data_is_of_the_persons_courses(world: World, name: str) -> None:
    client = world.login(name)
    chosen = PEOPLE[name]
    keys = world.courses if chosen is None else [world.courses[i] for i in chosen]
    expected = {key: world.rows[key] for key in keys}
    assert seen(client, world.ids["fact_enrollments"]) == expected
    assert seen(client, world.ids["enrollments_virtual"]) == expected
    # The dataset without a course column: ClickHouse alone refuses the other courses.
    organizations = {key.split("+")[0].removeprefix("course-v1:") for key in keys}
    assert set(seen(client, world.ids["enrollments_blind"], "org")) == organizations


@pytest.mark.parametrize("name", ["none", "pupil"])
def test_learners_are_kept_out(world: World, name: str) -> None:
    client, page = through_lms(world.superset.url, name)
    assert "/login/" in page.url
    assert client.get("/api/v1/me/").status == 401
    assert ask(client, world.ids["fact_enrollments"], ["course_key"]).status in REFUSED


def test_an_instructor_sees_the_dashboard_and_no_machinery(world: World) -> None:
    anna = world.login("anna")
    page = anna.get(f"/superset/dashboard/{assets.SLUG}/", Accept="text/html")
    assert page.status == 200 and bootstrap(page)["user"]["username"] == "anna"
    assert anna.get(f"/api/v1/dashboard/{assets.SLUG}").status == 200
    assert anna.get(f"/api/v1/dashboard/{assets.SLUG}/charts").status == 200
    for path in (
        "/api/v1/database/",
        "/api/v1/rowlevelsecurity/",
        "/api/v1/security/roles/",
        "/api/v1/security/users/",
        "/api/v1/query/",
        "/api/v1/log/",
        "/api/v1/annotation_layer/",
        "/api/v1/report/",
        "/api/v1/css_template/",
        "/api/v1/assets/export/",
    ):
        assert anna.get(path).status in REFUSED, path
    for path, body in (
        ("/api/v1/dashboard/", {"dashboard_title": "mine"}),
        ("/api/v1/chart/", {"slice_name": "mine", "datasource_id": 1, "datasource_type": "table"}),
        ("/api/v1/dataset/", {"database": 1, "schema": "reporting", "table_name": "x"}),
        ("/api/v1/rowlevelsecurity/", {"name": "mine", "clause": "1=1", "tables": [1]}),
        ("/api/v1/security/guest_token/", {"user": {}, "resources": [], "rls": []}),
    ):
        assert anna.post(path, body).status in REFUSED, path


def test_an_instructor_has_no_dataset_outside_of_a_dashboard(world: World) -> None:
    anna = world.login("anna")
    body = assets.query(world.ids["fact_enrollments"], ["course_key"])
    del body["form_data"]["dashboardId"]
    assert anna.post("/api/v1/chart/data", body).status == 403


def test_a_changed_query_stays_within_the_courses(world: World) -> None:
    """What somebody may send who is not Superset's page."""
    anna, ids = world.login("anna"), world.ids["fact_enrollments"]
    other = world.courses[1]
    for more in (
        {"filters": [{"col": "course_key", "op": "IN", "val": world.courses}]},
        {"extras": {"where": "1 = 1 OR 1 = 1"}},
        {"extras": {"where": "1 = 1) OR (1 = 1"}},
        {"extras": {"having": "1 = 1 OR 1 = 1"}},
        {"extras": {"where": "1 = 1 SETTINGS log_comment = 'courses=*'"}},
        {"extras": {"where": "course_key IN (SELECT course_key FROM reporting.fact_enrollments)"}},
        {"orderby": [["count() SETTINGS log_comment = 'courses=*'", True]]},
    ):
        answer = ask(anna, ids, ["course_key"], **more)
        if answer.status == 200:  # with what was asked, and so with the other's name
            rows = answer.json["result"][0]["data"]
            assert {row["course_key"] for row in rows} <= {world.courses[0]}, more
        else:
            assert other not in answer.text or "filters" in more, more
    metric = {
        "expressionType": "SQL",
        "sqlExpression": "(SELECT count() FROM reporting.fact_enrollments)",
        "label": "all",
    }
    body = assets.query(ids, ["course_key"])
    body["queries"][0]["metrics"] = [metric]
    assert anna.post("/api/v1/chart/data", body).status >= 400


def test_sql_lab(world: World) -> None:
    query = "SELECT course_key, count() AS n FROM reporting.fact_enrollments GROUP BY 1"
    assert sql_lab(world.login("anna"), query).status in REFUSED
    assert sql_lab(Client(world.superset.url), query).status in (*REFUSED, 400)
    root = world.login("root")
    answer = sql_lab(root, query)
    assert answer.status == 200, answer.text
    assert {row["course_key"]: row["n"] for row in answer.json["data"]} == world.rows
    assert sql_lab(root, "DROP TABLE reporting.fact_enrollments").status >= 400


def test_sql_lab_of_an_instructor_who_is_given_it(world: World) -> None:
    """Roles that somebody makes: SQL Lab and the database, and still only the own courses."""
    anna = world.login("anna")
    _lend(world, "anna")
    try:
        for source in ("reporting.fact_enrollments", "reporting.enrollments_virtual"):
            query = f"SELECT course_key, count() AS n FROM {source} GROUP BY 1"
            answer = sql_lab(anna, query)
            if answer.status == 200:
                assert {row["course_key"] for row in answer.json["data"]} == {world.courses[0]}
        # A table without a dataset in Superset: ClickHouse's filter.
        answer = sql_lab(anna, "SELECT DISTINCT course_key FROM xapi.xapi_events_all_parsed")
        assert answer.status == 200, answer.text
        assert {row["course_key"] for row in answer.json["data"]} == {world.courses[0]}
        for clause in (
            "SETTINGS log_comment = 'courses=*'",
            "SETTINGS `log_comment` = 'courses=*'",
            "/* ' */ SETTINGS log_comment = 'courses=*' /* ' */",
        ):
            answer = sql_lab(
                anna, f"SELECT DISTINCT course_key FROM xapi.xapi_events_all_parsed {clause}"
            )
            assert answer.status >= 400 and world.courses[1] not in answer.text, answer.text
        # Databases of the operator dashboard: the connection is refused, whoever has access.
        for name, query in (
            ("ClickHouse Servers", "SELECT name FROM system.disks"),
            ("Superset Metadata", "SELECT id FROM ab_user"),
        ):
            answer = sql_lab(anna, query, world.database(name), schema=None)
            assert answer.status >= 400 and "every course" in answer.text, answer.text
    finally:
        world.superset.provision()


def test_no_password_is_read_through_the_operators_databases(world: World) -> None:
    """By the one who may read everything."""
    root = world.login("root")
    metadata, servers = (world.database(n) for n in ("Superset Metadata", "ClickHouse Servers"))
    for table, columns in READ.items():
        answer = sql_lab(root, f"SELECT {', '.join(columns)} FROM {table}", metadata, None)
        assert answer.status == 200, answer.text
    for query in (
        "SELECT password FROM ab_user",
        "SELECT * FROM dbs",
        "SELECT sqlalchemy_uri FROM dbs",
        "SELECT User FROM mysql.user",
    ):
        answer = sql_lab(root, query, metadata, None)
        assert answer.status >= 400 and "denied" in answer.text, answer.text
    for query in (
        "SELECT count() FROM reporting.fact_enrollments",
        "SELECT count() FROM clusterAllReplicas('aspects', reporting.fact_enrollments)",
        "SELECT * FROM remote('127.0.0.1:9000', system.one)",
    ):
        answer = sql_lab(root, query, servers, None)
        assert answer.status >= 400 and "Not enough privileges" in answer.text, answer.text


def _lend(world: World, name: str) -> None:
    """Give the role of instructors SQL Lab, as an administrator may by mistake."""
    code = (
        "from superset.app import create_app\n"
        "with create_app().app_context():\n"
        "    from superset.extensions import db, security_manager as sm\n"
        "    role = sm.find_role('Instructor')\n"
        "    given = list(sm.find_role('sql_lab').permissions)\n"
        "    given += [p for p in sm.find_role('Alpha').permissions\n"
        "              if p.permission.name in ('all_database_access', 'all_datasource_access')]\n"
        "    role.permissions = list({p.id: p for p in [*role.permissions, *given]}.values())\n"
        "    db.session.commit()\n"
    )
    world.superset.run("-c", code)


def test_nobody_who_is_not_logged_in_reads_anything(world: World) -> None:
    anonymous = Client(world.superset.url)
    for path in (
        f"/api/v1/dashboard/{assets.SLUG}",
        "/api/v1/dashboard/",
        "/api/v1/chart/",
        "/api/v1/dataset/",
        "/api/v1/database/",
        "/api/v1/me/roles/",
        "/api/v1/_openapi",
    ):
        answer = anonymous.get(path)
        assert answer.status in REFUSED or answer.json.get("count") == 0, (path, answer.text)
    page = anonymous.get(f"/superset/dashboard/{assets.SLUG}/", Accept="text/html")
    assert "/login/" in page.url
    assert ask(anonymous, world.ids["fact_enrollments"], ["course_key"]).status in REFUSED


# -- one person's answer is nobody else's ---------------------------------------------------------


def test_a_cached_answer_is_not_given_to_somebody_else(world: World) -> None:
    anna, bert = world.login("anna"), world.login("bert")
    ids = world.ids["fact_enrollments"]
    for _ in range(3):
        assert list(seen(anna, ids)) == [world.courses[0]]
        assert list(seen(bert, ids)) == [world.courses[1]]
    again = ask(anna, ids, ["course_key"]).json["result"][0]
    assert again["is_cached"], "this test is about the cache"


@pytest.mark.parametrize("dataset", ["fact_enrollments", "enrollments_virtual"])
def test_two_people_at_the_same_moment(world: World, dataset: str) -> None:
    """The same chart, both at once, again and again, half of the time past the cache."""
    people = {"anna": world.courses[0], "bert": world.courses[1]}
    clients = {name: world.login(name) for name in people}
    ids = world.ids[dataset]

    def look(turn: int) -> tuple[str, Any]:
        name = list(people)[turn % 2]
        body = assets.query(ids, ["course_key"])
        body["force"] = turn % 4 < 2
        answer = Client.post(clients[name], "/api/v1/chart/data", body)
        assert answer.status == 200, answer.text
        return name, [row["course_key"] for row in answer.json["result"][0]["data"]]

    for client in clients.values():
        client.post("/api/v1/chart/data", assets.query(ids, ["course_key"]))
    with ThreadPoolExecutor(6) as pool:
        for name, found in pool.map(look, range(60)):
            assert found == [people[name]], name


def test_a_course_that_is_taken_away_is_gone_after_the_pause(world: World) -> None:
    both = world.login("both")
    ids = world.ids["fact_enrollments"]
    assert len(seen(both, ids)) == 2
    world.superset.tell_lms(
        teaches={"anna": world.courses[:1], "bert": world.courses[1:2], "both": world.courses[:1]}
    )
    again = world.login("both")  # a new login asks the LMS anew
    assert (
        list(seen(again, ids, filters=[{"col": "org", "op": "IS NOT NULL"}])) == world.courses[:1]
    )
    world.superset.tell_lms(
        teaches={"anna": world.courses[:1], "bert": world.courses[1:2], "both": world.courses[:2]}
    )
