"""`aspects dashboards`: what each command does, and one sentence for what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from tests.dashboards import fake_superset
from tests.dashboards.fake_superset import PASSWORD, FakeSuperset
from tests.dashboards.test_wrong import CASES, write
from tutoraspects.cli.dashboards import dashboards
from tutoraspects.dashboards import bundle
from tutoraspects.dashboards.catalogue import SHIPPED
from tutoraspects.errors import AspectsError

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in an empty folder, without any setting."""
    monkeypatch.chdir(tmp_path)
    for name in ("SUPERSET_DASHBOARD_LOCALES", "ASPECTS_ENABLE_PII", "ASPECTS_CLICKHOUSE_CLUSTER"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, **environment: str | None) -> Result:
        return CliRunner().invoke(dashboards, arguments, env=environment)

    return run


@pytest.fixture
def superset() -> Iterator[FakeSuperset]:
    with fake_superset.running() as fake:
        yield fake


def login(superset: FakeSuperset) -> dict[str, str]:
    return {
        "ASPECTS_SUPERSET_URL": superset.url,
        "ASPECTS_SUPERSET_USER": "admin",
        "ASPECTS_SUPERSET_PASSWORD": PASSWORD,
        "SUPERSET_DASHBOARD_LOCALES": "es",
        "ASPECTS_ENABLE_PII": "1",
    }


def sentence(result: Result) -> str:
    assert isinstance(result.exception, AspectsError), result.output
    text = str(result.exception)
    assert "\n" not in text
    assert PASSWORD not in text
    return text


# -- without a server ----------------------------------------------------------------------------


def test_validate(run: Run) -> None:
    assert run("validate").output == "done: 9 dashboards, 44 datasets\n"


def test_validate_tells_what_is_wrong(run: Run, tmp_path: Path) -> None:
    """The example's mart is none of dbt's: that is one problem of its dataset."""
    result = run("validate", "--specs", str(write(tmp_path)))
    assert "there is no mart 'reporting.fact_visits'" in result.output
    assert sentence(result) == "FAILED: 1 thing to mend."
    told = json.loads(run("validate", "--json", "--specs", str(tmp_path)).output)
    assert told["problems"][0]["file"] == "datasets/visits.yaml"


def test_compile(run: Run, tmp_path: Path) -> None:
    secret = {"CLICKHOUSE_REPORT_SQLALCHEMY_URI": f"clickhousedb://u:{PASSWORD}@h:8123/x"}
    result = run("compile", "--to", "made/b.zip", **secret)
    assert result.output.startswith("done: made/b.zip, ")
    content = (tmp_path / "made" / "b.zip").read_bytes()
    assert "databases/OpenedX_Clickhouse.yaml" in bundle.unpack(content)
    assert PASSWORD not in yaml.safe_dump(bundle.unpack(content))


def test_compile_stops_at_what_is_wrong(run: Run, tmp_path: Path) -> None:
    write(tmp_path, CASES["no YAML"])
    assert "this is not YAML" in sentence(run("compile", "--specs", str(tmp_path)))
    assert not (tmp_path / "dashboards.zip").exists()


def test_preview(run: Run, tmp_path: Path) -> None:
    result = run("preview", "operator-dashboard", "--locale", "fr", "--to", "p.html")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "p.html").read_text()
    assert "Requêtes ClickHouse les plus lentes" in page
    assert "Tableau de bord du cours" not in page
    assert "http" not in page  # it needs no server


def test_preview_of_nothing(run: Run) -> None:
    assert sentence(run("preview", "nothing")).startswith("There is no dashboard 'nothing'")


def test_strings_of_a_new_language(run: Run, tmp_path: Path) -> None:
    result = run("strings", "--locale", "pt-BR", "--to", str(tmp_path))
    assert result.output == "302 texts, 302 without translation, 0 gone\n"
    found = yaml.safe_load((tmp_path / "strings" / "pt_br.yaml").read_text())
    assert len(found) == 302 and set(found.values()) == {""}


