"""The plugin under the real `tutor` command."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tutor import env as tutor_env

from tests.helpers import TutorProject, project, sentences
from tutoraspects.cli import do
from tutoraspects.settings import CATALOGUE


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> TutorProject:
    """A project with the plugin's defaults, rendered; tests leave it as it is."""
    made = project(tmp_path_factory.mktemp("saved"))
    made.save()
    return made


def test_a_fresh_project_gets_secrets_that_stay(tmp_path: Path) -> None:
    fresh = TutorProject(tmp_path)
    fresh.write({"PLUGINS": ["aspects"]})
    fresh.save()
    first = fresh.config
    generated = {
        name: first[name]
        for name, setting in CATALOGUE.items()
        if setting.kind == "unique" and setting.type == "secret" and setting.default
    }
    assert len(set(generated.values())) == len(generated) >= 15
    for account in ("ADMIN", "LMS"):
        assert generated[f"RALPH_{account}_HASHED_PASSWORD"].startswith("$2a$12$")
    fresh.save("--set", "ASPECTS_EVENTS_PER_DAY=20000")
    assert fresh.config == {**first, "ASPECTS_EVENTS_PER_DAY": 20000}


def test_enabling_and_disabling(tmp_path: Path) -> None:
    fresh = TutorProject(tmp_path)
    fresh.write({"PLUGINS": []})
    fresh.save()
    before = fresh.snapshot()
    fresh.run("plugins", "enable", "aspects")
    assert (fresh.env / "plugins/aspects").is_dir()
    assert fresh.snapshot() != before
    fresh.run("plugins", "disable", "aspects")
    after = fresh.snapshot()
    assert {path: after.get(path) for path in before} == before


def test_the_plugin_can_be_enabled_twice_in_one_process(tmp_path: Path) -> None:
    code = f"""
from tutor import hooks, plugins
import tutor.commands.cli  # as the command line does: its own hooks belong to no plugin
hooks.Actions.CORE_READY.do()
counts = []
for _ in range(2):
    plugins.load("aspects")
    counts.append(len(list(hooks.Filters.CONFIG_DEFAULTS.iterate())))
    hooks.Actions.PLUGIN_UNLOADED.do("aspects", {str(tmp_path)!r}, {{}})
    counts.append(len(list(hooks.Filters.CONFIG_DEFAULTS.iterate())))
assert counts[0] == counts[2] > counts[1] == counts[3], counts
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class TestRefusal:
    @pytest.mark.parametrize(
        ("wrong", "expected"),
        [
            (["ASPECTS_EVENTS_PER_DAYS=5"], "did you mean ASPECTS_EVENTS_PER_DAY"),
            (["ASPECTS_EVENTS_PER_DAY=many"], "must be a whole number"),
            (["ASPECTS_CLICKHOUSE_SHARDS=0"], "must be auto or a whole number from 1"),
            (
                ["ASPECTS_CLICKHOUSE_REPLICAS=2", "ASPECTS_KEEPER_REPLICAS=0"],
                "cannot work without Keeper",
            ),
            (["RUN_CLICKHOUSE=false"], "CLICKHOUSE_HOST still names"),
        ],
    )
    def test_leaves_the_environment_and_can_be_repaired(
        self, tmp_path: Path, saved: TutorProject, wrong: list[str], expected: str
    ) -> None:
        made = TutorProject(tmp_path)
        made.write(saved.config)
        made.save()
        before = made.snapshot()
        sets = [part for item in wrong for part in ("--set", item)]
        refused = made.save(*sets, check=False)
        said = sentences(refused)
        assert refused.returncode == 1
        assert said.startswith("Error: ") and expected in said
        assert "Traceback" not in said and len(said.splitlines()) == 1
        assert made.snapshot() == before
        unsets = [part for item in wrong for part in ("--unset", item.split("=")[0])]
        made.save(*unsets)
        assert made.snapshot() == before

    def test_holds_for_every_command_that_needs_the_configuration(
        self, tmp_path: Path, saved: TutorProject
    ) -> None:
        made = TutorProject(tmp_path)
        made.write({**saved.config, "ASPECTS_EVENTS_PER_DAY": "many"})
        for command in (["config", "printvalue", "LMS_HOST"], ["aspects", "plan"]):
            refused = made.run(*command, check=False)
            assert refused.returncode == 1
            assert "ASPECTS_EVENTS_PER_DAY is 'many'" in sentences(refused)

    def test_enabling_upon_a_wrong_value_is_refused(self, tmp_path: Path) -> None:
        made = TutorProject(tmp_path)
        made.write({"PLUGINS": [], "ASPECTS_CLICKHOUSE_SHARDS": 0})
        refused = made.run("plugins", "enable", "aspects", check=False)
        assert refused.returncode == 1
        assert "ASPECTS_CLICKHOUSE_SHARDS is 0" in sentences(refused)
        assert not made.env.exists()

    def test_names_of_other_plugins_pass(self, tmp_path: Path, saved: TutorProject) -> None:
        made = TutorProject(tmp_path)
        made.write({**saved.config, "PLUGINS": ["aspects", "other"], "ASPECTS_EXTRA": 2})
        (tmp_path / "plugins").mkdir()
        (tmp_path / "plugins/other.py").write_text(
            "from tutor import hooks\n"
            "hooks.Filters.CONFIG_DEFAULTS.add_item(('ASPECTS_EXTRA', 1))\n"
        )
        made.save()


def fabricate_upstream(folder: Path) -> dict[str, str]:
    """The traces that upstream's distribution leaves; the environment in which it is seen."""
    info = folder / "tutor_contrib_aspects-6.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: tutor-contrib-aspects\nVersion: 6.1.0\n"
    )
    (info / "entry_points.txt").write_text("[tutor.plugin.v1]\naspects = tutoraspects.plugin\n")
    return python_path(folder)


