"""`tutor aspects preflight`: every need is asked for, every gap named with its command.

kubectl is a test double (fake_kubectl.py) that answers in kubectl's JSON.
"""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gitops.conftest import Exported, exported
from tutoraspects.cli.preflight import size_of
from tutoraspects.gitops import installs, operators, preflight, quantities, secret_needs
from tutoraspects.gitops.preflight import is_custom
from tutoraspects.topology import plan

FAKE = Path(__file__).with_name("fake_kubectl.py")
GROWS = {"allowVolumeExpansion": True}
ARGOCD = {
    "ASPECTS_K8S_MANAGED_BY": "argocd",
    "ASPECTS_GITOPS_REPOSITORY_URL": "https://git.example.org/team/platform.git",
}

READY_SETTINGS = {"ASPECTS_ARGOCD_NAMESPACE": "argocd"}

Run = Callable[..., subprocess.CompletedProcess[str]]


def crd(group: str, kind: str, version: str, *fields: str) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    node = schema
    for step in fields:
        node = node.setdefault("properties", {}).setdefault(step, {})
    return {
        "metadata": {"name": f"{kind.lower()}s.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind},
            "versions": [
                {"name": version, "served": True, "schema": {"openAPIV3Schema": schema}},
            ],
        },
    }


def node(zone: str, cpu: str = "15890m", memory: str = "64000000Ki", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": zone, "labels": {"topology.kubernetes.io/zone": zone}},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": cpu, "memory": memory},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


CRDS = "get customresourcedefinitions"
CHI_KIND = "ClickHouseInstallation"
CHI = crd(
    "clickhouse.altinity.com",
    CHI_KIND,
    "v1",
    *("spec", "configuration", "zookeeper", "keeper"),
)
CHK = crd("clickhouse-keeper.altinity.com", "ClickHouseKeeperInstallation", "v1")
# A cluster that has everything the production configuration needs.
READY: dict[str, Any] = {
    "version": {"serverVersion": {"major": "1", "minor": "33+"}},
    CRDS: {"items": [CHI, CHK]},
    "get storageclasses": {"items": [{"metadata": {"name": "gp3"}, **GROWS}]},
    "get apiservice v1beta1.metrics.k8s.io": {
        "status": {"conditions": [{"type": "Available", "status": "True"}]}
    },
    "get nodes": {"items": [node(zone) for zone in "abcdef"]},
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "kubectl").symlink_to(FAKE)

    def call(
        made: Exported, cluster: Mapping[str, Any], *options: str
    ) -> subprocess.CompletedProcess[str]:
        (tmp_path / "cluster.json").write_text(json.dumps(cluster), "utf8")
        return made.project.run(
            "aspects",
            "preflight",
            *options,
            check=False,
            environment={
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
                "FAKE_CLUSTER": str(tmp_path / "cluster.json"),
            },
        )

    return call


def without(path: str, *steps: Any, value: Any = None) -> dict[str, Any]:
    """READY with one thing gone, or with another value in its place."""
    cluster = copy.deepcopy(READY)
    if not steps:
        if value is None:
            del cluster[path]
        else:
            cluster[path] = value
        return cluster
    inner = cluster[path]
    for step in steps[:-1]:
        inner = inner[step]
    inner[steps[-1]] = value
    return cluster


def test_a_ready_cluster_passes(run: Run, production: Exported) -> None:
    done = run(production, READY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MISSING" not in done.stdout and "needs are met." in done.stdout


MISSING: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "old Kubernetes",
        without("version", "serverVersion", "minor", value="29"),
        "Kubernetes 1.30 or later (found: 1.29)",
        "aws eks update-cluster-version",
    ),
    (
        "no Keeper kind",
        without(CRDS, value={"items": [CHI]}),
        "kind ClickHouseKeeperInstallation of clickhouse-keeper.altinity.com/v1",
        "--repo https://helm.altinity.com --version 0.27.2",
    ),
    (
        "another version of the kind",
        without(CRDS, "items", 0, "spec", "versions", 0, "name", value="v2"),
        "kind ClickHouseInstallation of clickhouse.altinity.com/v1 (found: v2)",
        "helm upgrade --install altinity-clickhouse-operator",
    ),
    (
        "an operator before 0.27",
        without(
            CRDS,
            value={"items": [crd("clickhouse.altinity.com", CHI_KIND, "v1"), CHK]},
        ),
        "ClickHouseInstallation with spec.configuration.zookeeper.keeper (operator 0.27 or later)",
        "--version 0.27.2",
    ),
    (
        "no storage class of that name",
        without("get storageclasses", "items", 0, "metadata", value={"name": "gp2"}),
        "storage class gp3 (found: gp2)",
        "kind: StorageClass",
    ),
    (
        "volumes that cannot grow",
        without("get storageclasses", "items", 0, "allowVolumeExpansion", value=False),
        "volumes of class gp3 that can grow",
        "kubectl patch storageclass gp3",
    ),
    (
        "no metrics server",
        without("get apiservice v1beta1.metrics.k8s.io"),
        "the metrics server, for the autoscaler",
        "--addon-name metrics-server",
    ),
    (
        "a metrics server that is down",
        without("get apiservice v1beta1.metrics.k8s.io", "status", "conditions", value=[]),
        "(found: installed and not available)",
        "--addon-name metrics-server",
    ),
    (
        "too few zones",
        without("get nodes", "items", value=[node("a") for _ in range(6)]),
        "3 zones (found: 1)",
        "eksctl scale nodegroup",
    ),
    (
        "too few machines and cores",
        without("get nodes", "items", value=[node(zone, "4", "16Gi") for zone in "ab"]),
        "allocatable CPU cores (found: 8)",
        "eksctl scale nodegroup",
    ),
    (
        "machines that take no pod",
        without(
            "get nodes",
            "items",
            value=[
                node("a", taints=[{"key": "x", "effect": "NoSchedule"}]),
                node("b", unschedulable=True),
            ],
        ),
        "machines (found: 0)",
        "eksctl scale nodegroup",
    ),
    (
        "only small machines",
        without("get nodes", "items", value=[node(zone, "1", "4Gi") for zone in "abc" * 40]),
        "a machine for the largest pod",
        "eksctl create nodegroup",
    ),
]


