"""Wrong specifications: each gives one sentence with file, line and place."""
# ruff: noqa: E501

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tutoraspects.dashboards.check import examine, load
from tutoraspects.errors import AspectsError

DATASET = """\
dataset: visits
description: One row for each visit.
audience: teacher
mart: reporting.fact_visits
time: day
row_filter: course_key
columns:
  org: {label: Organization}
  course_key: {label: Course}
  actor_id: {label: Learner}
  username: {label: Username, personal: true}
  day: {type: time, label: Day}
metrics:
  learners: {sql: uniqExact(actor_id), label: Learners}
  visits: {sql: count(), label: Visits}
"""
OPERATORS = """\
dataset: queries
description: One row for each query.
audience: operator
database: servers
sql: SELECT query FROM everywhere(system.query_log)
columns:
  query: {label: Query}
metrics:
  queries: {sql: count(), label: Queries}
"""
DASHBOARD = """\
dashboard: visits-dashboard
title: Visits
description: Who came and when.
roles: [instructor]
filters:
  - {name: Organization, type: select, dataset: visits, column: org}
  - {name: Course, type: select, dataset: visits, column: course_key, parents: [Organization]}
tabs:
  - tab: All
    rows:
      - - chart: over-time
          title: Visits over Time
          means: Visits on each day.
          type: line
          dataset: visits
          x: day
          grain: P1D
          metrics: [visits]
          filters: [{column: org, op: "!=", value: ""}]
        - chart: by-course
          title: By Course
          means: Learners of each course.
          type: table
          dataset: visits
          by: [course_key]
          metrics: [learners]
          sort: {by: learners, descending: true}
"""
MARTS = {"reporting.fact_visits": ["org", "course_key", "actor_id", "username", "day"]}


class Case(NamedTuple):
    file: str
    old: str
    new: str
    sentence: str


