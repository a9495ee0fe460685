"""Everybody who may come along, and what each of them sees: the table of the documentation."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.superset import assets
from tests.superset.client import Answer, Client, sign, through_lms, with_password
from tests.superset.conftest import World, sql_lab

NO, YES = "no", "yes"
MACHINERY = ("database", "query", "saved_query", "rowlevelsecurity", "security/roles", "log")


@dataclass(frozen=True)
class Person:
    """`client` as it is after the attempt to get in; `embedded` for a page of the LMS."""

    who: str
    client: Client
    embedded: bool = False


def guest_body(course: str, **more: Any) -> dict[str, Any]:
    """What generate_guest_token sends (platform_plugin_aspects/utils.py)."""
    org = course.removeprefix("course-v1:").split("+")[0]
    return {
        "user": {"username": "anna"},
        "resources": [{"type": "dashboard", "id": assets.DASHBOARD}],
        "rls": [{"clause": f"org = '{org}'"}, {"clause": f"course_key = '{course}'"}],
        **more,
    }


def service(world: World) -> Client:
    """The LMS' account, as supersetapiclient.SupersetClient logs in with it."""
    name = world.superset.settings["service"]["username"]
    return with_password(world.superset.url, name, world.superset.secrets["SUPERSET_LMS_PASSWORD"])


def guest(world: World, token: str) -> Client:
    return Client(world.superset.url, **{"X-GuestToken": token})


def forged(secret: str, **more: Any) -> str:
    """A guest token with the claims of a true one, and no rule about rows."""
    now = time.time()
    claims = {
        "user": {"username": "eve"},
        "resources": [{"type": "dashboard", "id": assets.DASHBOARD}],
        "rls_rules": [],
        "iat": now,
        "exp": now + 300,
        "aud": "aspects-superset",
        "type": "guest",
        **more,
    }
    return sign(claims, secret)


def everybody(world: World) -> list[Person]:
    minted = service(world).post("/api/v1/security/guest_token/", guest_body(world.courses[0]))
    assert minted.status == 200, minted.text
    everything = [{"clause": "1 = 1"}]
    return [
        Person("superuser", _by_lms(world, "root")),
        Person("global staff", _by_lms(world, "dean")),
        Person("staff of course A", _by_lms(world, "anna")),
        Person("staff of courses A and B", _by_lms(world, "both")),
        Person("staff of no course", _by_lms(world, "none")),
        Person("learner", _by_lms(world, "pupil")),
        Person("the LMS' account for guest tokens", service(world)),
        Person("guest token for course A", guest(world, minted.json["token"]), True),
        Person(
            "guest token signed with Superset's published secret",
            guest(world, forged("test-guest-secret-change-me", rls_rules=everything)),
            True,
        ),
        Person(
            "guest token with rules of one's own under the signature of a true one",
            guest(world, _spliced(minted.json["token"], forged("any", rls_rules=everything))),
            True,
        ),
        Person(
            "guest token without a course, signed with the stolen secret",
            guest(world, forged(world.superset.secrets["SUPERSET_GUEST_TOKEN_SECRET"])),
            True,
        ),
        Person("token of the LMS, altered to say superuser", _tampered(world)),
        Person("nobody", Client(world.superset.url)),
    ]


def _by_lms(world: World, name: str) -> Client:
    return through_lms(world.superset.url, name)[0]


def _tampered(world: World) -> Client:
    world.superset.tell_lms(tamper="payload")
    try:
        return _by_lms(world, "anna")
    finally:
        world.superset.tell_lms(tamper="")


def _spliced(honest: str, other: str) -> str:
    header, _, signature = honest.split(".")
    return ".".join((header, other.split(".")[1], signature))


# -- what they see --------------------------------------------------------------------------------


def _gets_in(world: World, person: Person) -> str:
    return YES if person.client.get("/api/v1/me/roles/").status == 200 else NO


