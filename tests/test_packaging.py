"""What pip installs: everything that is needed to render, found from an sdist and from a wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpers import configuration, project, without_key

CHECKOUT = Path(__file__).resolve().parent.parent
SHIPPED = ("templates", "patches", "dbt", "terraform")
SOURCES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "tutoraspects", *SHIPPED)


def source_files() -> set[str]:
    """What a complete package holds, by its path below `tutoraspects/`."""
    package = {
        path.relative_to(CHECKOUT / "tutoraspects").as_posix()
        for path in (CHECKOUT / "tutoraspects").rglob("*")
    }
    data = {
        path.relative_to(CHECKOUT).as_posix()
        for folder in SHIPPED
        for path in (CHECKOUT / folder).rglob("*")
    }
    return {
        name
        for name, root in [(p, "tutoraspects") for p in package] + [(d, ".") for d in data]
        if (CHECKOUT / root / name).is_file() and "__pycache__" not in name
    }


@dataclass(frozen=True)
class Built:
    sdist: Path
    wheel: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """An sdist of a clean copy of the checkout, and the wheel that is made from the sdist."""
    copy = tmp_path_factory.mktemp("copy")
    for name in SOURCES:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    target = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", target, copy],
        check=True,
        capture_output=True,
        text=True,
    )
    (sdist,) = target.glob("*.tar.gz")
    (wheel,) = target.glob("*.whl")
    return Built(sdist, wheel)


@pytest.fixture(scope="module")
def python(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the wheel.

    Its dependencies, Tutor above all, come from the environment of the tests by a .pth file; the
    editable installation there is of no effect, because .pth files do not nest.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    interpreter = folder / "bin/python"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", interpreter),
            *("install", "--quiet", "--no-deps", "--no-index", built.wheel),
        ],
        check=True,
        capture_output=True,
    )
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return interpreter


def test_the_wheel_holds_every_file(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        names = {
            name.removeprefix("tutoraspects/")
            for name in archive.namelist()
            if name.startswith("tutoraspects/")
        }
    assert names == source_files()


def test_the_sdist_holds_every_file(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    data = {name for name in source_files() if name.split("/")[0] in SHIPPED}
    modules = {f"tutoraspects/{name}" for name in source_files() - data}
    assert sorted((data | modules | {"LICENSE", "README.md"}) - names) == []


def test_the_wheel_renders_what_the_checkout_renders(python: Path, tmp_path: Path) -> None:
    code = "import tutoraspects; print(tutoraspects.__file__)"
    where = subprocess.run(
        [python, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert Path(where.stdout.strip()).is_relative_to(python.parent.parent)

    from_wheel = project(tmp_path / "wheel", plugin=False, **configuration("production"))
    from_wheel.run("plugins", "enable", "aspects", python=python)
    from_wheel.save(python=python)
    from_checkout = project(tmp_path / "checkout", **configuration("production"))
    from_checkout.save()
    rendered = without_key(from_wheel.snapshot("env/plugins/aspects"))
    assert rendered == without_key(from_checkout.snapshot("env/plugins/aspects"))
    templates = CHECKOUT / "templates/aspects"
    expected = {
        path.relative_to(templates).as_posix()
        for folder in ("apps", "build", "jobs", "k8s")
        for path in (templates / folder).rglob("*")
        if path.is_file()
        and not any(part[0] == "." or part == "partials" for part in path.parts[-3:])
    }
    assert expected and expected <= set(rendered)


def test_the_command_of_the_jobs_is_installed(python: Path) -> None:
    done = subprocess.run(
        [python.parent / "aspects", "--help"], check=True, capture_output=True, text=True
    )
    assert "Usage: aspects" in done.stdout
