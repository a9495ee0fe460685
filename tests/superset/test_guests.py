"""Embedded dashboards: the flow of platform-plugin-aspects, and tokens that are not from it."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab import PARTS
from tests.superset import assets
from tests.superset.client import Client, claims_of, sign
from tests.superset.conftest import World
from tests.superset.people import forged, guest, guest_body, service
from tutoraspects.settings import CATALOGUE

pytestmark = pytest.mark.slow


def token(world: World, course: str) -> str:
    answer = service(world).post("/api/v1/security/guest_token/", guest_body(course))
    assert answer.status == 200, answer.text
    return str(answer.json["token"])


def data(client: Client, ids: dict[str, int], columns: list[str], **more: Any) -> Any:
    return client.post("/api/v1/chart/data", assets.query(ids, columns, **more))


def by_the_plugin(world: World, course: str) -> str:
    """A token by platform-plugin-aspects' own code, with the settings that its patches render."""
    settings, secrets = world.superset.settings, world.superset.secrets
    given = {
        "course": course,
        "settings": {
            "SUPERSET_CONFIG": {
                "service_url": "https://superset.example.org",
                "internal_service_url": world.superset.url,
                "username": settings["service"]["username"],
                "password": secrets["SUPERSET_LMS_PASSWORD"],
            },
            "SUPERSET_DASHBOARD_LOCALES": settings["dashboard_locales"],
            "ASPECTS_INSTRUCTOR_DASHBOARDS": [
                dashboard
                for dashboard in CATALOGUE["ASPECTS_INSTRUCTOR_DASHBOARDS"].default
                if dashboard["uuid"] == assets.DASHBOARD
            ],
        },
    }
    done = subprocess.run(
        [PARTS / "platform-plugin/bin/python", Path(__file__).with_name("lms_guest_token.py")],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        # As templates/aspects/partials/openedx-settings.py sets it in LMS and CMS.
        env={"OAUTHLIB_INSECURE_TRANSPORT": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_flow_of_the_platforms_plugin(world: World) -> None:
    course = world.courses[0]
    raw = by_the_plugin(world, course)
    claims = claims_of(raw)
    assert claims["rls_rules"] == guest_body(course)["rls"]
    resources = {one["id"] for one in claims["resources"]}
    assert resources == {assets.COURSE.uuid, assets.COURSE_EN.uuid}
    client = guest(world, raw)
    for dashboard in (assets.COURSE, assets.COURSE_EN):
        assert client.get(f"/api/v1/dashboard/{dashboard.uuid}").status == 200
    assert client.get(f"/api/v1/dashboard/{assets.OPERATOR.uuid}").status in (403, 404)
    answer = data(client, world.ids["fact_enrollments"], ["course_key"])
    rows = {row["course_key"]: row["rows"] for row in answer.json["result"][0]["data"]}
    assert rows == {course: world.rows[course]}


def test_a_guest_sees_one_course(world: World) -> None:
    for course in world.courses[:2]:
        client = guest(world, token(world, course))
        for name in ("fact_enrollments", "enrollments_virtual"):
            answer = data(client, world.ids[name], ["course_key"])
            assert answer.status == 200, answer.text
            rows = {row["course_key"]: row["rows"] for row in answer.json["result"][0]["data"]}
            assert rows == {course: world.rows[course]}


def test_what_an_embedded_page_asks(world: World) -> None:
    client = guest(world, token(world, world.courses[0]))
    assert client.get("/api/v1/me/roles/").status == 200
    assert client.get(f"/api/v1/dashboard/{assets.DASHBOARD}").status == 200
    assert client.get(f"/api/v1/dashboard/{assets.DASHBOARD}/charts").status == 200
    assert client.get(f"/api/v1/dashboard/{assets.DASHBOARD}/datasets").status == 200
    # What a filter was set to: a request that changes something, from a frame without a cookie.
    kept = client.post(
        f"/api/v1/dashboard/{world.ids['fact_enrollments']['dashboard']}/filter_state?tab_id=1",
        {"value": "{}"},
    )
    assert kept.status == 201, kept.text
    page = Client(world.superset.url).get(
        f"/embedded/{assets.DASHBOARD}", Accept="text/html", Referer=world.superset.lms_url
    )
    assert page.status == 200
    elsewhere = Client(world.superset.url).get(
        f"/embedded/{assets.DASHBOARD}", Accept="text/html", Referer="https://evil.example.org"
    )
    assert elsewhere.status == 403


def test_a_guest_may_do_nothing_else(world: World) -> None:
    client = guest(world, token(world, world.courses[0]))
    for path in (
        "/api/v1/database/",
        "/api/v1/security/roles/",
        "/api/v1/query/",
        "/api/v1/saved_query/",
        "/api/v1/rowlevelsecurity/",
    ):
        assert client.get(path).status in (401, 403, 404), path
    minted = client.request("POST", "/api/v1/security/guest_token/", guest_body(world.courses[1]))
    assert minted.status in (401, 403)


def test_the_lms_account_may_only_ask_for_guest_tokens(world: World) -> None:
    client = service(world)
    # No cookie, no CSRF token: inside the platform there is no TLS for a secure cookie.
    bare = Client(world.superset.url, Authorization=client.headers["Authorization"])
    answer = bare.request("POST", "/api/v1/security/guest_token/", guest_body(world.courses[0]))
    assert answer.status == 200, answer.text
    for path in ("/api/v1/database/", "/api/v1/security/roles/", "/api/v1/security/users/"):
        assert client.get(path).status in (401, 403), path
    for path in ("/api/v1/dashboard/", "/api/v1/chart/", "/api/v1/dataset/"):
        answer = client.get(path)
        assert answer.status in (401, 403) or answer.json["count"] == 0, path
    assert data(client, world.ids["fact_enrollments"], ["course_key"]).status in (401, 403)


def test_no_token_for_more_than_a_course(world: World) -> None:
    client, course = service(world), world.courses[0]
    for rules in (
        [],
        [{"clause": "1 = 1"}],
        [{"clause": "org = 'A'"}],
        [{"clause": f"course_key = '{course}' OR 1 = 1"}],
        [{"clause": f"course_key = '{course}') OR (1 = 1"}],
        [{"clause": f"course_key = '{course}'", "dataset": 1}],
        [{"clause": f"course_key = '{course}'"}, {"clause": "org = '' OR 1=1 --'"}],
    ):
        answer = client.post("/api/v1/security/guest_token/", guest_body(course, rls=rules))
        assert answer.status == 400, rules


def test_forged_tokens(world: World) -> None:
    secret = world.superset.secrets["SUPERSET_GUEST_TOKEN_SECRET"]
    honest = token(world, world.courses[0])
    header, payload, signature = honest.split(".")
    everything = {"rls_rules": [{"clause": "1 = 1"}]}
    for raw in (
        forged("test-guest-secret-change-me"),  # Superset's published default
        forged(world.superset.secrets["SUPERSET_SECRET_KEY"]),
        sign(claims_of(honest), None),
        f"{header}.{forged(secret, **everything).split('.')[1]}.{signature}",
        forged(secret, exp=time.time() - 10),
        forged(secret, aud="elsewhere"),
        f"{header}.{payload}.",
    ):
        client = guest(world, raw)
        assert client.get("/api/v1/me/roles/").status == 401
        answer = data(client, world.ids["fact_enrollments"], ["course_key"])
        assert answer.status in (401, 403)


def test_even_a_stolen_secret_opens_no_rows_without_a_course(world: World) -> None:
    """Signed with the true secret and without a course: no row of any, not all of them."""
    secret = world.superset.secrets["SUPERSET_GUEST_TOKEN_SECRET"]
    for rules in ([], [{"clause": "1 = 1"}]):
        client = guest(world, forged(secret, rls_rules=rules))
        answer = data(client, world.ids["fact_enrollments"], ["course_key"])
        assert answer.status == 200 and answer.json["result"][0]["data"] == []