def test_strings_keep_what_is_translated(run: Run, tmp_path: Path) -> None:
    (tmp_path / "strings").mkdir()
    (tmp_path / "strings" / "pt.yaml").write_text("Help: Ajuda\nGone: Foi\n")
    result = run("strings", "--locale", "pt", "--to", str(tmp_path))
    assert result.output == "302 texts, 301 without translation, 1 gone\n"
    assert yaml.safe_load((tmp_path / "strings" / "pt.yaml").read_text())["Help"] == "Ajuda"


def test_a_catalogue_that_is_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "strings").mkdir()
    (tmp_path / "strings" / "pt.yaml").write_text("- Help\n")
    assert "pt.yaml is no catalogue" in sentence(run("validate", "--specs", str(tmp_path)))


def test_a_language_that_is_none(run: Run, tmp_path: Path) -> None:
    result = run("strings", "--locale", "../pt", "--to", str(tmp_path))
    assert sentence(result).startswith("'../pt' is not a language such as es")


@pytest.mark.parametrize("command", ["compile", "preview"])
def test_a_file_that_cannot_be_written(run: Run, command: str) -> None:
    assert sentence(run(command, "--to", "/proc/x")).endswith("correct --to.")


def test_strings_check(run: Run) -> None:
    assert run("strings", "--locale", "fr", "--check").exit_code == 0
    result = run("strings", "--locale", "ko", "--check")
    assert sentence(result) == "FAILED: 'Help' and 301 more have no 'ko'."


@pytest.mark.parametrize("kind", ["dashboard", "dataset"])
def test_schema_takes_what_is_shipped(run: Run, kind: str) -> None:
    schema = json.loads(run("schema", kind).output)
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for path in (SHIPPED / f"{kind}s").glob("*.yaml"):
        assert list(validator.iter_errors(yaml.safe_load(path.read_text()))) == []
    assert list(validator.iter_errors({kind: "x", "colour": "red"}))


# -- with a server -------------------------------------------------------------------------------


def test_import_gives_roles_and_can_be_repeated(run: Run, superset: FakeSuperset) -> None:
    first = run("import", **login(superset))
    assert first.exit_code == 0, first.exception
    assert "course-dashboard: 17 charts, for Admin" in first.output
    assert "course-dashboard-es: 17 charts, for Instructor - es" in first.output
    assert first.output.endswith("done\n")
    assert {form["sparse"] for form in superset.forms} == {"true"}
    assert len(superset.forms) > 1  # a hundred objects at a time
    roles, requests = dict(superset.roles), len(superset.forms)
    superset.roles.clear()
    again = run("import", **login(superset))
    assert again.output.startswith("Superset has all ")
    assert len(superset.forms) == requests
    assert superset.roles == roles  # somebody had taken them away


@pytest.mark.parametrize("command", ["import", "diff", "export"])
def test_an_installation_of_which_nothing_is_known(
    run: Run, superset: FakeSuperset, command: str
) -> None:
    """Without job.env charts with personal data would go, and queries of servers ask one only."""
    bare = {**login(superset), "ASPECTS_ENABLE_PII": None}
    told = sentence(run(command, **bare))
    assert "ASPECTS_ENV_FILE" in told and not superset.forms


def test_variables_come_from_a_file_and_those_that_are_set_stay(
    run: Run, superset: FakeSuperset, tmp_path: Path
) -> None:
    file = tmp_path / "job.env"
    file.write_text(
        "# a comment=1\nASPECTS_SUPERSET_URL=http://superset.invalid:8088\nASPECTS_ENABLE_PII=1\n"
        "ASPECTS_SUPERSET_USER=admin\nASPECTS_DATA_TTL_EXPRESSION=toDateTime(emission_time) + 1\n"
    )
    mine = {"ASPECTS_SUPERSET_URL": superset.url, "ASPECTS_SUPERSET_PASSWORD": PASSWORD}
    by_option = run("--env-file", str(file), "import", **mine)
    assert by_option.exit_code == 0, by_option.exception
    assert "individual-learner: 15 charts" in by_option.output
    told = run("diff", ASPECTS_ENV_FILE=str(file), **mine)
    assert told.output == "no difference\n"
    assert "missing.env" in sentence(run("--env-file", "missing.env", "diff", **mine))