ID = "447a194b-dbed-4a82-a899-2df8e01e84b1"
D, V, Q = "dashboards/visits-dashboard.yaml", "datasets/visits.yaml", "datasets/queries.yaml"
CASES = {
    "unknown key": Case(D, "means: Visits", "meens: Visits", "unknown key 'meens'; did you mean 'means'"),
    "unknown metric": Case(
        D, "metrics: [visits]", "metrics: [visit]", "has no metric 'visit'; did you mean 'visits'?"
    ),
    "unknown column": Case(
        D, "by: [course_key]", "by: [course_keys]", "no column 'course_keys'; did you mean 'course_key'"
    ),
    "unknown dataset": Case(
        D, "dataset: visits\n          x", "dataset: vists\n          x", "no dataset 'vists'; did you mean 'visits'"
    ),
    "unknown chart type": Case(D, "type: line", "type: lines", "there is no type 'lines'; did you mean 'line'"),
    "chart without a type": Case(D, "          type: line\n", "", "the key 'type' is missing"),
    "filter on an unknown column": Case(D, "{column: org, op", "{column: orgs, op", "no column 'orgs'"),
    "unknown operator": Case(D, 'op: "!="', 'op: "<>"', "'<>' is not one of"),
    "operator with the wrong value": Case(D, 'value: ""', "value: [a]", "`in` and `not in` take a list"),
    "sort by an unknown metric": Case(D, "{by: learners, d", "{by: lerners, d", "no metric 'lerners'"),
    "time axis without grain": Case(D, "          grain: P1D\n", "", "'day' is time, so the chart needs `grain`"),
    "grain on text": Case(D, "x: day", "x: org", "'org' is not time, so the chart has no `grain`"),
    "unknown grain": Case(D, "grain: P1D", "grain: daily", "'daily' is not one of PT1H"),
    "two charts of one name": Case(D, "chart: by-course", "chart: over-time", "there are two charts 'over-time'"),
    "row too wide": Case(
        D, "title: By Course", "width: 13\n          title: By Course", "'13': input should be less"
    ),
    "row overfull": Case(
        D, "title: By Course", "width: 12\n          title: By Course", "a row has 12 columns, and these charts need 13"
    ),
    "two sentences": Case(
        D, "means: Visits on each day.", "means: Visits on each day. Also others.", "this looks like several"
    ),
    "no full stop": Case(D, "Visits on each day.", "Visits on each day", "ends with a full stop"),
    "unknown role": Case(D, "[instructor]", "[instructors]", "'instructors' is not one of instructor"),
    "no roles": Case(D, "roles: [instructor]", "roles: []", "at least 1 item"),
    "parent that stands behind": Case(D, "[Organization]}", "[Run]}", "no filter 'Run' stands before this one"),
    "filter on an unknown tab": Case(
        D, "column: org}\n", "column: org, tabs: [Every]}\n", "there is no top tab 'Every'; there is All"
    ),
    "wrong uuid": Case(D, "title: Visits\n", "uuid: 123\ntitle: Visits\n", "this must be a text, not '123'"),
    "slug with a space": Case(D, "visits-dashboard", "visits dashboard", "'visits dashboard' does not look like"),
    "empty tab": Case(
        D, DASHBOARD[DASHBOARD.index("    rows:") :], "    rows: []\n", "a tab has `rows` or `tabs`"
    ),
    "personal column unmarked": Case(
        D, "by: [course_key]", "by: [username]", "'username' tells who a learner is"
    ),
    "operators' rows for instructors": Case(
        D,
        "dataset: visits\n          by: [course_key]\n          metrics: [learners]\n          sort: {by: learners",
        "dataset: queries\n          by: [query]\n          metrics: [queries]\n          sort: {by: queries",
        "instructors must not meet 'queries'",
    ),
    "color of a metric that is not shown": Case(
        D, "sort: {by: learners, descending: true}",
        "colors: [{metric: visits, color: good, op: \">\", than: 1}]", "the table shows no metric 'visits'",
    ),
    "link to nowhere": Case(
        D, "sort: {by: learners, descending: true}",
        "links: [{label: More, text: Open, dashboard: visit-dashboard, set: {}}]",
        "no dashboard 'visit-dashboard'; did you mean 'visits-dashboard'",
    ),
    "unknown chart of another dashboard": Case(
        D, "    rows:\n", "    rows:\n      - - use: visits-dashboard/by-run\n", "there is no chart 'visits-dashboard/by-run'"
    ),
    "no YAML": Case(D, "roles: [instructor]", "roles: [instructor", "this is not YAML"),
    "a list": Case(D, DASHBOARD, "- a\n- b\n", "a specification is a mapping"),
    "key twice": Case(D, "title: Visits\n", "title: Visits\ntitle: Others\n", "the key 'title' stands twice"),
    "dataset without org": Case(V, "  org: {label: Organization}\n", "", "needs the column 'org'"),
    "dataset without row filter": Case(V, "row_filter: course_key\n", "", "needs `row_filter`"),
    "two sources": Case(V, "mart: ", "sql: SELECT 1\nmart: ", "exactly one of `mart`, `sql` and `extends`"),
    "unknown mart": Case(V, "fact_visits", "fact_visit", "no mart 'reporting.fact_visit'; did you mean"),
    "column that the mart has not": Case(
        V, "  actor_id: {label: Learner}", "  learner_id: {label: Learner}", "fact_visits has no column 'learner_id'"
    ),
    "unknown time": Case(V, "time: day", "time: days", "there is no column 'days'; did you mean 'day'"),
    "time that is text": Case(V, "time: day", "time: org", "the column 'org' has not the type time"),
    "open bracket": Case(V, "sql: count()", "sql: count(", "a bracket is open or closed too often"),
    "servers asked as reports": Case(Q, "database: servers\n", "", "add `database: servers`"),
    "servers for teachers": Case(
        Q, "audience: operator", "audience: teacher", "`database: servers` is for `audience: operator`"
    ),
    "one node only": Case(Q, "everywhere(system.query_log)", "system.query_log", "tells of one node only"),
    "values without sql": Case(
        V, "org: {label: Organization}", "org: {label: Organization, values: {a: A}}", "`values` needs `sql`"
    ),
    "column of two sources": Case(
        V, "org: {label: Organization}", "org: {sql: course_key, padded: course_key}", "one of `of`, `sql` and `padded`"
    ),
    "padded column that is none": Case(
        V, "org: {label: Organization}", "org: {padded: course}", "`padded` of org names no column of rows: 'course'"
    ),
    "wrong type of column": Case(V, "type: time", "type: datetime", "'datetime' is not one of text, number, time"),
    "value that is a mapping": Case(
        D, 'value: ""', "value: {a: 1}", "must be a text or a whole number or a number or true or false or a list"
    ),
    "metric twice": Case(D, "metrics: [visits]", "metrics: [visits, visits]", "metrics: 'visits' stands twice"),
    "no query": Case(Q, "SELECT query FROM", "DROP TABLE", "a query begins with SELECT or WITH"),
    "two tabs of one name": Case(
        D, "tabs:\n", "tabs:\n  - tab: All\n    rows:\n      - - {text: Hello}\n", "tabs[1].tab: there are two tabs 'All'"
    ),
    "two filters of one id": Case(
        D, "name: Organization, type: select, dataset: visits, column: org}",
        "name: Organization, id: NATIVE_FILTER-a, type: select, dataset: visits, column: org}\n"
        "  - {name: Time, id: NATIVE_FILTER-a, type: time}",
        "filters[1].id: this is the id of the filter 'Organization', too",
    ),
    "two charts of one id": Case(
        D, DASHBOARD, DASHBOARD.replace("          title: ", f"          uuid: {ID}\n          title: "),
        "rows[0][1].uuid: this is the id of the chart 'visits-dashboard/over-time', too",
    ),
}  # fmt: skip


