"""The dbt project says what it holds, and keeps to the rules that need no server to be seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.dbt_project import DBT, Model, code_of, entries, models, sql_files

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "marts.md"
DDL = DBT / "macros" / "ddl.sql"
MATERIALIZATIONS = {
    "mart_view",
    "sharded_stream",
    "latest_state",
    "mergeable_state",
    "refreshable_dimension",
}
# Models of aspects-dbt v8.0 and v8.1.
UPSTREAM = [
    "xapi_events_all_parsed",
    "enrollment_events",
    "grading_events",
    "navigation_events",
    "problem_events",
    "video_playback_events",
    "fact_instance_actors",
    "fact_instance_events",
    "fact_instance_courses",
    "dim_most_recent_course_blocks",
    "dim_most_recent_tags",
    "dim_most_recent_taxonomies",
    "dim_most_recent_object_tags",
    "dim_course_names",
    "user_pii",
    "dim_course_block_names",
    "dim_course_blocks",
    "dim_course_subsection_items",
    "dim_most_recent_course_tags",
    "dim_user_pii",
    "dim_most_recent_enrollment",
    "dim_learner_most_recent_course_grade",
    "dim_learner_most_recent_course_state",
    "dim_learner_last_course_visit",
    "dim_student_status",
    "fact_enrollments",
    "fact_instance_enrollments",
    "dim_learner_last_response",
    "dim_problem_coursewide_avg",
    "dim_problem_responses",
    "dim_problem_results",
    "dim_subsection_problem_results",
    "fact_problem_engagement",
    "fact_navigation_completion",
    "fact_pageview_engagement",
    "fact_video_segments",
    "fact_video_engagement",
    "fact_video_watch_intervals",
    "fact_video_watches",
    "fact_learner_page_visits",
    "fact_learner_problem_attempts",
]

every_model = pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
every_sql = pytest.mark.parametrize(
    "path", sql_files(), ids=lambda path: str(path.relative_to(DBT))
)


@every_model
def test_a_model_and_each_of_its_columns_are_described_and_typed(model: Model) -> None:
    assert model.description, f"{model.name}: no description in the YAML of {model.folder}"
    assert model.columns, f"{model.name}: no columns in the YAML of {model.folder}"
    for column in model.columns:
        assert column.type, f"{model.name}.{column.name}: no data_type"
        assert column.description, f"{model.name}.{column.name}: no description"
    names = [column.name for column in model.columns]
    assert len(names) == len(set(names))


def test_the_yaml_describes_no_model_that_is_not_there() -> None:
    described = [entry["name"] for entry in entries("models")]
    assert sorted(described) == sorted(model.name for model in models())


@every_model
def test_a_description_says_what_one_row_is(model: Model) -> None:
    assert re.match(r"(One row per|Rows per) ", model.description), model.description
    for column in model.columns:
        assert not column.description.endswith("."), f"{model.name}.{column.name}"


@every_model
def test_a_table_has_the_columns_that_its_contract_promises(model: Model) -> None:
    """dbt compares a view with its contract when it makes it; a table's columns stand twice."""
    if model.declared:
        assert model.declared == [(column.name, column.type) for column in model.columns]
    else:
        assert model.materialized == "mart_view"


@every_model
def test_a_model_is_made_in_one_of_five_ways(model: Model) -> None:
    assert model.materialized in MATERIALIZATIONS


def test_every_contract_is_enforced() -> None:
    project = yaml.safe_load((DBT / "dbt_project.yml").read_text("utf8"))
    assert project["models"]["aspects"]["+contract"] == {"enforced": True}
    for path in [*DBT.rglob("*.yml"), *sql_files()]:
        assert not re.search(r"enforced['\"]?\s*[:=]\s*false", path.read_text("utf8"), re.I), path


@pytest.mark.parametrize(
    "model",
    [one for one in models() if "marts" in one.path.parts and one.folder != "instance"],
    ids=lambda model: model.name,
)
def test_a_mart_that_a_teacher_can_see_has_organization_and_course(model: Model) -> None:
    """Rows are filtered by these two columns."""
    assert {"org", "course_key"} <= {column.name for column in model.columns}


@every_sql
def test_clusters_and_engines_are_written_in_one_file(path: Path) -> None:
    if path != DDL:
        found = re.search(r"\bON CLUSTER\b|\bReplicated|\bDistributed\(", code_of(path))
        assert not found, f"{path.name}: {found[0]} belongs to macros/ddl.sql"


