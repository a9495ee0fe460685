"""The charts as Helm, Kubernetes and people expect charts to be."""

from __future__ import annotations

import copy
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gitops import helm
from tests.gitops.conftest import Exported
from tests.gitops.test_values import leaves
from tests.validation import load_all, problems
from tests.validation.pods import pods_of
from tests.validation.security import unrestricted
from tutoraspects import __version__
from tutoraspects.settings import CATALOGUE

VERSIONS = ("1.30", "1.31", "1.32", "1.33")
LABELS = {
    "app.kubernetes.io/name": None,
    "app.kubernetes.io/instance": "aspects",
    "app.kubernetes.io/version": __version__,
    "app.kubernetes.io/component": None,
    "app.kubernetes.io/part-of": "aspects",
    "app.kubernetes.io/managed-by": "Helm",
    "helm.sh/chart": None,
}


def test_helm_lints_them_strictly(export_of: Exported) -> None:
    for path in export_of.charts.values():
        done = helm.run("lint", "--strict", path)
        assert "[WARNING]" not in done.stdout and "[ERROR]" not in done.stdout


def test_helm_packages_them(export_of: Exported, tmp_path: Path) -> None:
    for name, path in export_of.charts.items():
        helm.run("package", path, "--destination", tmp_path)
        with tarfile.open(tmp_path / f"{name}-{__version__}.tgz") as archive:
            packed = {Path(member).relative_to(name).as_posix() for member in archive.getnames()}
        assert packed == {
            file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()
        }


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_and_its_operators_accept_them(export_of: Exported, version: str) -> None:
    documents = export_of.documents
    faults = problems(documents, version)
    # The Secret is made by the External Secrets operator, the platform's stores by Tutor.
    elsewhere = ("Secret/aspects-secrets", "'values': ['mysql']", "'values': ['redis']")
    assert [fault for fault in faults if not any(name in fault for name in elsewhere)] == []


def test_an_older_kubernetes_is_refused(production: Exported) -> None:
    for path in production.charts.values():
        with pytest.raises(helm.Refused, match="kubeVersion"):
            helm.template(path, version="1.29.9")


def test_pods_are_restricted(export_of: Exported) -> None:
    pods = list(pods_of(export_of.documents))
    assert pods and [fault for pod in pods for fault in unrestricted(pod)] == []


def test_objects_carry_the_standard_labels(export_of: Exported) -> None:
    for name, documents in export_of.rendered.items():
        for document in documents:
            labels = document["metadata"]["labels"]
            for label, value in LABELS.items():
                assert labels.get(label) == (value or labels[label]), (document["kind"], label)
            assert labels["helm.sh/chart"] == f"{name}-{__version__}"


def selectors(value: Any, key: str = "") -> Iterator[dict[str, Any]]:
    """Every map of labels that chooses pods."""
    if isinstance(value, dict):
        for inner_key, inner in value.items():
            if inner_key == "matchLabels" or (
                inner_key == "selector" and "matchLabels" not in inner
            ):
                yield inner
            yield from selectors(inner, inner_key)
    elif isinstance(value, list):
        for inner in value:
            yield from selectors(inner, key)


def test_no_selector_depends_on_version_or_release(export_of: Exported) -> None:
    """Selectors cannot be changed later, and Tutor's pods know nothing of a release."""
    for document in export_of.documents:
        for selector in selectors(document.get("spec") or {}):
            changing = {"app.kubernetes.io/version", "app.kubernetes.io/instance", "helm.sh/chart"}
            assert not changing & set(selector), document["kind"]


def test_every_value_has_its_comment(export_of: Exported) -> None:
    for path in export_of.charts.values():
        lines = (path / "values.yaml").read_text(encoding="utf8").splitlines()
        readme = (path / "README.md").read_text(encoding="utf8")
        found = list(leaves(path))
        assert found
        for leaf in found:
            assert len(leaf.schema["description"]) > 10, leaf.path
            assert f"| `{'.'.join(leaf.path)}` |" in readme
        keys = [n for n, line in enumerate(lines) if re.match(r"^\s*[A-Za-z]+:", line)]
        depth = 0
        for number in keys:
            indent = len(lines[number]) - len(lines[number].lstrip())
            if lines[number - 1].strip().startswith("#"):
                depth = indent
            else:  # inside of a value: deeper than the last comment
                assert indent > depth, lines[number]


def test_comments_name_the_setting_behind_a_value(production: Exported) -> None:
    described = {
        ".".join(leaf.path): leaf.schema["description"]
        for path in production.charts.values()
        for leaf in leaves(path)
    }
    for path, name in {
        "clickhouse.shards": "ASPECTS_CLICKHOUSE_SHARDS",
        "ralph.autoscaling.maxReplicas": "ASPECTS_RALPH_MAX_REPLICAS",
        "keeper.storage.storageClassName": "ASPECTS_STORAGE_CLASS",
        "secrets.region": "ASPECTS_SECRETS_REGION",
    }.items():
        assert f"{name}: {CATALOGUE[name].meaning}" in described[path]


def test_settings_of_components_exist() -> None:
    from tutoraspects.gitops.components import COMPONENTS
    from tutoraspects.gitops.fields import COMMENTS

    for component in COMPONENTS:
        assert set(component.settings) <= set(COMMENTS)
        assert set(component.settings.values()) <= set(CATALOGUE)


def test_the_files_are_sound(export_of: Exported) -> None:
    for path in export_of.charts.values():
        chart = yaml.safe_load((path / "Chart.yaml").read_text())
        assert (chart["apiVersion"], chart["version"]) == ("v2", __version__)
        json.loads((path / "values.schema.json").read_text())
        load_all((path / "values.yaml").read_text())
        for file in path.rglob("*"):
            if file.is_file():
                text = file.read_text(encoding="utf8")
                assert text.endswith("\n") and not text.endswith("\n\n"), file
                assert "\t" not in text, file


def test_notes_are_rendered(export_of: Exported) -> None:
    for name, path in export_of.charts.items():
        done = helm.run("install", name, path, "--namespace", "openedx", "--dry-run=client")
        notes = done.stdout.partition("NOTES:")[2]
        assert f"{name} {__version__} is installed in the namespace openedx as {name}." in notes
        assert "{{" not in notes and ": on" in notes


def test_rules_of_custom_resources_are_run(production: Exported) -> None:
    """The store's CRD has rules in CEL: one of them, broken."""
    (store,) = (d for d in production.documents if d["kind"] == "ClusterSecretStore")
    assert problems([store], VERSIONS[-1]) == []
    broken = copy.deepcopy(store)
    broken["spec"]["provider"]["aws"]["customSessionTags"] = {"esoStoreName": "x"}
    (fault,) = problems([broken], VERSIONS[-1])
    assert "spec.provider.aws.customSessionTags" in fault