def write(folder: Path, case: Case | None = None) -> Path:
    for file, text in ((V, DATASET), (Q, OPERATORS), (D, DASHBOARD)):
        if case and case.file == file:
            assert case.old in text
            text = text.replace(case.old, case.new, 1)
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
    return folder


def test_the_examples_are_right(tmp_path: Path) -> None:
    assert examine((write(tmp_path),), MARTS)[1] == []


def test_there_are_thirty() -> None:
    assert len(CASES) >= 30


@pytest.mark.parametrize("name", CASES)
def test_one_clear_sentence(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    _, problems = examine((write(tmp_path, case),), MARTS)
    told = [str(problem) for problem in problems]
    assert len(told) == 1, told
    assert case.sentence in told[0]
    assert re.match(rf"{re.escape(case.file)}(:\d+)?: ", told[0])
    assert "\n" not in told[0]


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    case = CASES["unknown metric"]
    [problem] = examine((write(tmp_path, case),), MARTS)[1]
    assert problem.path == "tabs[0].rows[0][0].metrics"
    line = (tmp_path / D).read_text().splitlines()[problem.line - 1]
    assert line.strip() == "metrics: [visit]"


def test_loading_tells_the_first_and_how_many_more(tmp_path: Path) -> None:
    write(tmp_path, CASES["open bracket"])
    text = (tmp_path / D).read_text()
    (tmp_path / D).write_text(text)
    (tmp_path / V).write_text((tmp_path / V).read_text().replace("time: day", "time: org"))
    with pytest.raises(AspectsError, match=r"^datasets/visits.yaml:.*1 more"):
        load((tmp_path,), None)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AspectsError, match="no folder"):
        load((tmp_path / "nowhere",))


def test_two_files_of_one_name(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "datasets" / "zz.yaml").write_text(DATASET)
    [problem] = examine((tmp_path,), MARTS)[1]
    assert "datasets/visits.yaml has a dataset 'visits' already" in str(problem)


def test_a_copied_dashboard_keeps_no_id(tmp_path: Path) -> None:
    """Superset would have one of the two."""
    write(tmp_path, Case(D, "title: Visits\n", f"uuid: {ID}\ntitle: Visits\n", ""))
    copied = (tmp_path / D).read_text().replace("visits-dashboard", "visits-too")
    (tmp_path / "dashboards" / "zz.yaml").write_text(copied)
    [problem] = examine((tmp_path,), MARTS)[1]
    told = "zz.yaml:2: uuid: this is the id of the dashboard 'visits-dashboard', too"
    assert told in str(problem)


def test_a_later_folder_replaces(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    write(first)
    (second / "datasets").mkdir(parents=True)
    text = DATASET.replace("One row for each visit.", "One row for every visit.")
    (second / "datasets" / "visits.yaml").write_text(text)
    catalogue, problems = examine((first, second), MARTS)
    assert not problems
    assert catalogue.datasets["visits"].description == "One row for every visit."
