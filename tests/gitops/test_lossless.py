"""The charts render what `tutor k8s start` applies, object by object and field by field."""

from __future__ import annotations

import copy

import pytest

from tests.gitops.comparison import comparable, differences, secret_keys
from tests.gitops.conftest import Exported


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
