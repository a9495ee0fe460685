"""Every dashboard in Chromium, as the people who look at it: all charts are drawn, none fails."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bench.dashboards import charts
from bench.dashboards.installation import Installation, generator
from tests.lab.rendering import ROOT
from tests.superset.browser import opened
from tutoraspects.dashboards.chart_types.tables import Table
from tutoraspects.dashboards.check import load

pytestmark = pytest.mark.slow

PICTURES = ROOT / "build/screenshots"
EMBEDDED = (
    "in-context-course",
    "in-context-graded-subsection",
    "in-context-problem",
    "in-context-video",
)
# Telemetry of Superset's own, which our policy stops; the double of the LMS, which has no icon.
NOT_OURS = ("scarf.sh", "favicon.ico")
# Superset 6.1 wants to store the colours of a dashboard for whoever looks at it, and refuses that
# to those who may only look. Its JavaScript does not expect the refusal: a line for each.
COLOURS = re.compile(r"HTTP 403 PUT \S+/api/v1/dashboard/\d+/colors\?mark_updated=false")
UNEXPECTED = "Response (http"


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    made = generator(60_000, courses=30, learners=1_200, seed=29)
    with Installation(made, locales=("en", "es", "fr")) as installation:
        teaches = installation.courses
        installation.superset.tell_lms(
            teaches={"anna": teaches[:1], "sol": teaches[:1], "both": teaches[:2], "none": []}
        )
        yield installation


def walk(
    installation: Installation, person: str, locale: str, slugs: tuple[str, ...]
) -> dict[str, set[str]]:
    """Open every tab of dashboards; the titles of the charts on each. Fails when one is wrong."""
    titles: dict[str, set[str]] = {}
    wrong: list[str] = []
    with opened(installation.superset.url) as browser:
        browser.login(person)
        for slug in slugs:
            titles[slug] = set()
            browser.open(f"{slug}-{locale}")
            for path, shown in browser.tabs():
                name = "-".join((slug, locale, *path)).replace(" ", "_").replace("/", "_")
                browser.picture(PICTURES / f"{name}.png")
                for chart in shown:
                    titles[slug].add(chart.title)
                    where = f"{slug}, {path}, {chart.title}"
                    if chart.error:
                        wrong.append(f"{where}: {chart.text}")
                    if chart.empty:
                        wrong.append(f"{where}: shows nothing")
        wrong += [f"console: {line}" for line in complaints(browser.console)]
    assert wrong == [], "\n".join(wrong)
    return titles


def complaints(console: list[str]) -> list[str]:
    """What a page said and should not have."""
    said = [line for line in console if not any(one in line for one in NOT_OURS)]
    refused = [line for line in said if COLOURS.fullmatch(line)]
    unexpected = [line for line in said if line.startswith(UNEXPECTED)][: len(refused)]
    for line in refused + unexpected:
        said.remove(line)
    return said


def expected(slug: str) -> set[str]:
    catalogue = load()
    return {chart.title for _, chart in catalogue.shown(catalogue.dashboards[slug])}


@pytest.mark.parametrize(
    ("person", "slugs"),
    [
        ("anna", ("course-dashboard", "learner-groups")),
        ("anna", ("individual-learner", "course-comparison")),
        ("anna", EMBEDDED),
        ("dean", ("operator-dashboard",)),
    ],
    ids=["course", "learners", "in-context", "operator"],
)
def test_every_chart_is_drawn(
    installation: Installation, person: str, slugs: tuple[str, ...]
) -> None:
    if "operator-dashboard" in slugs:  # which tells who looked at what until yesterday
        walk(installation, "anna", "en", ("in-context-course",))
        installation.superset.age_log()
    found = walk(installation, person, "en", slugs)
    for slug in slugs:
        assert found[slug] == expected(slug)


@pytest.mark.parametrize(("person", "locale"), [("sol", "es"), ("both", "fr")])
def test_other_languages(installation: Installation, person: str, locale: str) -> None:
    found = walk(installation, person, locale, ("course-dashboard",))
    assert len(found["course-dashboard"]) == len(expected("course-dashboard"))
    assert found["course-dashboard"] & expected("course-dashboard") <= SAME


# Titles that are the same words in another language.
SAME: set[str] = set()


def test_first_course_is_chosen_and_applied(installation: Installation) -> None:
    """Charts of someone with two courses begin with the first of them, the header's, too."""
    with opened(installation.superset.url) as browser:
        browser.login("both")
        browser.open("course-dashboard-fr")
        assert browser.asked
        for body in browser.asked.values():
            chosen = [
                rule for rule in body["queries"][0]["filters"] if rule["col"] == "course_name"
            ]
            assert len(chosen) == 1, body["form_data"]["slice_id"]


def test_browser_asks_what_the_benchmark_asks(installation: Installation) -> None:
    """`dashboards.queries` and Superset's JavaScript make the same query of a chart."""
    by_number = {
        case.body["form_data"]["slice_id"]: case for case in charts.cases(installation, "en")
    }
    with opened(installation.superset.url) as browser:
        browser.login("anna")
        browser.open("course-dashboard-en")
        list(browser.tabs())
        asked = browser.asked
    compared = 0
    for number, body in asked.items():
        case = by_number.get(number)
        if case is None:
            continue
        compared += 1
        for ours, theirs in zip(case.body["queries"], body["queries"], strict=True):
            assert ours.get("metrics") == theirs.get("metrics"), case.name
            assert ours["row_limit"] == theirs["row_limit"], case.name
            chosen = {"course_name", "org", "course_run"}
            rules = [rule for rule in theirs["filters"] if rule["col"] not in chosen]
            assert [rule["col"] for rule in ours["filters"]] == [rule["col"] for rule in rules]
            if not isinstance(case.chart, Table):
                assert [_name(one) for one in ours["columns"]] == [
                    _name(one) for one in theirs["columns"]
                ], case.name
    assert compared > 10


def _name(column: object) -> object:
    return column["label"] if isinstance(column, dict) else column
