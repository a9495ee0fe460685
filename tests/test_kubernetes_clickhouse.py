"""ClickHouse and Keeper on Kubernetes: valid, hardened, and the same configuration as elsewhere."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.helpers import TutorProject, configuration, dummy_secrets, project
from tests.validation import load_files, problems
from tests.validation.pods import pods_of
from tests.validation.security import careless, unrestricted
from tutoraspects.access import Names, declare, to_operator

VERSIONS = ("1.30", "1.31", "1.32", "1.33")
Document = dict[str, Any]


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TutorProject]:
    made = {}
    for name in ("minimal", "production", "external-clickhouse"):
        made[name] = project(tmp_path_factory.mktemp("project"), **configuration(name))
        made[name].save()
    return made


def documents(case: TutorProject) -> list[Document]:
    """What reaches the cluster of ours: the files that the kustomization lists."""
    listed = (case.env / "kustomization.yml").read_text(encoding="utf8")
    folder = case.env / "plugins/aspects/k8s"
    files = [
        path
        for path in (folder / "clickhouse.yml", folder / "clickhouse-keeper.yml")
        if f"- plugins/aspects/k8s/{path.name}\n" in listed
    ]
    return load_files(files) if files else []


def one(case: TutorProject, kind: str) -> Document:
    (found,) = [document for document in documents(case) if document["kind"] == kind]
    return found


def names(case: TutorProject) -> set[tuple[str, str]]:
    return {(d["kind"], d["metadata"]["name"]) for d in documents(case)}


def test_which_objects_there_are(projects: dict[str, TutorProject]) -> None:
    assert names(projects["external-clickhouse"]) == set()
    assert {("StatefulSet", "clickhouse"), ("PersistentVolumeClaim", "clickhouse")} <= names(
        projects["minimal"]
    )
    assert {
        ("ClickHouseInstallation", "aspects"),
        ("ClickHouseKeeperInstallation", "aspects"),
    } <= names(projects["production"])
    assert "StatefulSet" not in {kind for kind, _ in names(projects["production"])}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["minimal", "production"])
def test_documents_are_valid(projects: dict[str, TutorProject], name: str, version: str) -> None:
    # Secrets and what clients need are other files' business.
    rest = load_files([projects[name].env / "plugins/aspects/k8s/secrets.yml"])
    assert problems([*documents(projects[name]), *rest], version) == []


@pytest.mark.parametrize("name", ["minimal", "production"])
def test_pods_are_restricted(projects: dict[str, TutorProject], name: str) -> None:
    found = list(pods_of(documents(projects[name])))
    assert len(found) == (1 if name == "minimal" else 2)
    for pods in found:
        assert unrestricted(pods) == [] and careless(pods) == []
        for container in pods.containers:
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                assert probe in container, f"{pods.owner}: {probe}"


@pytest.mark.parametrize("name", ["minimal", "production"])
def test_no_secret_is_in_a_manifest(projects: dict[str, TutorProject], name: str) -> None:
    text = str(documents(projects[name]))
    for setting, secret in dummy_secrets().items():
        assert secret not in text, setting


def test_one_node_runs_the_files_of_compose(projects: dict[str, TutorProject]) -> None:
    case = projects["minimal"]
    data = one(case, "ConfigMap")["data"]
    for name, text in data.items():
        file = case.env / "plugins/aspects/apps/clickhouse" / name
        assert text.strip() == file.read_text(encoding="utf8").strip(), name
    (container,) = one(case, "StatefulSet")["spec"]["template"]["spec"]["containers"]
    given = {variable["name"] for variable in container["env"]}
    taken = {
        variable
        for name in data
        for element in ET.fromstring(data[name]).iter()
        if (variable := element.get("from_env"))
    }
    assert len(taken) == 8 and taken <= given


def test_one_node_restarts_when_its_configuration_or_a_password_changes(
    projects: dict[str, TutorProject], tmp_path: Any
) -> None:
    def annotations(case: TutorProject) -> Document:
        found = one(case, "StatefulSet")["spec"]["template"]["metadata"]["annotations"]
        assert isinstance(found, dict)
        return found

    before = annotations(projects["minimal"])
    settings = {**configuration("minimal"), "CLICKHOUSE_ADMIN_PASSWORD": "another"}
    changed = project(tmp_path / "password", **settings)
    changed.save()
    assert annotations(changed)["checksum/secrets"] != before["checksum/secrets"]
    assert annotations(changed)["checksum/config"] == before["checksum/config"]


def test_the_volume_can_grow(projects: dict[str, TutorProject]) -> None:
    stateful = one(projects["minimal"], "StatefulSet")
    assert "volumeClaimTemplates" not in stateful["spec"]
    claim = one(projects["minimal"], "PersistentVolumeClaim")
    assert claim["spec"]["resources"]["requests"]["storage"].endswith("Gi")
    production = one(projects["production"], "ClickHouseInstallation")["spec"]
    (data,) = production["templates"]["volumeClaimTemplates"]
    assert data["spec"]["storageClassName"] == "gp3"
    assert production["defaults"]["storageManagement"] == {
        "provisioner": "Operator",
        "reclaimPolicy": "Retain",
    }


def test_the_cluster_has_the_shape_of_the_plan(projects: dict[str, TutorProject]) -> None:
    case = projects["production"]
    spec = one(case, "ClickHouseInstallation")["spec"]
    (cluster,) = spec["configuration"]["clusters"]
    assert cluster["name"] == "aspects"
    assert cluster["layout"] == {"shardsCount": 2, "replicasCount": 2}
    keeper = one(case, "ClickHouseKeeperInstallation")
    assert spec["configuration"]["zookeeper"]["keeper"]["name"] == keeper["metadata"]["name"]
    (ensemble,) = keeper["spec"]["configuration"]["clusters"]
    assert ensemble["layout"]["replicasCount"] == 3
    (service,) = spec["templates"]["serviceTemplates"]
    assert service["generateName"] == "clickhouse"


def test_users_of_the_cluster_are_the_declared_ones(projects: dict[str, TutorProject]) -> None:
    case = projects["production"]
    found = one(case, "ClickHouseInstallation")["spec"]["configuration"]
    plan = case.run("aspects", "plan", "--json").stdout
    memory = int(plan.partition('"memory_mib": ')[2].partition(",")[0])
    access = declare(Names(), memory_mib=memory, quorum=0, pii=True)
    for section, expected in to_operator(access, "aspects-secrets").items():
        assert found[section] == expected


def test_the_clusters_server_settings_are_those_of_compose(
    projects: dict[str, TutorProject],
) -> None:
    case = projects["production"]
    files = one(case, "ClickHouseInstallation")["spec"]["configuration"]["files"]
    cluster = {e.tag: ET.tostring(e) for e in ET.fromstring(files["config.d/aspects.xml"])}
    compose = ET.parse(case.env / "plugins/aspects/apps/clickhouse/server.xml").getroot()
    same = {element.tag: ET.tostring(element) for element in compose}
    # What the operator writes itself, from the installation.
    for name in (
        "listen_host",
        "listen_try",
        "http_port",
        "tcp_port",
        "users_config",
        "default_profile",
        "default_database",
        "interserver_http_port",
        "interserver_http_credentials",
        "macros",
        "remote_servers",
        "zookeeper",
        "distributed_ddl",
    ):
        assert same.pop(name, None) is not None, name
    normal = {tag: b" ".join(text.split()) for tag, text in same.items()}
    assert {tag: b" ".join(text.split()) for tag, text in cluster.items()} == normal


def test_replicas_of_a_shard_are_kept_apart(projects: dict[str, TutorProject]) -> None:
    for pods in pods_of(documents(projects["production"])):
        spread = {c["topologyKey"]: c for c in pods.spec["topologySpreadConstraints"]}
        assert spread["kubernetes.io/hostname"]["whenUnsatisfiable"] == "DoNotSchedule"
        assert "topology.kubernetes.io/zone" in spread
        if "Keeper" not in pods.owner:
            for constraint in spread.values():
                assert constraint["matchLabelKeys"] == ["clickhouse.altinity.com/shard"]
