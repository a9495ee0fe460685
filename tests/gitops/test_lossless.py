"""The charts render what `tutor k8s start` applies, object by object and field by field."""

from __future__ import annotations

import copy
import re
import subprocess
from typing import Any

import pytest

from tests.gitops.comparison import comparable, differences, secret_keys
from tests.gitops.conftest import Exported
from tests.gitops.helm import HELM
from tests.validation import Document, load_all


def test_charts_equal_the_manifests(export_of: Exported) -> None:
    found = differences(comparable(export_of.manifests), comparable(export_of.documents))
    assert found == []


def test_there_is_a_chart_of_clickhouse_only_with_clickhouse(export_of: Exported) -> None:
    own = export_of.name != "external-clickhouse"
    assert list(export_of.charts) == ["aspects", "aspects-clickhouse"][: 2 if own else 1]


def test_the_charts_make_the_secrets_of_the_manifests(export_of: Exported) -> None:
    """Same name, same keys; the values come from elsewhere."""
    assert secret_keys(export_of.documents) == secret_keys(export_of.manifests)
    assert secret_keys(export_of.documents)
    assert not [document for document in export_of.documents if document["kind"] == "Secret"]


def test_the_manifests_are_what_kustomize_builds(export_of: Exported) -> None:
    """The export reads what `tutor k8s start` applies, and makes ConfigMaps as kustomize does."""
    done = subprocess.run(
        [HELM.with_name("kubectl"), "kustomize", export_of.project.env],
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = {(d["kind"], d["metadata"]["name"]) for d in export_of.manifests}
    built = [_without_tutor(document) for document in load_all(done.stdout)]
    ours = [d for d in built if (d["kind"], d["metadata"]["name"]) in wanted]
    assert differences(export_of.manifests, ours, jobs={}) == []
    names = {"aspects", "aspects-job", "clickhouse", "clickhouse-keeper", "ralph"}
    names |= {"superset", "superset-worker", "superset-worker-beat", "superset-job"}
    of_ours = [d for d in built if d["metadata"]["labels"].get("app.kubernetes.io/name") in names]
    assert len(of_ours) == len(export_of.manifests)


def _without_tutor(document: Document) -> Document:
    """Without the namespace, labels, annotation and hashes that kustomize adds to all objects."""
    tutors = {f"app.kubernetes.io/{name}" for name in ("instance", "part-of", "managed-by")}

    def clean(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            inner = {name: clean(one, name) for name, one in value.items() if name not in tutors}
            if key == "annotations":
                inner.pop("app.kubernetes.io/version", None)
            return {
                name: one
                for name, one in inner.items()
                if not (name in ("labels", "annotations", "matchLabels") and one == {})
            }
        if isinstance(value, list):
            return [clean(one, key) for one in value]
        if key == "name" and isinstance(value, str):
            return re.sub(
                r"^(aspects-job-env|ralph-env|ralph-logging|superset-config)-[a-z0-9]{10}$",
                r"\1",
                value,
            )
        return value

    cleaned = clean(document)
    cleaned["metadata"].pop("namespace", None)
    assert isinstance(cleaned, dict)
    return cleaned


@pytest.mark.parametrize("kind", ["Deployment", "ConfigMap", "ClickHouseInstallation"])
def test_the_comparison_can_fail(production: Exported, kind: str) -> None:
    """A field that is lost, added or changed, and an object that is lost, are all seen."""
    manifests = comparable(production.manifests)
    for change in ("lose", "add", "change", "drop"):
        broken = copy.deepcopy(comparable(production.documents))
        target = next(document for document in broken if document["kind"] == kind)
        body = target["data" if kind == "ConfigMap" else "spec"]
        key = next(iter(body))
        if change == "lose":
            del body[key]
        elif change == "add":
            body["surplus"] = "1"
        elif change == "change":
            body[key] = "something else"
        else:
            broken.remove(target)
        assert len(differences(manifests, broken)) == 1, change