@every_sql
def test_no_database_name_is_written_out(path: Path) -> None:
    found = re.search(
        r"(?<![\w{'])[`\"]?(xapi|reporting|event_sink|openedx)[`\"]?\.", code_of(path)
    )
    assert not found, f"{path.name}: {found[0]}: use ref(), source() or the model's schema"


@pytest.mark.parametrize(
    "path", [*sql_files(), *sorted(DBT.rglob("*.yml"))], ids=lambda path: path.name
)
def test_no_file_speaks_of_passwords(path: Path) -> None:
    text = re.sub(r"#[^\n]*", "", path.read_text("utf8"))
    if path.name == "profiles.yml":
        setting = """password: "{{ env_var('DBT_ENV_SECRET_CLICKHOUSE_PASSWORD', '') }}\""""
        assert setting in text
        text = text.replace(setting, "")
    assert not re.search(r"password|passwd|secret|identified\s+(by|with)", text, re.I), path


def test_nothing_is_fetched_when_dbt_runs() -> None:
    for name in ("packages.yml", "dependencies.yml", "package-lock.yml"):
        assert not (DBT / name).exists(), f"dbt/{name}: the job may have no way to the internet"


def test_every_variable_that_dbt_reads_is_in_the_reference() -> None:
    page = (PAGE.parent / "environment.md").read_text("utf8")
    for path in [*sql_files(), *DBT.rglob("*.yml")]:
        for name in re.findall(r"env_var\('([A-Z_]+)'", path.read_text("utf8")):
            if not name.startswith("DBT_ENV_SECRET"):
                assert f"`{name}`" in page, f"{path.name}: {name}"


def test_every_macro_is_described() -> None:
    written: list[str] = []
    for path in sql_files():
        text = code_of(path)
        written += re.findall(r"\{%-?\s*macro (\w+)\(", text)
        written += [f"test_{name}" for name in re.findall(r"\{%-?\s*test (\w+)\(", text)]
        written += [
            f"materialization_{name}_{adapter}"
            for name, adapter in re.findall(r"materialization (\w+), adapter='(\w+)'", text)
        ]
    described = {entry["name"]: entry.get("description") for entry in entries("macros")}
    assert sorted(written) == sorted(described)
    assert not [name for name, text in described.items() if not text]


def test_arguments_of_macros_are_described() -> None:
    described = {
        entry["name"]: [one["name"] for one in entry.get("arguments", [])]
        for entry in entries("macros")
    }
    for path in sql_files():
        for name, arguments in re.findall(r"\{%-?\s*macro (\w+)\(([^)]*)\)", code_of(path)):
            names = [one.split("=")[0].strip() for one in arguments.split(",") if one.strip()]
            assert names == described[name], f"{path.name}: {name}"


def test_sources_are_described() -> None:
    for source in entries("sources"):
        for table in source["tables"]:
            assert table["description"], table["name"]
            for column in table["columns"]:
                assert column["description"] and column["data_type"], table["name"]


def test_unit_tests_are_described_and_name_models() -> None:
    names = {model.name for model in models()}
    cases = list(entries("unit_tests"))
    assert len(cases) >= 25
    for case in cases:
        assert case["model"] in names, case["name"]
        assert case["description"].endswith("."), case["name"]
        assert "config" not in case, f"{case['name']} may be switched off"


@every_model
def test_a_data_test_that_groups_reads_a_sample(model: Model) -> None:
    """A mart of learners or of statements may have a billion rows."""
    if model.folder in ("staging", "courses", "intermediate"):
        return
    for one in model.described.get("data_tests", []):
        where = one["unique_combination"].get("config", {}).get("where")
        assert where in ("one_course", "recent"), model.name


@every_model
def test_the_reference_names_the_model(model: Model) -> None:
    assert f"`{model.name}`" in PAGE.read_text("utf8") or f"`{model.full_name}`" in PAGE.read_text(
        "utf8"
    )


@pytest.mark.parametrize("name", UPSTREAM)
def test_the_reference_says_what_became_of_a_model_of_upstream(name: str) -> None:
    mapping = PAGE.read_text("utf8").split("\n## ", 2)[1]
    assert re.search(rf"^\| `{name}` \|", mapping, re.M), f"no line for {name} in the mapping"