@pytest.mark.parametrize(
    ("cluster", "need", "command"), [m[1:] for m in MISSING], ids=[m[0] for m in MISSING]
)
def test_what_is_missing_is_named_with_its_command(
    production: Exported, cluster: dict[str, Any], need: str, command: str
) -> None:
    values = production.project.config
    settings = {
        "K8S_NAMESPACE": "openedx",
        "ASPECTS_CLICKHOUSE_OPERATOR_NAMESPACE": "clickhouse-operator",
        **values,
    }

    def ask(*arguments: str) -> Any:
        return cluster.get(" ".join(arguments))

    found = preflight.findings(production.manifests, settings, size_of(plan(values)), ask)
    missing = {f"{f.need} (found: {f.found})": f for f in found if not f.met}
    (told,) = (line for line in missing if need in line)
    assert command in missing[told].command


def test_gaps_are_printed_with_their_commands(run: Run, production: Exported) -> None:
    done = run(production, without("get apiservice v1beta1.metrics.k8s.io"))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    at = lines.index("MISSING  the metrics server, for the autoscaler")
    assert "--addon-name metrics-server" in lines[at + 1]
    assert "1 of " in done.stderr and "needs are not met" in done.stderr


def test_what_is_printed_can_be_pasted(run: Run, production: Exported, tmp_path: Path) -> None:
    """Documents on standard input end where the shell looks for their end, indented or not."""
    cluster = without(CRDS, value={"items": []}) | {"get storageclasses": {"items": []}}
    printed = run(production, cluster).stdout.splitlines()
    script = "\n".join(line for line in printed if not line.startswith(("ok ", "MISSING ")))
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    for name in ("kubectl", "helm"):
        (stubs / name).write_text(f"#!/bin/sh\ncat >{stubs}/{name}.yml\n", "utf8")
        (stubs / name).chmod(0o755)
    done = subprocess.run(
        ["sh", "-eu"],
        input=script,
        env={"PATH": f"{stubs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    given = {
        name: yaml.safe_load((stubs / f"{name}.yml").read_text()) for name in ("kubectl", "helm")
    }
    assert given["kubectl"]["kind"] == "StorageClass"
    assert re.fullmatch("[0-9a-f]{48}", given["helm"]["secret"]["password"])


def test_machines_read_json(run: Run, production: Exported) -> None:
    good = run(production, READY, "--json")
    assert good.returncode == 0 and all(f["met"] for f in json.loads(good.stdout))
    bad = run(production, without("get storageclasses"), "--json")
    assert bad.returncode == 1
    assert [f["need"] for f in json.loads(bad.stdout) if not f["met"]] == ["storage class gp3"]


def test_one_node_needs_no_operator(run: Run, all_exports: dict[str, Exported]) -> None:
    cluster = {key: value for key, value in READY.items() if key != CRDS}
    cluster["get storageclasses"] = {
        "items": [
            {
                "metadata": {
                    "name": "gp2",
                    "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
                },
                **GROWS,
            }
        ]
    }
    done = run(all_exports["minimal"], cluster)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "altinity" not in done.stdout
    done = run(all_exports["minimal"], cluster | {"get storageclasses": {"items": []}})
    assert "MISSING  a default storage class" in done.stdout
    assert "is-default-class=true" in done.stdout


@pytest.fixture(scope="module")
def with_argocd(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    extra = {"ASPECTS_PRIORITY_CLASS": "analytics", "RALPH_ENABLE_PUBLIC_URL": True}
    extra |= {"ASPECTS_INGRESS_CLASS": "alb", "ASPECTS_INGRESS_SUBNETS": ["10.0.0.0/20"]}
    return exported(tmp_path_factory.mktemp("argocd"), "production", **ARGOCD, **extra)


def test_argocd_brings_the_operators_and_needs_its_own_kinds(
    run: Run, with_argocd: Exported
) -> None:
    kinds = ("Application", "AppProject")
    cluster = READY | {
        CRDS: {"items": [crd("argoproj.io", kind, "v1alpha1") for kind in kinds]},
        "get ingressclass alb": {"kind": "IngressClass"},
        "get priorityclass analytics": {"kind": "PriorityClass"},
    }
    done = run(with_argocd, cluster)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "altinity" not in done.stdout
    done = run(with_argocd, READY)
    assert "MISSING  kind Application of argoproj.io/v1alpha1" in done.stdout
    assert "argo-cd/v3.5.1/manifests/install.yaml" in done.stdout
    assert "MISSING  ingress class alb" in done.stdout
    assert "helm upgrade --install aws-load-balancer-controller" in done.stdout
    assert "kubectl create priorityclass analytics" in done.stdout


def test_argocd_brings_neither_storage_classes_nor_the_store_of_a_cluster(
    run: Run, with_argocd: Exported, tmp_path_factory: pytest.TempPathFactory
) -> None:
    done = run(with_argocd, without("get storageclasses"))
    assert "MISSING  storage class gp3\n" in done.stdout
    assert "ClusterSecretStore" not in done.stdout, "the charts make it"
    own = {"ASPECTS_SECRET_STORE_CREATE": False}
    made = exported(tmp_path_factory.mktemp("own"), "minimal", **ARGOCD, **own)
    done = run(made, READY)
    assert "MISSING  ClusterSecretStore aspects\n" in done.stdout
    assert "external-secrets.io/v1" not in done.stdout


def test_a_store_of_the_cluster_must_be_there(
    run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = {"ASPECTS_GITOPS_OPERATORS": False, "ASPECTS_SECRET_STORE_CREATE": False}
    made = exported(tmp_path_factory.mktemp("store"), "minimal", **ARGOCD, **settings)
    store = "get clustersecretstore aspects"
    assert "MISSING  ClusterSecretStore aspects\n" in run(made, READY).stdout
    unready = READY | {store: {"status": {"conditions": []}}}
    told = run(made, unready).stdout
    assert "aspects (found: there and not ready)\n         kubectl describe cluster" in told
    # The kinds must be there too, when Argo CD does not bring them.
    assert "MISSING  kind ExternalSecret of external-secrets.io/v1" in run(made, READY).stdout


PASSWORD_KEY = "CLICKHOUSE_ADMIN_PASSWORD"


def _secret_findings(documents: list[Any], cluster: Mapping[str, Any]) -> list[Any]:
    def ask(*arguments: str) -> Any:
        return cluster.get(" ".join(arguments))

    return list(secret_needs.secrets(documents, {"K8S_NAMESPACE": "openedx"}, ask))


def test_secrets_that_are_rendered_are_not_asked_for(production: Exported) -> None:
    assert _secret_findings(production.manifests, {}) == []
    assert _secret_findings(production.documents, {}) == [], "the operator makes it"


def test_a_secret_that_nothing_makes_must_be_there(production: Exported) -> None:
    """Of whoever makes it by hand, as with the value secrets.enabled=false."""
    without_secret = [d for d in production.manifests if d["kind"] != "Secret"]
    (rendered,) = (d for d in production.manifests if d["kind"] == "Secret")
    place = "get secret aspects-secrets --namespace=openedx"
    (missing,) = _secret_findings(without_secret, {})
    assert not missing.met and missing.need.startswith("Secret aspects-secrets with ")
    assert PASSWORD_KEY in missing.need and "ralph-auth.json" in missing.need
    create = "kubectl --namespace openedx create secret generic aspects-secrets --from-literal="
    assert missing.command.startswith(create)
    (whole,) = _secret_findings(without_secret, {place: rendered})
    assert whole.met and not whole.command
    data = {key: "c2VjcmV0" for key in rendered["stringData"] if key != PASSWORD_KEY}
    (partial,) = _secret_findings(without_secret, {place: {"data": data}})
    assert (partial.met, partial.found) == (False, f"without {PASSWORD_KEY}")
    assert partial.command.endswith(f'{{"stringData": {{"{PASSWORD_KEY}": "VALUE"}}}}\'')
    assert "c2VjcmV0" not in str(partial)


def test_every_kind_of_reference_to_a_secret_is_seen() -> None:
    pod = {
        "imagePullSecrets": [{"name": "registry"}],
        "volumes": [
            {"name": "a", "secret": {"secretName": "files", "items": [{"key": "k", "path": "p"}]}},
            {"name": "b", "projected": {"sources": [{"secret": {"name": "projected"}}]}},
            {"name": "c", "secret": {"secretName": "absent", "optional": True}},
        ],
        "initContainers": [{"name": "i", "envFrom": [{"secretRef": {"name": "variables"}}]}],
        "containers": [
            {
                "name": "c",
                "env": [
                    {"name": "A", "valueFrom": {"secretKeyRef": {"name": "own", "key": "x"}}},
                    {
                        "name": "B",
                        "valueFrom": {"secretKeyRef": {"name": "o", "key": "x", "optional": True}},
                    },
                ],
            }
        ],
    }
    meta = {"name": "x"}
    documents = [
        {"kind": "Deployment", "metadata": meta, "spec": {"template": {"spec": pod}}},
        {"kind": "Ingress", "metadata": meta, "spec": {"tls": [{"secretName": "tls"}]}},
    ]
    needs = [finding.need for finding in _secret_findings(documents, {})]
    assert needs == [
        "Secret files with k",
        "Secret own with x",
        *("Secret projected", "Secret registry", "Secret tls", "Secret variables"),
    ]


def test_a_store_of_a_namespace_is_asked_for_there() -> None:
    reference = {"secretStoreRef": {"kind": "SecretStore", "name": "own"}}
    document = {"kind": "ExternalSecret", "metadata": {"name": "x"}, "spec": reference}
    asked: list[tuple[str, ...]] = []
    findings = secret_needs.stores(
        [document], {"K8S_NAMESPACE": "openedx"}, lambda *arguments: asked.append(arguments)
    )
    assert [finding.met for finding in findings] == [False]
    assert asked == [("get", "secretstore", "own", "--namespace=openedx")]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("error: You must be logged in to the server (Unauthorized)", "(Unauthorized)"),
        ("Unable to connect to the server: dial tcp: timeout", "kubectl config current-context"),
    ],
)
def test_a_cluster_that_refuses_is_one_sentence(
    run: Run, production: Exported, answer: str, expected: str
) -> None:
    done = run(production, {"version": {"error": answer}})
    assert done.returncode == 1
    assert expected in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "cores", "mib"), [("500m", 0.5, 0), ("16Gi", 0, 16384), ("64000000Ki", 0, 62500)]
)
def test_quantities(text: str, cores: float, mib: float) -> None:
    if cores:
        assert quantities.cores(text) == cores
    if mib:
        assert quantities.mebibytes(text) == mib
    with pytest.raises(ValueError, match="no Kubernetes quantity"):
        quantities.amount(f"{text}x")