def python_path(folder: Path) -> dict[str, str]:
    """The environment in which a folder comes first on Python's path."""
    there = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": f"{folder}{os.pathsep}{there}" if there else str(folder)}


class TestUpstreamBesideUs:
    def test_is_refused_with_the_fixing_command(self, tmp_path: Path, saved: TutorProject) -> None:
        made = TutorProject(tmp_path / "project")
        made.write(saved.config)
        made.save()
        before = made.snapshot()
        upstream = fabricate_upstream(tmp_path / "upstream")
        for command in (["config", "save"], ["plugins", "enable", "aspects"]):
            refused = made.run(*command, check=False, environment=upstream)
            said = sentences(refused)
            assert refused.returncode == 1
            assert len(said.splitlines()) == 1 and said.startswith("Error: ")
            assert "`pip uninstall --yes tutor-contrib-aspects`" in said
            assert "`pip install --force-reinstall --no-deps tutor-contrib-aspects-cluster`" in said
            assert made.snapshot() == before

    def test_is_refused_when_it_has_overwritten_our_files(
        self, tmp_path: Path, saved: TutorProject
    ) -> None:
        """Upstream installed last: its plugin.py and empty __init__.py stand where ours did."""
        upstream = fabricate_upstream(tmp_path / "upstream")
        package = tmp_path / "upstream/tutoraspects"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "plugin.py").write_text(
            "from tutor import hooks\nhooks.Filters.CONFIG_DEFAULTS.add_item(('X', '1'))\n"
        )
        for ours in ("entrypoint.py", "refusal.py"):
            source = Path(__file__).parent.parent / "tutoraspects" / ours
            (package / ours).write_bytes(source.read_bytes())
        made = TutorProject(tmp_path / "project")
        made.write(saved.config)
        refused = made.save(check=False, environment=upstream)
        assert refused.returncode == 1
        assert "`pip uninstall --yes tutor-contrib-aspects`" in sentences(refused)
        assert not made.env.exists()

    def test_a_similar_name_is_no_reason(self, tmp_path: Path, saved: TutorProject) -> None:
        info = tmp_path / "other/tutor_contrib_aspects_unidigital-0.5.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: tutor-contrib-aspects-unidigital\nVersion: 0.5.0\n"
        )
        environment = python_path(info.parent)
        saved.run("config", "printvalue", "LMS_HOST", environment=environment)