def _page(slug: str, uuid: str) -> Callable[[World, Person], str]:
    def look(world: World, person: Person) -> str:
        if person.embedded:
            return YES if person.client.get(f"/api/v1/dashboard/{uuid}").status == 200 else NO
        page = person.client.get(f"/superset/dashboard/{slug}/", Accept="text/html")
        described = person.client.get(f"/api/v1/dashboard/{slug}")
        return YES if described.status == 200 and page.url.endswith(f"{slug}/") else NO

    return look


def _courses(world: World, found: set[str]) -> str:
    """Names of courses by their order: A, B; `all` for every one there is."""
    if found == set(world.courses):
        return "all courses"
    names = [chr(65 + i) for i, course in enumerate(world.courses) if course in found]
    assert len(names) == len(found)
    return ", ".join(names) or "no row"


def _values(answer: Answer, column: str) -> set[str] | None:
    if answer.status != 200:
        return None
    return {row[column] for row in answer.json["result"][0]["data"]}


def _chart(name: str) -> Callable[[World, Person], str]:
    def look(world: World, person: Person) -> str:
        body = assets.query(world.ids[name], ["course_key"])
        found = _values(person.client.post("/api/v1/chart/data", body), "course_key")
        return NO if found is None else _courses(world, found)

    return look


def _blind(world: World, person: Person) -> str:
    """A dataset without the column that Superset filters by: what ClickHouse lets through."""
    body = assets.query(world.ids["enrollments_blind"], ["org"])
    found = _values(person.client.post("/api/v1/chart/data", body), "org")
    if found is None:
        return NO
    orgs = {course: course.removeprefix("course-v1:").split("+")[0] for course in world.courses}
    assert len(set(orgs.values())) == len(orgs)
    return _courses(world, {course for course, org in orgs.items() if org in found})


def _servers(world: World, person: Person) -> str:
    body = assets.query(world.ids["server_state"], ["name"])
    found = _values(person.client.post("/api/v1/chart/data", body), "name")
    return YES if found else NO


def _sql(world: World, person: Person) -> str:
    answer = sql_lab(person.client, "SELECT DISTINCT course_key FROM reporting.fact_enrollments")
    if answer.status != 200:
        return NO
    return _courses(world, {row["course_key"] for row in answer.json["data"]})


def _machinery(world: World, person: Person) -> str:
    """Lists of what Superset is made of."""
    found = [person.client.get(f"/api/v1/{path}/") for path in MACHINERY]
    seen = [
        path
        for path, answer in zip(MACHINERY, found, strict=True)
        if answer.status == 200 and answer.json.get("count")
    ]
    return ", ".join(path.rsplit("/", 1)[-1] for path in seen) or NO


def _writes(world: World, person: Person) -> str:
    made = person.client.post("/api/v1/dashboard/", {"dashboard_title": "mine"})
    if made.status != 201:
        return NO
    world.admin.request("DELETE", f"/api/v1/dashboard/{made.json['id']}")
    return YES


def _mints(world: World, person: Person) -> str:
    body = guest_body(world.courses[1])
    return YES if person.client.post("/api/v1/security/guest_token/", body).status == 200 else NO


COLUMNS: dict[str, Callable[[World, Person], str]] = {
    "gets in": _gets_in,
    "page of the course dashboard": _page(assets.COURSE.slug, assets.COURSE.uuid),
    "chart of a mart": _chart("fact_enrollments"),
    "chart of a query": _chart("enrollments_virtual"),
    "chart of a query without a course column": _blind,
    "page of the operator dashboard": _page(assets.OPERATOR.slug, assets.OPERATOR.uuid),
    "chart of the servers": _servers,
    "SQL Lab": _sql,
    "lists of Superset's parts": _machinery,
    "makes dashboards": _writes,
    "gets guest tokens": _mints,
}


def table(world: World) -> str:
    """Markdown: a row for each person."""
    lines = [f"| who | {' | '.join(COLUMNS)} |", f"|---|{'---|' * len(COLUMNS)}"]
    for person in everybody(world):
        cells = [measure(world, person) for measure in COLUMNS.values()]
        lines.append(f"| {person.who} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
