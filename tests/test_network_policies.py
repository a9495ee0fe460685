"""The network policies, followed connection by connection between the pods that they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests import Rendered, render
from tests.validation import Document
from tests.validation.network import End, allows


@pytest.fixture(scope="module", params=["minimal", "production"])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    name = str(request.param)
    return render(tmp_path_factory.mktemp(name), name)


def policies_of(found: Rendered) -> list[Document]:
    return [document for document in found.documents if document["kind"] == "NetworkPolicy"]


def end(found: Rendered, name: str) -> End:
    """A pod by a short name, with the labels that it will truly carry."""
    elsewhere = {
        "operator": End({"app": "clickhouse-operator"}, namespace="kube-system"),
        "operator by chart": End(
            {"app.kubernetes.io/name": "altinity-clickhouse-operator"}, namespace="clickhouse"
        ),
        "prometheus": End({"app.kubernetes.io/name": "prometheus"}, namespace="monitoring"),
        "stranger": End({"app.kubernetes.io/name": "stranger"}),
        "stranger elsewhere": End({"app.kubernetes.io/name": "lms"}, namespace="other"),
        "internet": End(outside=True),
    }
    if name in elsewhere:
        return elsewhere[name]
    cluster = {
        "clickhouse": "ClickHouseInstallation/aspects",
        "keeper": "ClickHouseKeeperInstallation/aspects",
    }
    for pods in found.pods:
        labels = pods.labels
        if labels.get("app.kubernetes.io/name") == name or pods.owner == cluster.get(name):
            return End(labels)
    raise AssertionError(f"{found.name} has no pods {name}")


FLOWS = [
    ("ralph", "clickhouse", 8123, True),
    ("ralph", "clickhouse", 9000, False),
    ("lms", "clickhouse", 8123, True),
    ("lms-worker", "clickhouse", 8123, True),
    ("lms-job", "clickhouse", 8123, True),
    ("cms", "clickhouse", 8123, True),
    ("cms-worker", "clickhouse", 8123, True),
    ("cms-job", "clickhouse", 8123, True),
    ("aspects-job", "clickhouse", 8123, True),
    ("aspects-job", "clickhouse", 9000, True),
    ("prometheus", "clickhouse", 9363, True),
    ("prometheus", "clickhouse", 8123, False),
    ("stranger", "clickhouse", 8123, False),
    ("stranger", "clickhouse", 9363, False),
    ("stranger elsewhere", "clickhouse", 8123, False),
    ("mysql", "clickhouse", 9000, False),
    ("lms", "ralph", 8100, True),
    ("lms-worker", "ralph", 8100, True),
    ("lms-job", "ralph", 8100, True),
    ("cms-worker", "ralph", 8100, True),
    ("aspects-job", "ralph", 8100, True),
    ("caddy", "ralph", 8100, False),
    ("stranger", "ralph", 8100, False),
    ("clickhouse", "ralph", 8100, False),
    ("ralph", "internet", 443, False),
    ("ralph", "mysql", 3306, False),
    ("aspects-job", "mysql", 3306, False),
    ("clickhouse", "lms", 8000, False),
    ("stranger", "aspects-job", 8123, False),
    ("stranger", "lms", 8000, True),
]
CLUSTER_FLOWS = [
    ("clickhouse", "clickhouse", 9000, True),
    ("clickhouse", "clickhouse", 9009, True),
    ("clickhouse", "keeper", 2181, True),
    ("keeper", "keeper", 9444, True),
    ("keeper", "clickhouse", 9000, False),
    ("operator", "clickhouse", 8123, True),
    ("operator by chart", "clickhouse", 8123, True),
    ("operator", "keeper", 2181, True),
    ("ralph", "keeper", 2181, False),
    ("aspects-job", "keeper", 2181, False),
    ("stranger", "keeper", 2181, False),
    ("stranger", "clickhouse", 9009, False),
    ("aspects-job", "clickhouse", 9009, False),
    ("stranger elsewhere", "keeper", 9444, False),
]


def test_only_those_with_business_get_through(found: Rendered) -> None:
    flows = FLOWS + (CLUSTER_FLOWS if found.plan.is_cluster else [])
    wrong = [
        f"{source} -> {target}:{port} is {'refused' if wanted else 'let through'}"
        for source, target, port, wanted in flows
        if allows(policies_of(found), end(found, source), end(found, target), port) != wanted
    ]
    assert wrong == []


def test_metrics_may_be_closed(tmp_path: Path) -> None:
    found = render(tmp_path, "minimal", ASPECTS_MONITORING_NAMESPACE="")
    prometheus, clickhouse = end(found, "prometheus"), end(found, "clickhouse")
    assert not allows(policies_of(found), prometheus, clickhouse, 9363)


def test_what_runs_elsewhere_is_reached(tmp_path: Path) -> None:
    """An external ClickHouse has no labels; nor has what RALPH_EXTRA_SETTINGS may report to."""
    extra = {"RALPH_SENTRY_DSN": "https://key@sentry.example.org/1"}
    public = {"RALPH_ENABLE_PUBLIC_URL": True, "RALPH_HOST": "ralph.example.org"}
    found = render(tmp_path, "external-clickhouse", RALPH_EXTRA_SETTINGS=extra, **public)
    policies, outside = policies_of(found), end(found, "internet")
    ralph, job = end(found, "ralph"), end(found, "aspects-job")
    assert allows(policies, ralph, outside, 8443)
    assert allows(policies, ralph, outside, 443)
    assert allows(policies, job, outside, 8443)
    assert allows(policies, job, outside, 9440)
    assert not allows(policies, ralph, outside, 9440)
    assert not allows(policies, ralph, outside, 80)
    assert allows(policies, end(found, "caddy"), ralph, 8100)
