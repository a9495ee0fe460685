"""What four named configurations render, against files that a reviewer can read.

`golden/<configuration>/aspects/` holds the files of env/plugins/aspects, and `platform.diff` what
the plugin changes in Tutor's own files: services, manifests, settings of LMS and CMS, images.
What a configuration renders just like `minimal` is not there a second time. Which files of charts
there are is in the list that the export keeps, `gitops/.aspects-gitops`.

`UPDATE_GOLDEN=1 pytest tests/test_golden.py` writes them anew: read the difference before you
commit it.
"""

from __future__ import annotations

import difflib
import os
import shutil
from pathlib import Path

import pytest
import yaml

from tests.helpers import CONFIGURATION_NAMES, configuration, project, without_key
from tutoraspects.gitops.export import LIST

GOLDEN = Path(__file__).parent / "golden"
OURS = "plugins/aspects/"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"


@pytest.fixture(scope="module", params=CONFIGURATION_NAMES)
def rendered(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, bytes]]:
    """The name of the configuration, and what is to be compared for it."""
    name = str(request.param)
    with_plugin = project(tmp_path_factory.mktemp(name), **configuration(name))
    with_plugin.save()
    # The same project without the plugin: the key pair that Tutor generated must be the same.
    settings = configuration(name)
    values = {**with_plugin.config, "PLUGINS": []}
    without_plugin = project(tmp_path_factory.mktemp(f"{name}-without"), plugin=False)
    without_plugin.write({key: values[key] for key in values if key not in settings} | settings)
    without_plugin.save()
    files = with_plugin.snapshot()
    compared = {
        f"aspects/{path[len(OURS) :]}": content
        for path, content in without_key(files).items()
        if path.startswith(OURS)
    }
    compared["platform.diff"] = _difference(without_plugin.snapshot(), files).encode()
    return name, compared


def _difference(before: dict[str, bytes], after: dict[str, bytes]) -> str:
    """What the plugin changes in Tutor's files, without line numbers, which are Tutor's affair."""
    lines: list[str] = []
    shown: dict[str, str] = {}
    for path in sorted(before.keys() | after.keys()):
        if path.startswith(OURS) or before.get(path) == after.get(path):
            continue
        old, new = (
            files.get(path, b"").decode("utf8", "replace").splitlines() for files in (before, after)
        )
        hunks = list(difflib.unified_diff(old, new, lineterm="", n=0))[2:]
        changes = "\n".join("@@" if line.startswith("@@") else line for line in hunks)
        first = shown.setdefault(changes, path)
        lines += [f"=== {path}", changes] if first == path else [f"=== {path}: as in {first}"]
    return "\n".join(lines) + "\n"


def _golden(name: str) -> dict[str, bytes]:
    """The golden files that a configuration has for itself."""
    folder = GOLDEN / name
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _inherited(minimal: dict[str, bytes], own: dict[str, bytes]) -> dict[str, bytes]:
    """The files of `minimal` that a configuration has, too: of the charts, those that it lists."""
    folder = "aspects/gitops/"
    text = own.get(f"{folder}{LIST}", minimal.get(f"{folder}{LIST}", b"")).decode()
    listed = {f"{folder}{name}" for name in [LIST, *text.splitlines()]}
    return {
        path: content
        for path, content in minimal.items()
        if not path.startswith(folder) or path in listed
    }


def test_rendered_files_are_the_golden_ones(rendered: tuple[str, dict[str, bytes]]) -> None:
    name, compared = rendered
    minimal = {} if name == "minimal" else _golden("minimal")
    if UPDATE:
        shutil.rmtree(GOLDEN / name, ignore_errors=True)
        for path, content in compared.items():
            if content != minimal.get(path):
                (GOLDEN / name / path).parent.mkdir(parents=True, exist_ok=True)
                (GOLDEN / name / path).write_bytes(content)
    own = _golden(name)
    golden = _inherited(minimal, own) | own
    hint = f"{name}: `UPDATE_GOLDEN=1 pytest tests/test_golden.py` if the change is meant"
    assert sorted(compared) == sorted(golden), hint
    for path in sorted(compared):
        assert compared[path].decode() == golden[path].decode(), f"{path} of {hint}"
    assert [path for path in own if own[path] == minimal.get(path)] == [], hint


def test_rendered_yaml_can_be_read(rendered: tuple[str, dict[str, bytes]]) -> None:
    _name, compared = rendered
    for path, content in compared.items():
        if path.endswith((".yml", ".yaml")) and not _is_helm(path):
            list(yaml.safe_load_all(content))


def _is_helm(path: str) -> bool:
    """Templates of charts are for Helm to read; tests/gitops has it do so."""
    return path.startswith("aspects/gitops/charts/") and "/templates/" in path


def test_golden_files_hold_no_template_leftovers(rendered: tuple[str, dict[str, bytes]]) -> None:
    _name, compared = rendered
    for path, content in compared.items():
        if _is_helm(path):
            continue
        for mark in (b"{{", b"{%", b"{#"):
            assert mark not in content, f"{path} still holds {mark.decode()}"
