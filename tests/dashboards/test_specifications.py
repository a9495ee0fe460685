"""The shipped dashboards: all that upstream's have, on marts that exist, with limited rows."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tutoraspects.dashboards.access import embedded, rows
from tutoraspects.dashboards.catalogue import SHIPPED, Catalogue
from tutoraspects.dashboards.chart_types.axes import Axes
from tutoraspects.dashboards.check import GUEST_COLUMNS, examine
from tutoraspects.dashboards.compile import compile, editions
from tutoraspects.dashboards.edition import Edition
from tutoraspects.dashboards.marts import marts
from tutoraspects.dashboards.sql import marts_of, query_of
from tutoraspects.dashboards.strings import load as load_strings
from tutoraspects.dashboards.target import Target
from tutoraspects.resources import resource_path

DBT = resource_path("dbt")
# What tutor-contrib-aspects shows, by dashboard.
CHARTS = {
    "course-dashboard": """Current Enrollees; Course Information; Enrollees per Enrollment Track;
        Cumulative Enrollments by Track; Page Engagement per Section/Subsection; Section Summary;
        Cumulative Interactions; Subsection Summary; Page Engagement Over Time;
        Problem Engagement per Section/Subsection; Problem Attempts and Results;
        Video Engagement per Section/Subsection; Video Engagement; Partial and Full Video Views;
        Number of Views across Video Duration; Learners with Passing Grade;
        Distribution of Current Course Grade""",
    "learner-groups": """Learners; Last Visit Date; Enrollees by Enrollment Track; Enrollment Dates;
        Page Engagement per Section/Subsection; Section Summary; Cumulative Interactions;
        Subsection Summary; Page Engagement Over Time; Problem Engagement per Section/Subsection;
        Problem Attempts; Problem Results; Video Engagement per Section/Subsection;
        Video Engagement; Partial and Full Video Views; Number of Views across Video Duration;
        Distribution of Course Grades""",
    "individual-learner": """Learner Summary; Page Engagement per Section/Subsection;
        Page Engagement per Section; Page Engagement per Subsection;
        Problem Engagement per Section/Subsection; Problem Engagement per Section;
        Problem Engagement per Subsection; Problem Attempts; Problem Results;
        Video Engagement per Section/Subsection; Video Engagement per Section;
        Video Engagement per Subsection; Partial and Full Video Views;
        Partial and Full Video Views; Number of Views across Video Duration""",
    "course-comparison": "; ".join(
        2
        * [
            "Course Info; Enrollment Counts; Learner Performance Breakdown; Learner Performance; "
            "Video Engagement"
        ]
    ),
    "in-context-course": "Graded Subsection Engagement; Problem Engagement; Video Engagement",
    "in-context-graded-subsection": "Graded Subsection Performance; Final Response Results",
    "in-context-problem": "Problem Results Table; Initial Responses",
    "in-context-video": "Unique vs. Repeat Views",
    "operator-dashboard": """Active Learners; Active Courses; Event Activity; Total Organizations;
        Currently Enrolled Users; Courses; Last Received Event; Last Course Synchronized;
        Course Enrollments Over Time; Current Active Enrollments By Mode;
        Active Users Per Organization; Courses Per Organization; Slowest ClickHouse Queries;
        ClickHouse Metrics; Superset Active Users; Superset Active Users Over Time;
        Superset Registered Users Over Time; Most-used Dashboards; Most-used Charts""",
}


@cache
def known_marts() -> dict[str, frozenset[str]]:
    return marts(DBT)


def names() -> list[str]:
    return sorted(path.stem for path in (SHIPPED / "datasets").glob("*.yaml"))


def test_nothing_is_wrong() -> None:
    _, problems = examine((SHIPPED,), known_marts())
    assert [str(problem) for problem in problems] == []


@pytest.mark.parametrize("slug", CHARTS)
def test_every_chart_of_upstream_is_there(catalogue: Catalogue, slug: str) -> None:
    shown = [chart.title for _, chart in catalogue.shown(catalogue.dashboards[slug])]
    assert sorted(shown) == sorted(" ".join(CHARTS[slug].split()).split("; "))


def test_there_are_no_other_dashboards(catalogue: Catalogue) -> None:
    assert set(catalogue.dashboards) == set(CHARTS)


def test_files_have_the_names_of_what_they_hold(catalogue: Catalogue) -> None:
    assert names() == sorted(catalogue.datasets)
    files = {path.stem for path in (SHIPPED / "dashboards").glob("*.yaml")}
    assert files == set(catalogue.dashboards)


@pytest.mark.parametrize("name", names())
def test_marts_exist_with_these_columns(catalogue: Catalogue, name: str) -> None:
    """`examine` compares columns; here the files themselves, so that no declaration hides a gap."""
    dataset = catalogue.datasets[name]
    known = known_marts()
    models = {path.stem for path in (DBT / "models").rglob("*.sql")}
    tables = {"xapi.xapi_events_all_parsed", "event_sink.course_overviews"}
    if dataset.database == "clickhouse":
        for mart in marts_of(query_of(dataset, catalogue.datasets)):
            assert mart in known
            assert mart in tables or mart.partition(".")[2] in models


@pytest.mark.parametrize("name", names())
def test_rows_of_teachers_are_limited(catalogue: Catalogue, name: str) -> None:
    dataset = catalogue.datasets[name]
    if dataset.audience == "teacher":
        assert set(GUEST_COLUMNS) <= set(catalogue.columns(name))
        assert dataset.row_filter == "course_key"


def test_teachers_meet_datasets_for_teachers_only(catalogue: Catalogue) -> None:
    found = list(rows(Edition(catalogue, Target())))
    assert {one.table_name for one in found} == set(catalogue.datasets) - unshown(catalogue)
    for one in found:
        if "instructor" in one.roles:
            assert one.audience == "teacher"
            assert one.row_filter == "course_key"


def unshown(catalogue: Catalogue) -> set[str]:
    """Datasets that stand behind no chart; there is none."""
    shown = {
        chart.dataset
        for dashboard in catalogue.dashboards.values()
        for _, chart in catalogue.shown(dashboard)
    }
    filters = {
        getattr(rule, "dataset", "")
        for dashboard in catalogue.dashboards.values()
        for rule in dashboard.filters
    }
    return set(catalogue.datasets) - shown - filters


def test_every_dataset_is_used(catalogue: Catalogue) -> None:
    assert not unshown(catalogue)


def test_what_readers_see_has_a_label(catalogue: Catalogue) -> None:
    for dashboard in catalogue.dashboards.values():
        for _, chart in catalogue.shown(dashboard):
            columns = catalogue.columns(chart.dataset)
            for name in chart.dimensions():
                assert columns[name].label, f"{dashboard.dashboard}/{chart.chart}: {name}"


def test_what_names_learners_is_left_out_without_personal_data(catalogue: Catalogue) -> None:
    edition = Edition(catalogue, Target(personal_data=False))
    assert "individual-learner" not in {one.dashboard for one in edition.dashboards()}
    for dashboard in edition.dashboards():
        for slug, chart in catalogue.shown(dashboard):
            if edition.has(slug, chart):
                columns = catalogue.columns(chart.dataset)
                assert not any(columns[name].personal for name in chart.dimensions())


def test_embedded_dashboards_are_those_of_the_settings(catalogue: Catalogue) -> None:
    from tutoraspects.settings import CATALOGUE

    wanted = CATALOGUE["SUPERSET_EMBEDDABLE_DASHBOARDS"].default
    assert embedded(Edition(catalogue, Target())) == wanted


def test_what_teachers_meet_has_the_column_by_which_superset_filters(catalogue: Catalogue) -> None:
    """tutoraspects/superset/rows.py filters every dataset that has it, and no other."""
    from tutoraspects.access.marts import COURSE_COLUMN

    strings = {"es": load_strings((SHIPPED,), "es")}
    target = Target(locales=("es",))
    assets = compile(catalogue, target, strings)
    columns = {
        asset["uuid"]: {column["column_name"] for column in asset["columns"]}
        for path, asset in assets.items()
        if path.startswith("datasets/")
    }
    found = [one for edition in editions(catalogue, target, strings) for one in rows(edition)]
    assert {one.uuid for one in found} == set(columns)
    for one in found:
        if "instructor" in one.roles:
            assert one.row_filter == COURSE_COLUMN, one.table_name
            assert COURSE_COLUMN in columns[one.uuid], one.table_name


def test_system_tables_are_asked_by_the_user_who_may(catalogue: Catalogue) -> None:
    import re

    from tutoraspects.access.declaration import HEALTH_TABLES

    asked = set()
    for dataset in catalogue.datasets.values():
        found = set(re.findall(r"system\.([a-z_]+)", query_of(dataset, catalogue.datasets)))
        assert not found or (dataset.database, dataset.audience) == ("servers", "operator")
        asked |= found
    assert asked == set(HEALTH_TABLES)


def test_specifications_ship(tmp_path: Path) -> None:
    assert SHIPPED.is_dir()
    assert SHIPPED.parent.name == "dashboards"
    assert (SHIPPED / "strings" / "es.yaml").exists()


def test_places_and_axes_are_written_alike(catalogue: Catalogue) -> None:
    """Places with two digits each, also in tables; no axis that says 0, 0, 1, 1 for halves."""
    raw = {"section_with_name", "subsection_with_name", "section_subsection_name", "problem_link"}
    for dashboard in catalogue.dashboards.values():
        for _, chart in catalogue.shown(dashboard):
            assert not raw & set(chart.dimensions()), f"{dashboard.dashboard}: {chart.title}"
            if isinstance(chart, Axes):
                assert chart.format != ",d", f"{dashboard.dashboard}: {chart.title}"
