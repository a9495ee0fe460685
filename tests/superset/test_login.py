"""Single sign-on: tokens that are not the LMS' get nobody in."""

from __future__ import annotations

import pytest

from tests.superset.client import through_lms
from tests.superset.conftest import World

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("fault", ["payload", "none", "issuer", "expired", "shared-secret"])
def test_a_token_that_is_not_to_be_trusted(world: World, fault: str) -> None:
    """`payload` says that anna is a superuser, under a signature that was for something else."""
    world.superset.tell_lms(tamper=fault)
    try:
        client, page = through_lms(world.superset.url, "anna")
        assert "/login/" in page.url
        assert client.get("/api/v1/me/").status == 401
    finally:
        world.superset.tell_lms(tamper="")


def test_roles_by_upstreams_rules(world: World) -> None:
    expected = {
        "root": {"Admin", "Admin - en", "Public"},
        "dean": {"Alpha", "Operator", "Operator - en", "Instructor", "Instructor - en", "Public"},
        "anna": {"Instructor", "Instructor - en", "Public"},
    }
    for name, roles in expected.items():
        found = world.login(name).get("/api/v1/me/roles/").json["result"]["roles"]
        assert set(found) == roles


def test_an_lms_that_does_not_answer_is_an_error_and_not_an_empty_chart(world: World) -> None:
    world.superset.tell_lms(broken=["courses"])
    try:
        _, page = through_lms(world.superset.url, "bert")
        assert "/login/" in page.url
    finally:
        world.superset.tell_lms(broken=[])


def test_the_session_is_not_in_the_cookie(world: World) -> None:
    anna = world.login("anna")
    [cookie] = [cookie for cookie in anna.jar if cookie.name == "session"]
    assert len(cookie.value or "") < 100
    assert anna.get("/logout/", Accept="text/html").status == 200
    assert anna.get("/api/v1/me/").status == 401


def test_pages_say_what_browsers_may_do(world: World) -> None:
    page = world.login("anna").get("/dashboard/list/", Accept="text/html")
    policy = page.headers["Content-Security-Policy"]
    assert "scarf" not in policy and "mapbox" not in policy and "unsafe-eval" not in policy
    assert f"frame-ancestors 'self' {world.superset.lms_url}" in policy
    assert "'nonce-" in policy and page.headers.get("X-Frame-Options") is None
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_provisioning_again_changes_nothing(world: World) -> None:
    assert "done: nothing to change" in world.superset.provision()