class TestPlan:
    def test_table_names_each_number_and_its_setting(self, saved: TutorProject) -> None:
        shown = saved.run("aspects", "plan", "--events-per-day", "3000000").stdout
        assert "3,000,000 events a day, 365 days kept" in shown
        rows = {line.split("  ")[0]: line for line in shown.splitlines() if "ASPECTS_" in line}
        assert "ASPECTS_CLICKHOUSE_SHARDS" in rows["ClickHouse shards"]
        assert "formula" in rows["ClickHouse shards"]
        assert " 3 " in rows["Keepers"]
        assert saved.config["PLUGINS"] == ["aspects"]
        assert "ASPECTS_EVENTS_PER_DAY" not in saved.config

    def test_json(self, saved: TutorProject) -> None:
        small = self._json(saved)
        assert small["events_per_day"] == 10_000
        assert small["clickhouse"]["nodes"] == ["clickhouse-01-1"]
        assert small["keeper"]["replicas"] == 0
        large = self._json(saved, "--events-per-day", "3000000", "--retention-days", "730")
        assert large["retention_days"] == 730
        assert large["clickhouse"]["shards"] >= 2
        assert large["keeper"]["replicas"] == 3
        nodes = len(large["clickhouse"]["nodes"])
        assert nodes == large["clickhouse"]["shards"] * large["clickhouse"]["replicas"]
        assert large["total"]["volume_gib"] > nodes * large["clickhouse"]["volume_gib"]

    def test_numbers_set_by_hand_are_marked(self, tmp_path: Path, saved: TutorProject) -> None:
        made = TutorProject(tmp_path)
        made.write({**saved.config, "ASPECTS_CLICKHOUSE_SHARDS": 3})
        lines = made.run("aspects", "plan").stdout.splitlines()
        (shards,) = (line for line in lines if line.startswith("ClickHouse shards"))
        assert shards.split() == ["ClickHouse", "shards", "3", "set", "ASPECTS_CLICKHOUSE_SHARDS"]

    def test_an_external_clickhouse_is_named(self, tmp_path: Path, saved: TutorProject) -> None:
        made = TutorProject(tmp_path)
        external = {"RUN_CLICKHOUSE": False, "CLICKHOUSE_HOST": "ch.example.org"}
        made.write({**saved.config, **external})
        assert "not deployed here, runs on ch.example.org" in made.run("aspects", "plan").stdout

    @pytest.mark.parametrize("wrong", [["--events-per-day", "0"], ["--events-per-day", "many"]])
    def test_a_wrong_number_is_refused(self, saved: TutorProject, wrong: list[str]) -> None:
        refused = saved.run("aspects", "plan", *wrong, check=False)
        assert refused.returncode == 2
        assert "Traceback" not in refused.stderr

    @staticmethod
    def _json(saved: TutorProject, *arguments: str) -> dict[str, Any]:
        loaded = json.loads(saved.run("aspects", "plan", "--json", *arguments).stdout)
        assert isinstance(loaded, dict)
        return loaded


class TestJobs:
    def test_are_jobs_of_tutor(self, saved: TutorProject) -> None:
        for platform in ("local", "k8s"):
            listed = saved.run(platform, "do", "--help").stdout
            assert {"load-events", "aspects-schema", "aspects-dbt"} <= set(listed.split())

    def test_pass_their_arguments_on_quoted(self) -> None:
        words = ["upgrade", "--sql", "a b", "{{ X }}"]
        ((service, script),) = do.aspects_schema.main(words, standalone_mode=False)
        assert service == "aspects"
        rendered = tutor_env.render_str({}, script)
        assert shlex.split(rendered) == ["aspects", "schema", *words]

    def test_need_a_command(self, saved: TutorProject) -> None:
        refused = saved.run("local", "do", "aspects-schema", check=False)
        assert refused.returncode == 2
        assert "ARGUMENTS" in refused.stderr


def test_the_plugin_needs_nothing_but_its_requirements() -> None:
    """What only the job image has must not be imported beside Tutor."""
    extra = ("alembic", "clickhouse_driver", "httpx", "orjson", "sqlalchemy")
    blocked = "; ".join(f"sys.modules[{name!r}] = None" for name in extra)
    code = f"import sys; {blocked}; import tutoraspects.entrypoint, tutoraspects.plugin"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["tutoraspects.cli.job", "tutoraspects.schema"])
def test_what_runs_in_the_job_image_needs_no_tutor(module: str) -> None:
    code = f"import sys; sys.modules['tutor'] = None; import {module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