def test_import_of_what_differs_alone(run: Run, superset: FakeSuperset) -> None:
    run("import", **login(superset))
    path = next(path for path in superset.assets if "Learners_447a194b" in path)
    superset.assets[path]["slice_name"] = "Somebody else's"
    result = run("import", **login(superset))
    assert result.output.startswith("1 of 268 objects are new or differ\n")
    assert list(bundle.unpack(superset.bundle)) == [path]


def test_import_tells_of_charts_that_are_left_over(run: Run, superset: FakeSuperset) -> None:
    run("import", **login(superset))
    ours = next(one for one in superset.of("charts"))["uuid"]
    chart = {"slice_name": "Old", "datasource_id": 3, "dashboards": []}
    superset.charts = [
        {**chart, "uuid": "11111111-0000-0000-0000-000000000000"},
        {**chart, "uuid": "22222222-0000-0000-0000-000000000000", "datasource_id": 30_000},
        {**chart, "uuid": "33333333-0000-0000-0000-000000000000", "dashboards": [{"id": 1}]},
        {**chart, "uuid": ours},
    ]
    told = [
        line
        for line in run("import", **login(superset)).output.splitlines()
        if line.startswith("left over: ")
    ]
    assert len(told) == 1 and "'Old' (11111111-" in told[0]


def test_import_hands_passwords_over_beside_the_bundle(run: Run, superset: FakeSuperset) -> None:
    uri = "clickhousedb://report:from-a-secret@clickhouse:8123/xapi"
    more = {"CLICKHOUSE_REPORT_SQLALCHEMY_URI": uri}
    more["ASPECTS_CLICKHOUSE_HEALTH_SQLALCHEMY_URI"] = uri.replace("from-a", "also-from-a")
    assert run("import", **login(superset), **more).exit_code == 0
    told = json.loads(superset.forms[0]["passwords"])
    assert told == {
        "databases/OpenedX_Clickhouse.yaml": "from-a-secret",
        "databases/ClickHouse_Servers.yaml": "also-from-a-secret",
    }
    assert {form["passwords"] for form in superset.forms[1:]} == {"{}"}
    assert "from-a-secret" not in json.dumps(superset.assets)


def test_import_dry_run(run: Run, superset: FakeSuperset) -> None:
    superset.assets = {"charts/x.yaml": {"uuid": "0", "slice_name": "x"}}
    result = run("import", "--dry-run", **login(superset))
    assert result.exit_code == 0
    assert result.output.count("\n+ dashboard ") + result.output.startswith("+ dashboard ") == 18
    assert superset.bundle == b""


def test_an_import_that_superset_refuses_fails(run: Run, superset: FakeSuperset) -> None:
    superset.refusal = {
        "errors": [
            {
                "message": "Error importing assets",
                "extra": {
                    "databases/x.yaml": {"password": ["Must provide a password"]},
                    "issue_codes": [{"code": 1010}],
                },
            }
        ]
    }
    told = sentence(run("import", **login(superset)))
    assert "would not import the dashboards (HTTP 422): Error importing assets" in told
    assert "Must provide a password" in told and "1010" not in told


def test_an_import_that_lost_a_chart_fails(run: Run, superset: FakeSuperset) -> None:
    superset.forgets = {"00de2f72-b3ed-4994-b231-fd3cf29d758d"}
    told = sentence(run("import", **login(superset)))
    assert told.startswith("Superset has only 16 of the 17 charts of the dashboard")


def test_an_import_without_the_role_fails(run: Run, superset: FakeSuperset) -> None:
    superset.without_roles = {"Operator - es"}
    told = sentence(run("import", **login(superset)))
    assert told.startswith("Superset has no role 'Operator - es' for the dashboard")


def test_roles_of_other_names(run: Run, superset: FakeSuperset) -> None:
    names = {"ASPECTS_SUPERSET_ROLES": "instructor=Teacher,operator=Ops"}
    told = sentence(run("import", **login(superset), **names))
    assert told.startswith("Superset has no role 'Teacher - es'")


