"""The job image, without a container engine: what Tutor would run, what the image would hold."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.helpers import configuration, project
from tutoraspects.resources import PACKAGE, resource_path

BUILD = Path(__file__).parent.parent / "templates/aspects/build/aspects"


def pins() -> dict[str, str]:
    """Canonical name -> version in the image's requirements."""
    found = {}
    for line in (BUILD / "requirements.txt").read_text(encoding="utf8").splitlines():
        if not line.startswith("#"):
            name, version = line.split("==")
            found[canonicalize_name(name)] = version
    return found


def tutor(root: Path, settings: dict[str, Any], *commands: str) -> list[list[str]]:
    """Run `tutor images …` with a `docker` that only writes down how it was called."""
    made = project(root / "project", **settings)
    made.save()
    calls = root / "calls"
    docker = root / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"print(json.dumps(sys.argv[1:]), file=open({str(calls)!r}, 'a'))\n"
    )
    docker.chmod(0o755)
    path = f"{docker.parent}:{os.environ['PATH']}"
    for command in commands:
        made.run("images", *command.split(), environment={"PATH": path})
    return [json.loads(line) for line in calls.read_text(encoding="utf8").splitlines()]


# -- what Tutor runs ---------------------------------------------------------------------------


def test_build_hands_the_package_to_docker(tmp_path: Path) -> None:
    [call] = tutor(tmp_path, configuration("production"), "build aspects")
    assert call[:2] == ["buildx", "build"]
    assert f"--build-context=tutoraspects={PACKAGE}" in call
    assert f"--build-context=dbt={resource_path('dbt')}" in call
    tag = next(argument for argument in call if argument.startswith("--tag="))
    assert re.fullmatch(r"--tag=registry\.example\.org/\S+:22\.\d+\.\d+", tag)
    context = Path(call[-1])
    assert {path.name for path in context.iterdir()} == {
        "Dockerfile",
        "aspects",
        "requirements.txt",
    }


def test_push_and_pull(tmp_path: Path) -> None:
    names = ("aspects", "clickhouse", "ralph")
    calls = tutor(tmp_path, {}, "push aspects", *(f"pull {name}" for name in names))
    assert [call[0] for call in calls] == ["push", "pull", "pull", "pull"]
    assert calls[0][1] == calls[1][1]


def test_only_images_of_what_runs_are_pulled(tmp_path: Path) -> None:
    def ours(root: Path, settings: dict[str, Any]) -> set[str]:
        calls = tutor(root, settings, "pull all")
        images = {call[1].rpartition(":")[0].rpartition("/")[2] for call in calls}
        return images & {"aspects-cluster", "clickhouse-server", "clickhouse-keeper", "ralph"}

    both = {"aspects-cluster", "ralph"}
    assert ours(tmp_path / "a", configuration("external-clickhouse")) == both
    assert ours(tmp_path / "b", {}) == both | {"clickhouse-server"}
    assert ours(tmp_path / "c", configuration("production")) == both | {
        "clickhouse-server",
        "clickhouse-keeper",
    }


# -- what the image holds ----------------------------------------------------------------------


def needs(name: str, extra: str = "") -> list[Requirement]:
    """What an installed distribution asks for on the image's platform."""
    platform = {"python_version": "3.12", "python_full_version": "3.12.0", "extra": extra}
    requirements = map(Requirement, importlib.metadata.requires(name) or [])
    return [r for r in requirements if r.marker is None or r.marker.evaluate(platform)]


def test_every_requirement_is_pinned_with_all_it_needs() -> None:
    """click, the extra `jobs`, and what they need in turn, as the installed metadata says."""
    pinned = pins()
    ours = "tutor-contrib-aspects-cluster"
    without = {requirement.name for requirement in needs(ours)} - {"click"}
    wanted = [r for r in needs(ours, extra="jobs") if r.name not in without]
    assert len(wanted) >= 4
    needed = set()
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"{name} is not in {BUILD / 'requirements.txt'}"
        assert requirement.specifier.contains(pinned[name]), f"{requirement} is not {pinned[name]}"
        for extra in {"", *requirement.extras}:
            if (name, extra) not in needed:
                needed.add((name, extra))
                wanted += needs(name, extra)
    assert {name for name, _ in needed} == set(pinned), "the file pins what nothing needs"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the Dockerfile would put together, and nothing else on Python's path.

    The pinned packages are copied from the environment of the tests, whatever versions it has.
    """
    root = tmp_path_factory.mktemp("image")
    ignored = shutil.ignore_patterns("__pycache__", "templates", "patches", "terraform")
    shutil.copytree(PACKAGE, root / "opt" / "tutoraspects", ignore=ignored)
    shutil.copytree(resource_path("dbt"), root / "opt" / "dbt")
    shutil.copy(BUILD / "aspects", root / "aspects")
    packages = root / "packages"
    packages.mkdir()
    for name in pins():
        for file in importlib.metadata.distribution(name).files or []:
            source = Path(str(file.locate()))
            if ".." not in file.parts and source.suffix != ".pyc" and source.exists():
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, packages / file)
    return root


def in_image(image: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # -S: without the site-packages of the tests. The script's own folder is replaced, too.
    return subprocess.run(
        [sys.executable, "-S", *command],
        env={"PYTHONPATH": f"{image / 'opt'}:{image / 'packages'}", **environment},
        cwd=image,
        capture_output=True,
        text=True,
        check=False,
    )


def test_command_starts_without_tutor(image: Path) -> None:
    assert in_image(image, "-c", "import tutor").returncode == 1
    done = in_image(image, "aspects", "--help")
    assert done.returncode == 0, done.stderr
    for name in ("schema", "load"):
        assert name in done.stdout
        done_with_help = in_image(image, "aspects", name, "--help")
        assert done_with_help.returncode == 0, done_with_help.stderr


def test_every_module_of_the_image_can_be_imported(image: Path) -> None:
    """Those below the folders that run in containers: none of them may need Tutor."""
    walk = (
        "import importlib, pkgutil\n"
        "for folder in ('access', 'dashboards', 'schema', 'events'):\n"
        "    package = importlib.import_module(f'tutoraspects.{folder}')\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if '.versions' not in module.name and not module.name.endswith('.env'):\n"
        "            importlib.import_module(module.name)\n"
        "from tutoraspects.resources import resource_path\n"
        "print(resource_path('dbt'))\n"
    )
    done = in_image(image, "-c", walk)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(image / "opt" / "dbt")


def test_errors_are_one_sentence_without_tutor(image: Path) -> None:
    # A port that is free for a moment, and where nothing listens.
    done = in_image(
        image,
        "aspects",
        "schema",
        "upgrade",
        ASPECTS_CLICKHOUSE_HOST="127.0.0.1",
        ASPECTS_CLICKHOUSE_NATIVE_PORT="1",
        ASPECTS_CLICKHOUSE_PASSWORD="x",
    )
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr.splitlines()[-1]


def test_dockerfile_copies_only_what_the_contexts_hold() -> None:
    text = (BUILD / "Dockerfile").read_text(encoding="utf8")
    contexts = {"tutoraspects": PACKAGE, "dbt": resource_path("dbt")}
    copied = re.findall(r"^COPY (?:--from=(\w+) )?(?:--chmod=\d+ )?(\S+) \S+$", text, re.MULTILINE)
    assert {context for context, _ in copied if context} == set(contexts)
    for context, source in copied:
        assert (contexts.get(context, BUILD) / source).exists()
    assert text.index("\nUSER 1000:1000\n") > text.index("\nCOPY ")
    assert "pip install --no-deps -r" in text