def test_only_custom_groups_are_asked_for() -> None:
    custom = ["external-secrets.io/v1", "clickhouse.altinity.com/v1"]
    assert all(map(is_custom, custom))
    assert not any(map(is_custom, ["v1", "apps/v1", "networking.k8s.io/v1", "policy/v1"]))


def test_the_guide_installs_the_versions_that_are_pinned() -> None:
    docs = Path(__file__).parents[2] / "docs"
    guide = (docs / "how-to/preflight.md").read_text("utf8")
    for operator in operators.ALL:
        assert f"--repo {operator.repository} --version {operator.version} \\" in guide
    # One command everywhere: another name of the release would make a second operator.
    names = {
        "K8S_NAMESPACE": "openedx",
        "ASPECTS_CLICKHOUSE_OPERATOR_NAMESPACE": "clickhouse-operator",
    }
    command = installs.of_group("clickhouse.altinity.com", names)
    assert "$(openssl" not in command.partition("<<END")[0]
    for page in (guide, (docs / "how-to/install-kubernetes.md").read_text("utf8")):
        assert " ".join(command.split()) in " ".join(page.replace("\\\n", " ").split())
    argocd = re.search(r"argo-cd/(v[0-9.]+)/", installs.of_group("argoproj.io", READY_SETTINGS))
    assert argocd and argocd[0] in (docs / "how-to/eks-argocd.md").read_text("utf8")
    told = " ".join(guide.replace("\\\n", " ").split())
    for command in (installs.metrics_server(), installs.ingress_class()):
        assert command in told


def test_every_helm_command_names_a_version() -> None:
    docs = Path(__file__).parents[2] / "docs"
    pages = [page.read_text("utf8").replace("\\\n", " ") for page in docs.rglob("*.md")]
    foreign = [
        line
        for text in [*pages, installs.ingress_class()]
        for line in text.splitlines()
        if "helm upgrade --install" in line and "--repo " in line
    ]
    assert len(foreign) >= 4
    assert [line for line in foreign if not re.search(r"--version \d+\.\d+\.\d+ ", line)] == []