def test_import_gives_owners(run: Run, superset: FakeSuperset) -> None:
    owners = {"SUPERSET_OWNERS": "dean, nobody"}
    run("import", **login(superset))
    assert superset.owners == {}
    told = run("import", **login(superset), **owners)
    assert told.exit_code == 0, told.exception
    assert "owner nobody: not in Superset until the first login" in told.output
    assert list(superset.owners.values()) == [[7]] * len(superset.dashboards())
    roles = dict(superset.roles)
    superset.roles.clear()
    superset.owners = {key: [9] for key in superset.owners}  # somebody gave it to another
    run("import", **login(superset), **owners)
    assert list(superset.owners.values()) == [[7]] * len(superset.dashboards())
    assert superset.roles == roles


def test_diff_after_an_import_is_empty(run: Run, superset: FakeSuperset) -> None:
    run("import", **login(superset))
    result = run("diff", **login(superset))
    assert (result.exit_code, result.output) == (0, "no difference\n")


def test_diff_tells_and_exits_with_1(run: Run, superset: FakeSuperset) -> None:
    run("import", **login(superset))
    path = next(path for path in superset.assets if "Learners_447a194b" in path)
    superset.assets[path]["slice_name"] = "Somebody else's"
    result = run("diff", **login(superset))
    assert result.exit_code == 1
    assert "~ chart Learners (447a194b-dbed-4a82-a899-2df8e01e84b1): slice_name" in result.output
    told = json.loads(run("diff", "--json", **login(superset)).output)
    assert [one["path"] for one in told["differences"]] == ["slice_name"]


def test_export_as_specifications(run: Run, superset: FakeSuperset, tmp_path: Path) -> None:
    run("import", **login(superset))
    path = next(path for path in superset.assets if "Learners_447a194b" in path)
    superset.assets[path]["params"]["row_limit"] = 77
    result = run("export", "--to", "mine", **login(superset))
    assert result.output == "done: mine, 1 dashboards, 0 datasets\n"  # the package's others stay
    # What was exported compiles, with the change.
    assert run("validate", "--specs", "mine").exit_code == 0
    result = run("diff", "--specs", "mine", **login(superset) | {"SUPERSET_DASHBOARD_LOCALES": ""})
    assert (result.exit_code, result.output) == (0, "no difference\n")
    result = run("export", "--specs", "mine", "--to", "none", **login(superset))
    assert result.output == "done: none, 0 dashboards, 0 datasets\n"
    path = next(path for path in superset.assets if "Page_Engagement_per_Section_834ec7c4" in path)
    superset.assets[path]["params"]["include_search"] = True  # of which its file says nothing
    result = run("export", "--specs", "mine", "--to", "one", **login(superset))
    assert result.output == "done: one, 1 dashboards, 0 datasets\n"
    result = run("export", "--all", "--to", "all", **login(superset))
    assert result.output == "done: all, 9 dashboards, 44 datasets\n"


def test_export_as_a_bundle(run: Run, superset: FakeSuperset, tmp_path: Path) -> None:
    run("import", **login(superset))
    assert run("export", "--to", "all.zip", **login(superset)).exit_code == 0
    assert bundle.unpack((tmp_path / "all.zip").read_bytes()) == superset.assets


def test_nobody_to_log_in_as(run: Run) -> None:
    empty = {"ASPECTS_SUPERSET_USER": "", "ASPECTS_SUPERSET_PASSWORD": ""}
    empty["ASPECTS_ENABLE_PII"] = "1"
    assert sentence(run("import", **empty)).startswith("Nobody to log in to Superset as")


def test_a_wrong_password(run: Run, superset: FakeSuperset) -> None:
    wrong = login(superset) | {"ASPECTS_SUPERSET_PASSWORD": "wrong"}
    assert "does not know the user 'admin' or the password" in sentence(run("import", **wrong))


def test_a_password_from_a_file(run: Run, superset: FakeSuperset, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(PASSWORD + "\n")
    environment = login(superset) | {
        "ASPECTS_SUPERSET_PASSWORD": "",
        "ASPECTS_SUPERSET_PASSWORD_FILE": str(tmp_path / "secret"),
    }
    assert run("import", **environment).exit_code == 0


def test_nobody_answers(run: Run, superset: FakeSuperset) -> None:
    nowhere = login(superset) | {"ASPECTS_SUPERSET_URL": "http://127.0.0.1:1"}
    told = sentence(run("diff", **nowhere))
    assert told.startswith("Superset at http://127.0.0.1:1 does not answer")
